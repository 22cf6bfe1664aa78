#include "parvis/text/stream_decoder.h"

#include "parvis/text/utf8.h"

namespace parvis::text {

std::string StreamDecoder::Push(TokenId id) {
  if (tokenizer_.IsSpecial(id)) return {};
  if (at_start_) {
    held_ += tokenizer_.Decode({&id, 1});
    at_start_ = false;
  } else {
    held_ += tokenizer_.TokenBytes(id);
  }
  std::string out;
  size_t at = 0;
  while (at < held_.size()) {
    const Character c = ReadCharacter(held_, at);
    const auto first = static_cast<unsigned char>(held_[at]);
    if (!c.valid && at + c.size == held_.size() && first >= 0xC2 && first <= 0xF4) {
      break;  // the beginning of a character whose rest may come
    }
    if (c.valid) {
      out.append(held_, at, c.size);
    } else {
      AppendUtf8(0xFFFD, out);
    }
    at += c.size;
  }
  held_.erase(0, at);
  return out;
}

std::string StreamDecoder::Finish() {
  if (held_.empty()) return {};
  held_.clear();
  return "\xEF\xBF\xBD";
}

}  // namespace parvis::text
