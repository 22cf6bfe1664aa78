#ifndef PARVIS_TEXT_INFILL_MARKS_H_
#define PARVIS_TEXT_INFILL_MARKS_H_

#include <optional>
#include <vector>

#include "parvis/text/tokenizer.h"

namespace parvis::text {

// Tokens that ask a model for the middle of a text: prefix, beginning, suffix, end, middle; what
// follows is the middle ("PSM" in Bavarian et al. 2022).
struct InfillMarks {
  TokenId prefix, suffix, middle;
  // That end a middle beside the tokeniser's end tokens: of padding, of the next file, …
  std::vector<TokenId> ends;
};

// The ids that a file names for them, and for what ends a middle.
struct InfillIds {
  std::optional<TokenId> prefix, suffix, middle;
  std::optional<TokenId> padding, repository, separator;
};

// By `ids`, as far as they are tokens, else by the names that Qwen, CodeGemma, StarCoder,
// SantaCoder, DeepSeek and CodeLlama have for them, if those are tokens of their own and no pieces
// of words. None: the tokeniser does not have all three.
std::optional<InfillMarks> InfillMarksOf(const Tokenizer& tokenizer, const InfillIds& ids = {});

}  // namespace parvis::text

#endif  // PARVIS_TEXT_INFILL_MARKS_H_
