#ifndef PARVIS_TEXT_BYTE_BPE_H_
#define PARVIS_TEXT_BYTE_BPE_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/text/merge_list.h"
#include "parvis/text/merge_table.h"
#include "parvis/text/pretokenizer.h"
#include "parvis/text/token_table.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {

// Byte-level byte-pair encoding, as GPT-2, LLaMA 3 and BLOOM use it. Any bytes can be encoded.
// Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016;
// Radford et al., "Language Models are Unsupervised Multitask Learners", 2019.
class ByteBpe : public Tokenizer {
 public:
  static Result<std::unique_ptr<Tokenizer>> Make(Vocabulary vocabulary, Normalizer normalizer);

  std::string Decode(std::span<const TokenId> ids, bool skip_special) const override;
  std::string TokenBytes(TokenId id) const override;

 private:
  ByteBpe(Vocabulary vocabulary, Normalizer normalizer, PreTokenizer pre_tokenizer);
  void IndexTokens();
  void IndexWords();
  void EncodeSection(const Section& section, Encoded& out) const override;
  void AddRange(const Section& section, size_t from, size_t to, size_t prefix, TokenId id,
                Encoded& out) const;
  void TrimRange(std::string_view token, bool any, Encoded& out) const;
  void TrimAdded(std::string_view written, Encoded& out) const override;
  void MergeBytes(std::string_view piece, std::vector<Symbol>& symbols) const;

  const PreTokenizer pre_tokenizer_;
  std::vector<bool> is_added_;      // by id
  std::vector<std::string> bytes_;  // by id
  TokenTable ids_;                  // tokens as written in the vocabulary
  // Tokens by bytes whose own bytes encode to them (all of them if ignore_merges): most words need
  // no merging.
  TokenTable words_;
  std::array<TokenId, 256> byte_ids_;
  MergeTable merges_;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_BYTE_BPE_H_
