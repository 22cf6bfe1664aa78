#ifndef PARVIS_CORE_RESULT_H_
#define PARVIS_CORE_RESULT_H_

#include <optional>
#include <utility>

#include "parvis/core/check.h"
#include "parvis/core/status.h"

namespace parvis {

// A value, or the status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {  // NOLINT(google-explicit-constructor)
    PARVIS_CHECK(!status_.ok());
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  // REQUIRES: ok().
  T& value() & {
    PARVIS_CHECK(ok());
    return *value_;
  }
  const T& value() const& {
    PARVIS_CHECK(ok());
    return *value_;
  }
  T&& value() && {
    PARVIS_CHECK(ok());
    return std::move(*value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace parvis

#define PARVIS_CONCAT_INNER_(a, b) a##b
#define PARVIS_CONCAT_(a, b) PARVIS_CONCAT_INNER_(a, b)

// PARVIS_ASSIGN_OR_RETURN(auto file, MappedFile::Open(path));
// Declares or assigns the first argument, or leaves the calling function with the status.
#define PARVIS_ASSIGN_OR_RETURN(declaration, expression) \
  PARVIS_ASSIGN_OR_RETURN_(PARVIS_CONCAT_(parvis_result_, __LINE__), declaration, expression)
#define PARVIS_ASSIGN_OR_RETURN_(result, declaration, expression) \
  auto result = (expression);                                     \
  if (!result.ok()) return result.status();                       \
  declaration = std::move(result).value()

#endif  // PARVIS_CORE_RESULT_H_
