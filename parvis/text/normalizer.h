#ifndef PARVIS_TEXT_NORMALIZER_H_
#define PARVIS_TEXT_NORMALIZER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/text/aligned_text.h"
#include "parvis/text/charsmap.h"

namespace parvis::text {

// One thing that is done to a text before it is split. Names and effects are those of Hugging
// Face's `tokenizers`, but for the last.
struct NormalizerStep {
  enum class Kind : uint8_t {
    kNfc,
    kNfd,
    kNfkc,
    kNfkd,
    kLowercase,      // character by character, whatever stands around it
    kStripAccents,   // drops marks
    kBert,           // clean_text, chinese, strip_accents, lowercase, those that are set
    kStrip,          // white space at the left and at the right
    kReplace,        // every `from` by `to`
    kSquashSpaces,   // every run of two spaces or more by `to`
    kPrepend,        // `to` before a text that is not empty
    kPrecompiled,    // `charsmap`, by graphemes and characters
    kSentencePiece,  // what a SentencePiece model file says, "▁" for spaces included: `charsmap`
                     // (may be empty), then strip (no spaces at the ends or after spaces), prefix
  };
  Kind kind = Kind::kNfc;
  bool clean_text = false, chinese = false, strip_accents = false, lowercase = false;
  bool left = false, right = false;
  bool strip = false, prefix = false;
  std::string from, to;
  std::string charsmap;

  bool operator==(const NormalizerStep&) const = default;
};

// Steps made ready. Time is linear in the text. Safe to use from several threads.
class Normalizer {
 public:
  // Refuses what would let a text grow without bound: a replacement of more than 256 bytes, steps
  // that together make it 1,024 times as long.
  static Result<Normalizer> Make(const std::vector<NormalizerStep>& steps);

  bool empty() const { return steps_.empty(); }
  // REQUIRES: valid UTF-8.
  void Apply(AlignedText& text) const;
  std::string Apply(std::string_view text) const;

 private:
  struct Step {
    NormalizerStep what;  // without its charsmap's bytes
    std::optional<Charsmap> charsmap;
  };
  std::vector<Step> steps_;
};

// For the normaliser only, each in a file of its own.
void NormalizeBert(const NormalizerStep& step, AlignedText& text);
void NormalizePrecompiled(const Charsmap& charsmap, AlignedText& text);
// `charsmap` may be null.
void NormalizeSentencePiece(const NormalizerStep& step, const Charsmap* charsmap,
                            AlignedText& text);
void Lowercase(AlignedText& text);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_NORMALIZER_H_
