#ifndef PARVIS_TEXT_WORDPIECE_H_
#define PARVIS_TEXT_WORDPIECE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/text/token_trie.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {

// WordPiece, as BERT uses it: words are what white space and punctuation leave, each punctuation
// mark is one, too; a word is cut from the left, each time by the longest token there is; a word
// that cannot be cut to the end, or is too long, is one unknown token. Schuster and Nakajima,
// "Japanese and Korean Voice Search", 2012; Devlin et al., "BERT", 2019.
class WordPiece : public Tokenizer {
 public:
  static Result<std::unique_ptr<Tokenizer>> Make(Vocabulary vocabulary, Normalizer normalizer);

  // Words are set apart by spaces, which the tokens do not hold; spaces before punctuation go if
  // the vocabulary says so. Text is not what it was.
  std::string Decode(std::span<const TokenId> ids, bool skip_special) const override;
  std::string TokenBytes(TokenId id) const override;

 private:
  WordPiece(Vocabulary vocabulary, Normalizer normalizer);
  void EncodeSection(const Section& section, Encoded& out) const override;
  void EncodeWord(const Section& section, size_t from, size_t to, Encoded& out) const;
  std::string TextOf(TokenId id, bool first) const;

  TokenTrie first_, rest_;  // tokens that begin a word; those that go on, without their prefix
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_WORDPIECE_H_
