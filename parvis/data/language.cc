#include "parvis/data/language.h"

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

#include <algorithm>

namespace parvis::data {

Language IdentifyLanguage(std::string_view text) {
  // As much of a long text says as much as all of it.
  constexpr size_t kEnough = size_t{1} << 16;
  size_t size = std::min(text.size(), kEnough);
  while (size < text.size() && size > 0 &&
         (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
    --size;
  }
  const CLD2::CLDHints hints = {nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
  CLD2::Language languages[3];
  int percents[3], bytes = 0;
  double scores[3];
  bool reliable = false;
  CLD2::ExtDetectLanguageSummary(
      text.data(), static_cast<int>(size), /*is_plain_text=*/true, &hints,
      /*flags=*/0, languages, percents, scores, nullptr, &bytes, &reliable);
  Language result;
  if (languages[0] == CLD2::UNKNOWN_LANGUAGE) return result;
  result.code = CLD2::LanguageCode(languages[0]);
  result.share = percents[0] / 100.0;
  result.reliable = reliable;
  return result;
}

}  // namespace parvis::data
