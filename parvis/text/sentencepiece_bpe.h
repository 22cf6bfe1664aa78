#ifndef PARVIS_TEXT_SENTENCEPIECE_BPE_H_
#define PARVIS_TEXT_SENTENCEPIECE_BPE_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/text/merge_list.h"
#include "parvis/text/merge_table.h"
#include "parvis/text/token_table.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {

// SentencePiece's byte-pair encoding, as LLaMA 1 and 2 use it: spaces become "▁", neighbours merge
// into the token with the best score, and a character that is no token becomes its bytes' tokens
// <0xXX>. With a list of merges (tokenizer.json has one) neighbours merge in the list's order.
// Kudo and Richardson, "SentencePiece", 2018.
class SentencePieceBpe : public Tokenizer {
 public:
  static Result<std::unique_ptr<Tokenizer>> Make(Vocabulary vocabulary, Normalizer normalizer);

  // Leaves out the space that add_prefix_space put before the first word.
  std::string Decode(std::span<const TokenId> ids, bool skip_special) const override;
  std::string TokenBytes(TokenId id) const override;

 private:
  SentencePieceBpe(Vocabulary vocabulary, Normalizer normalizer);
  void RankScores();
  void EncodeSection(const Section& section, Encoded& out) const override;
  void MergePiece(std::string_view piece, std::vector<Symbol>& symbols) const;
  void Emit(std::string_view piece, const Symbol& symbol, std::vector<Symbol>& tokens) const;

  TokenTable ids_;                     // all tokens
  TokenTable pieces_;                  // those that text merges into
  std::array<TokenId, 256> byte_ids_;  // -1: none
  std::vector<uint32_t> ranks_;        // by id, from the scores
  MergeTable merges_;                  // if the vocabulary lists them
  // No token has a space after its first other character, so no merge crosses a word's beginning
  // and words can be merged one by one.
  bool words_apart_ = true;
  bool escapes_ = true;  // the normaliser leaves spaces as they are
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_SENTENCEPIECE_BPE_H_
