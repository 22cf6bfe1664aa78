#ifndef PARVIS_TEXT_ADDED_TOKENS_H_
#define PARVIS_TEXT_ADDED_TOKENS_H_

#include <array>
#include <string_view>
#include <vector>

#include "parvis/text/tokenizer.h"

namespace parvis::text {

// Finds added tokens in text: from the left, the longest first.
class AddedTokens {
 public:
  explicit AddedTokens(const std::vector<AddedToken>& tokens);

  struct Match {
    size_t begin, end;        // of the text, with the white space that the token takes along
    const AddedToken* token;  // null: ordinary text
  };
  // The whole text as matches and the text between them. Special tokens only if `special`.
  std::vector<Match> Split(std::string_view text, bool special) const;

 private:
  const AddedToken* LongestAt(std::string_view text, size_t at, bool special) const;

  std::vector<AddedToken> tokens_;                        // longest first
  std::array<std::vector<uint32_t>, 256> by_first_byte_;  // indices into tokens_
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_ADDED_TOKENS_H_
