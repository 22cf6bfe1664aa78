#ifndef PARVIS_TEXT_SENTENCEPIECE_BPE_H_
#define PARVIS_TEXT_SENTENCEPIECE_BPE_H_

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "parvis/text/added_tokens.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {

// SentencePiece's byte-pair encoding, as LLaMA 1 and 2 use it: spaces become "▁", neighbours merge
// into the token with the best score, and a character that is no token becomes its bytes' tokens
// <0xXX>. Kudo and Richardson, "SentencePiece", 2018.
class SentencePieceBpe : public Tokenizer {
 public:
  static Result<std::unique_ptr<Tokenizer>> Make(Vocabulary vocabulary);

  std::optional<TokenId> Find(std::string_view token) const override;
  Encoded Encode(std::string_view text, const EncodeOptions& options) const override;
  // Leaves out the space that add_prefix_space put before the first word.
  std::string Decode(std::span<const TokenId> ids, bool skip_special) const override;
  std::string TokenBytes(TokenId id) const override;

 private:
  explicit SentencePieceBpe(Vocabulary vocabulary);
  void EncodeText(std::string_view text, size_t origin, bool first, bool offsets,
                  Encoded& out) const;

  std::unordered_map<std::string_view, TokenId> ids_;
  std::array<TokenId, 256> byte_ids_;  // -1: none
  AddedTokens added_;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_SENTENCEPIECE_BPE_H_
