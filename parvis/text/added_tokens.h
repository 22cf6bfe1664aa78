#ifndef PARVIS_TEXT_ADDED_TOKENS_H_
#define PARVIS_TEXT_ADDED_TOKENS_H_

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/text/token_trie.h"
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
  // Whether a token counts at text[begin, end); null: it does.
  using Allowed = std::function<bool(const AddedToken& token, size_t begin, size_t end)>;
  // The whole text as matches and the text between them. Unless `special`, special tokens are
  // ordinary text.
  std::vector<Match> SplitRaw(std::string_view text, bool special,
                              const Allowed& allowed = nullptr) const;
  std::vector<Match> SplitNormalized(std::string_view text, bool special,
                                     const Allowed& allowed = nullptr) const;
  std::vector<Match> Split(std::string_view text, bool special) const;  // both, one after the other

 private:
  struct Set {
    std::vector<const AddedToken*> tokens;  // those of the trie's ids
    TokenTrie trie;
    bool has_ordinary = false;  // a token that is not special

    explicit Set(const std::vector<std::pair<std::string_view, const AddedToken*>>& contents);
    // The longest token that a text begins with, and its size there; null: none.
    std::pair<const AddedToken*, size_t> LongestOf(std::string_view text) const;
    // Appends the matches of text[begin, end).
    void Split(std::string_view text, size_t begin, size_t end, bool special,
               const Allowed& allowed, std::vector<Match>& matches) const;
  };
  Set raw_, normalized_;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_ADDED_TOKENS_H_
