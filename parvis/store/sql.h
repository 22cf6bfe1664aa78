#ifndef PARVIS_STORE_SQL_H_
#define PARVIS_STORE_SQL_H_

namespace parvis::store {

// A statement as it stands in the source. Only constants become one, so that no text from outside
// can: what a statement is about is bound to its parameters (`?1`, `?2` …).
class Sql {
 public:
  consteval Sql(const char* text) : text_(text) {}  // NOLINT(google-explicit-constructor)
  const char* text() const { return text_; }

 private:
  const char* text_;
};

}  // namespace parvis::store

#endif  // PARVIS_STORE_SQL_H_
