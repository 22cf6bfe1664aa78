// What BERT does to a text before it is split: white space becomes spaces, control characters go,
// Chinese characters stand alone, then accents and capitals go. Devlin, Chang, Lee and Toutanova,
// "BERT", 2019, and the tokeniser published with it.

#include <utf8proc.h>

#include "parvis/text/normalizer.h"
#include "parvis/text/unicode_forms.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

// The ranges of the published tokeniser; U+2B820 to U+2B91F are missing in the reference, too.
bool IsChinese(uint32_t code) {
  return (code >= 0x3400 && code <= 0x4DBF) || (code >= 0x4E00 && code <= 0x9FFF) ||
         (code >= 0xF900 && code <= 0xFAFF) || (code >= 0x20000 && code <= 0x2A6DF) ||
         (code >= 0x2A700 && code <= 0x2B81F) || (code >= 0x2B920 && code <= 0x2CEAF) ||
         (code >= 0x2F800 && code <= 0x2FA1F);
}

bool IsDropped(uint32_t code) {
  if (code == '\t' || code == '\n' || code == '\r') return false;
  if (code == 0 || code == 0xFFFD) return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
      return true;
    default:
      return false;
  }
}

bool IsAccent(uint32_t code) {
  return code >= 0x300 &&
         utf8proc_category(static_cast<utf8proc_int32_t>(code)) == UTF8PROC_CATEGORY_MN;
}

void SpaceChinese(AlignedText& text) {
  const std::string old = text.text;
  Rewriter rewriter(text);
  for (size_t at = 0; at < old.size();) {
    const Character c = ReadCharacter(old, at);
    at += c.size;
    if (IsChinese(c.code)) {
      rewriter.Put(' ', 0);
      rewriter.Put(c.code, 1);
      rewriter.Put(' ', 1);
    } else {
      rewriter.Put(c.code, 0);
    }
  }
  rewriter.Done();
}

}  // namespace

void NormalizeBert(const NormalizerStep& step, AlignedText& text) {
  const auto same = [](uint32_t code) { return code; };
  if (step.clean_text) {
    FilterCharacters(text, IsDropped, [](uint32_t code) -> uint32_t {
      return ClassOf(code) == CharacterClass::kSpace ? ' ' : code;
    });
  }
  if (step.chinese) SpaceChinese(text);
  if (step.strip_accents) {
    ToForm(UnicodeForm::kNfd, text);
    FilterCharacters(text, IsAccent, same);
  }
  if (step.lowercase) Lowercase(text);
}

}  // namespace parvis::text
