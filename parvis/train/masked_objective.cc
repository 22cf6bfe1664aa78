// Masked language models: BERT and its relatives. Some tokens of a text are hidden, and the model
// says which they were. Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers",
// 2019; Liu et al., "RoBERTa: A Robustly Optimized BERT Pretraining Approach", 2019 (masks drawn
// anew each time).

#include <algorithm>
#include <utility>

#include "parvis/train/masking.h"
#include "parvis/train/objectives.h"

namespace parvis::train {
namespace {

class MaskedObjective : public Objective {
 public:
  MaskedObjective(const ObjectiveSettings& settings,
                  std::shared_ptr<const text::Tokenizer> tokenizer)
      : masking_(settings.mask_share, settings.whole_word, tokenizer),
        tokenizer_(std::move(tokenizer)) {
    if (tokenizer_->add_bos() && tokenizer_->bos()) before_ = {*tokenizer_->bos()};
    if (tokenizer_->add_eos() && tokenizer_->eos()) after_ = {*tokenizer_->eos()};
  }

  Result<Example> Encode(const Document& document) const override {
    text::EncodeOptions options;
    options.add_special = false;
    options.offsets = masking_.whole_word();
    text::Encoded encoded = tokenizer_->Encode(document.text, options);
    Example example;
    example.numbers = masking_.Continues(encoded, document.text);
    example.tokens = std::move(encoded.ids);
    return example;
  }

  std::optional<Around> AroundPlainTokens() const override {
    if (masking_.whole_word()) return std::nullopt;  // needs to know where words begin
    return Around{};
  }

  Division DivisionOf(const Corpus&, int64_t row_length) const override {
    const auto around = static_cast<int64_t>(before_.size() + after_.size());
    return {.row_length = row_length,
            .piece_length = std::max<int64_t>(1, row_length - around),
            .room = [around](const Piece& piece) { return piece.count + around; }};
  }

  void Append(const Corpus& corpus, const Piece& piece, Random& random,
              Batch& batch) const override {
    const auto begin = static_cast<int64_t>(batch.tokens.size());
    const auto tokens = corpus.Read(piece.document, piece.begin, piece.count);
    batch.tokens.insert(batch.tokens.end(), before_.begin(), before_.end());
    const auto first = static_cast<int64_t>(batch.tokens.size());
    batch.tokens.insert(batch.tokens.end(), tokens.begin(), tokens.end());
    batch.tokens.insert(batch.tokens.end(), after_.begin(), after_.end());
    batch.segments.push_back(
        {begin, static_cast<int64_t>(batch.tokens.size()) - begin, 0, nullptr});
    batch.documents.push_back(piece.document);
    auto continues = corpus.Numbers(piece.document);
    if (!continues.empty()) continues = continues.subspan(static_cast<size_t>(piece.begin));
    masking_.Hide(first, first + piece.count, continues, random, batch);
  }

  Status Check(const nn::Blueprint& b) const override {
    if (!b.attention.causal && b.head.kind == nn::Head::Kind::kLanguage) return {};
    return InvalidArgument(
        "objective \"masked\" is for encoders with a head for masks (bert, "
        "roberta …); this model (" +
        b.family + ") has none");
  }

 private:
  Masking masking_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::vector<int32_t> before_, after_;
};

}  // namespace

Result<std::shared_ptr<const Objective>> NewMaskedObjective(
    const ObjectiveSettings& settings, std::shared_ptr<const text::Tokenizer> tokenizer) {
  if (!tokenizer->vocabulary().mask) {
    return InvalidArgument("objective \"masked\": the tokenizer has no mask token");
  }
  return std::shared_ptr<const Objective>(
      std::make_shared<MaskedObjective>(settings, std::move(tokenizer)));
}

}  // namespace parvis::train
