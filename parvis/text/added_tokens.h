#ifndef PARVIS_TEXT_ADDED_TOKENS_H_
#define PARVIS_TEXT_ADDED_TOKENS_H_

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "parvis/text/vocabulary.h"

namespace parvis::text {

// Finds added tokens in text as the reference does: from the left, of several the longest; first
// those that are not `normalized`, then, in the text between, the others.
class AddedTokens {
 public:
  // `tokens` must outlive this. With a normaliser, tokens that are `normalized` are looked for in
  // normalised text, in their own normalised form.
  explicit AddedTokens(const std::vector<AddedToken>& tokens,
                       const Normalizer* normalizer = nullptr);

  struct Match {
    size_t begin, end;        // of the text, with the white space that the token takes along
    const AddedToken* token;  // null: ordinary text
  };
  // The whole text as matches and the text between them. Unless `special`, special tokens are
  // ordinary text.
  std::vector<Match> SplitRaw(std::string_view text, bool special) const;
  std::vector<Match> SplitNormalized(std::string_view text, bool special) const;
  std::vector<Match> Split(std::string_view text, bool special) const;  // both, one after the other

 private:
  struct Set {
    std::unordered_map<std::string_view, const AddedToken*> by_content;
    std::array<std::vector<size_t>, 256> sizes;  // by first byte, longest first
    bool has_ordinary = false;                   // a token that is not special

    void Add(const AddedToken& token, std::string_view content);
    // The longest token at a place, and its size there; null: none.
    std::pair<const AddedToken*, size_t> LongestAt(std::string_view text, size_t at) const;
    // Appends the matches of text[begin, end).
    void Split(std::string_view text, size_t begin, size_t end, bool special,
               std::vector<Match>& matches) const;
  };
  std::deque<std::string> contents_;  // normalised
  Set raw_, normalized_;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_ADDED_TOKENS_H_
