#include "parvis/text/aligned_text.h"

#include <utility>

#include "parvis/text/utf8.h"

namespace parvis::text {

AlignedText AlignedText::Of(std::string_view text, size_t origin, bool tracked) {
  AlignedText aligned;
  aligned.tracked = tracked;
  if (!tracked) {
    aligned.text = text;
    return aligned;
  }
  aligned.begin.reserve(text.size());
  aligned.end.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t size = ReadCharacter(text, at).size;
    aligned.Append(text.substr(at, size), static_cast<uint32_t>(origin + at),
                   static_cast<uint32_t>(origin + at + size));
    at += size;
  }
  return aligned;
}

void AlignedText::Append(std::string_view bytes, uint32_t from, uint32_t to) {
  text += bytes;
  if (!tracked) return;
  begin.resize(text.size(), from);
  end.resize(text.size(), to);
}

Rewriter::Rewriter(AlignedText& text) : old_(text) {
  out_.tracked = text.tracked;
  out_.text.reserve(text.text.size());
  if (text.tracked && !text.begin.empty()) origin_ = text.begin[0];
}

void Rewriter::Advance() {
  if (at_ < old_.text.size()) at_ += ReadCharacter(old_.text, at_).size;
}

void Rewriter::Put(uint32_t code, int64_t change) {
  char bytes[4];
  const std::string_view character(bytes, EncodeUtf8(code, bytes));
  if (!out_.tracked) {
    out_.text += character;
    return;
  }
  const size_t of = change > 0 ? at_ - 1 : at_;  // wraps at the very beginning
  if (of < old_.text.size()) {
    out_.Append(character, old_.begin[of], old_.end[of]);
  } else {
    out_.Append(character, origin_, origin_);
  }
  for (int64_t n = change; n <= 0; ++n) Advance();
}

void Rewriter::Skip() { Advance(); }

void Rewriter::Done() { old_ = std::move(out_); }

}  // namespace parvis::text
