#ifndef PARVIS_TEXT_WORDS_H_
#define PARVIS_TEXT_WORDS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "parvis/text/tokenizer.h"

namespace parvis::text {

// Which tokens go on with the word of the one before, as transformers' token-classification
// pipeline sees it: marked ones in a WordPiece vocabulary ("##ing"), else those that no space
// stands before. `encoded` has offsets into `text`; one entry a token.
std::vector<bool> ContinuesWord(const Tokenizer& tokenizer, const Encoded& encoded,
                                std::string_view text);

// The number of the word that each token belongs to: the pieces into which the tokeniser splits a
// text before it looks for tokens. -1 for tokens that are no text.
std::vector<int64_t> WordsOf(const Tokenizer& tokenizer, const Encoded& encoded,
                             std::string_view text);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_WORDS_H_
