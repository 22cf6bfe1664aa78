#ifndef PARVIS_TEXT_UNIGRAM_H_
#define PARVIS_TEXT_UNIGRAM_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/text/best_path.h"
#include "parvis/text/token_trie.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {

// SentencePiece's Unigram, as T5 and mT5 use it: of all ways to cut a text into tokens the one with
// the greatest sum of scores. Kudo, "Subword Regularization", 2018.
//
// A run of characters that are no tokens becomes one unknown token, or with byte_fallback its
// bytes' tokens <0xXX>.
class Unigram : public Tokenizer {
 public:
  static Result<std::unique_ptr<Tokenizer>> Make(Vocabulary vocabulary, Normalizer normalizer);

  // Leaves out the spaces that the first token begins with, where a space was put before the text.
  std::string Decode(std::span<const TokenId> ids, bool skip_special) const override;
  std::string TokenBytes(TokenId id) const override;

 private:
  Unigram(Vocabulary vocabulary, Normalizer normalizer);
  void EncodeSection(const Section& section, Encoded& out) const override;
  // A part of a section with "▁" for spaces; ranges: of each of its bytes.
  struct Piece;
  void EncodeMetaspace(const Section& section, size_t from, size_t to, Encoded& out) const;
  void EncodePiece(const Piece& piece, Encoded& out) const;

  TokenTrie trie_;
  std::array<TokenId, 256> byte_ids_;  // -1: none
  bool has_bytes_ = false;
  double unknown_score_ = 0;
  bool native_ =
      false;  // as SentencePiece itself does: sums in single precision, each character's bytes
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_UNIGRAM_H_
