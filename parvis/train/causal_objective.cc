// Causal language models: GPT, LLaMA, BLOOM.

#include <utility>

#include "parvis/train/objective.h"

namespace parvis::train {
namespace {

class CausalObjective : public Objective {
 public:
  explicit CausalObjective(std::shared_ptr<const text::Tokenizer> tokenizer)
      : tokenizer_(std::move(tokenizer)) {}

  Result<Example> Encode(const Document& document) const override {
    text::EncodeOptions options;
    options.add_special = false;
    Example example{tokenizer_->Encode(document.text, options).ids, {}};
    if (tokenizer_->add_bos()) example.tokens.insert(example.tokens.begin(), *tokenizer_->bos());
    example.tokens.push_back(*tokenizer_->eos());
    return example;
  }

  std::optional<Around> AroundPlainTokens() const override {
    Around around;
    if (tokenizer_->add_bos()) around.before = {*tokenizer_->bos()};
    around.after = {*tokenizer_->eos()};
    return around;
  }

  // The last token of a document predicts nothing.
  Division DivisionOf(const Corpus&, int64_t row_length) const override {
    return {.row_length = row_length, .piece_length = row_length, .unused = 1, .split = true};
  }

  void Append(const Corpus& corpus, const Piece& piece, Random&, Batch& batch) const override {
    const auto tokens = corpus.Read(piece.document, piece.begin, piece.count + 1);
    batch.segments.push_back({static_cast<int64_t>(batch.tokens.size()), piece.count, 0, nullptr});
    batch.documents.push_back(piece.document);
    batch.tokens.insert(batch.tokens.end(), tokens.begin(), tokens.end() - 1);
    batch.targets.insert(batch.targets.end(), tokens.begin() + 1, tokens.end());
  }

  bool predicts_all_text() const override { return true; }

  Status Check(const nn::Blueprint& b) const override {
    if (b.attention.causal && b.encoder_layers == 0 && b.head.kind == nn::Head::Kind::kLanguage) {
      return {};
    }
    return InvalidArgument("objective \"causal\" is for models that go on with a text; this one (" +
                           b.family + ") does not");
  }

 private:
  std::shared_ptr<const text::Tokenizer> tokenizer_;
};

}  // namespace

std::unique_ptr<const Objective> NewCausalObjective(
    std::shared_ptr<const text::Tokenizer> tokenizer) {
  return std::make_unique<CausalObjective>(std::move(tokenizer));
}

}  // namespace parvis::train
