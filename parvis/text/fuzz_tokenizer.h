#ifndef PARVIS_TEXT_FUZZ_TOKENIZER_H_
#define PARVIS_TEXT_FUZZ_TOKENIZER_H_

// For fuzz targets: what must hold for any tokeniser that a reader accepted, and any text.

#include <string_view>

#include "parvis/core/check.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {

inline void CheckEncoding(const Tokenizer& tokenizer, std::string_view text) {
  for (const bool special : {false, true}) {
    const Encoded encoded = tokenizer.Encode(text, {.parse_special = special, .offsets = true});
    PARVIS_CHECK(encoded.ids.size() == encoded.offsets.size());
    for (size_t i = 0; i < encoded.ids.size(); ++i) {
      PARVIS_CHECK(encoded.ids[i] >= 0 && encoded.ids[i] < tokenizer.vocab_size());
      PARVIS_CHECK(encoded.offsets[i].first <= encoded.offsets[i].second);
      PARVIS_CHECK(encoded.offsets[i].second <= text.size());
    }
    PARVIS_CHECK(tokenizer.Encode(text, {.parse_special = special}).ids == encoded.ids);
    (void)tokenizer.Decode(encoded.ids);
  }
  const Encoded pair = tokenizer.EncodePair(text, text.substr(text.size() / 2));
  PARVIS_CHECK(pair.types.size() == pair.ids.size());
}

}  // namespace parvis::text

#endif  // PARVIS_TEXT_FUZZ_TOKENIZER_H_
