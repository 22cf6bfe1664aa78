#ifndef PARVIS_TEXT_BYTE_BPE_H_
#define PARVIS_TEXT_BYTE_BPE_H_

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "parvis/text/added_tokens.h"
#include "parvis/text/merge_list.h"
#include "parvis/text/pretokenizer.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {

// Byte-level byte-pair encoding, as GPT-2, LLaMA 3 and BLOOM use it. Any bytes can be encoded.
// Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016;
// Radford et al., "Language Models are Unsupervised Multitask Learners", 2019.
class ByteBpe : public Tokenizer {
 public:
  static Result<std::unique_ptr<Tokenizer>> Make(Vocabulary vocabulary);

  std::optional<TokenId> Find(std::string_view token) const override;
  Encoded Encode(std::string_view text, const EncodeOptions& options) const override;
  std::string Decode(std::span<const TokenId> ids, bool skip_special) const override;
  std::string TokenBytes(TokenId id) const override;

 private:
  explicit ByteBpe(Vocabulary vocabulary);
  Status Index();
  void EncodeText(std::string_view text, size_t origin, bool offsets, Encoded& out) const;
  void EncodePiece(std::string_view piece, std::vector<Symbol>& symbols) const;

  // Open addressing from a pair of ids to its merge: the inner loop of encoding.
  struct Slot {
    uint64_t pair;
    uint32_t rank;
    TokenId id;
  };
  const Slot* FindMerge(TokenId left, TokenId right) const;

  std::unordered_map<std::string_view, TokenId> ids_;    // as written in the vocabulary
  std::unordered_map<std::string_view, TokenId> whole_;  // by bytes; for ignore_merges
  std::vector<std::string> bytes_;                       // by id
  std::array<TokenId, 256> byte_ids_;
  std::vector<Slot> merges_;
  uint64_t merge_mask_ = 0;
  PreTokenizer pre_tokenizer_ = PreTokenizer::kGpt2;
  AddedTokens added_;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_BYTE_BPE_H_
