#ifndef PARVIS_CHAT_MARKED_TEXT_H_
#define PARVIS_CHAT_MARKED_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parvis::chat {

// Bytes [begin, end) of a text.
struct ByteRange {
  size_t begin = 0, end = 0;
  bool operator==(const ByteRange&) const = default;
};

// A UTF-8 text that knows which of its bytes came from the caller (messages, tools, documents)
// rather than from the template. Whatever a template does to a string keeps these ranges, so that
// a caller's words can never become a control token of the prompt (docs/design/chat-templates.md).
struct MarkedText {
  std::string bytes;
  std::vector<ByteRange> caller;  // sorted, apart from each other, none empty

  static MarkedText OfTemplate(std::string text) { return {std::move(text), {}}; }
  static MarkedText OfCaller(std::string text);
};

// Puts a text together from parts of others. Once it would be longer than `most` bytes it takes
// nothing more and says so.
class TextBuilder {
 public:
  explicit TextBuilder(size_t most) : most_(most) {}

  void Append(const MarkedText& text) { Append(text, 0, text.bytes.size()); }
  void Append(const MarkedText& text, size_t begin, size_t end);  // bytes [begin, end)
  void AppendTemplate(std::string_view bytes) { AppendBytes(bytes, /*caller=*/false); }
  void AppendBytes(std::string_view bytes, bool caller);

  size_t size() const { return text_.bytes.size(); }
  bool overflowed() const { return overflowed_; }
  MarkedText Take() { return std::move(text_); }

 private:
  bool Fits(size_t more);
  void Mark(size_t begin, size_t end);

  size_t most_;
  bool overflowed_ = false;
  MarkedText text_;
};

// Whether byte `at` of `text` came from the caller.
bool IsCallers(const MarkedText& text, size_t at);

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_MARKED_TEXT_H_
