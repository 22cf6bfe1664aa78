// Pairs of texts that belong together (a sentence and its translation, a question and its answer):
// an encoder learns to put each near its partner and away from the others of the batch, and, if
// tokens are hidden, goes on to say which they were. The loss of a micro-batch of n texts, m of
// whose tokens are hidden, is for each text
//
//   -log( exp(cos(u, v) / temperature) / Σ_w exp(cos(u, w) / temperature) )
//       + masked_weight · (1 / m) · Σ_hidden -log p(token)
//
// where u is the mean of the text's rows, v that of its partner and w that of each text on the
// partner's side. One forward pass gives both parts, so pairs are told apart with holes in them.
// van den Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018 (the
// first part); Gao et al., "SimCSE: Simple Contrastive Learning of Sentence Embeddings", 2021,
// section 5 (the sum, there over two passes).

#include <optional>
#include <utility>

#include "parvis/ops/contrastive_loss.h"
#include "parvis/ops/embedding.h"
#include "parvis/train/label_batches.h"
#include "parvis/train/masking.h"
#include "parvis/train/objectives.h"

namespace parvis::train {
namespace {

// A target that is a text, told at its first row; all others are hidden tokens.
constexpr int32_t kText = -1;

class ContrastiveObjective : public Objective {
 public:
  ContrastiveObjective(const ObjectiveSettings& settings,
                       std::shared_ptr<const text::Tokenizer> tokenizer)
      : temperature_(static_cast<float>(settings.temperature)),
        masked_weight_(settings.masked_weight),
        tokenizer_(std::move(tokenizer)) {
    if (settings.mask_share > 0.0) {
      masking_.emplace(settings.mask_share, settings.whole_word, tokenizer_);
    }
  }

  // The tokens of both, each as it is embedded. Numbers: how many the first has; then, with
  // whole_word, which of all tokens go on with a word.
  Result<Example> Encode(const Document& document) const override {
    Example example{{}, {0}};
    text::EncodeOptions options;
    options.offsets = masking_ && masking_->whole_word();
    for (const std::string* text : {&document.text, &document.second}) {
      const text::Encoded encoded = tokenizer_->Encode(*text, options);
      if (encoded.ids.empty()) return DataLoss("a text of a pair is empty");
      if (example.tokens.empty()) example.numbers[0] = static_cast<int32_t>(encoded.ids.size());
      example.tokens.insert(example.tokens.end(), encoded.ids.begin(), encoded.ids.end());
      if (!masking_) continue;
      const std::vector<int32_t> continues = masking_->Continues(encoded, *text);
      example.numbers.insert(example.numbers.end(), continues.begin(), continues.end());
    }
    return example;
  }

  Division DivisionOf(const Corpus&, int64_t row_length) const override {
    return WholeDocuments(row_length);
  }

  void Append(const Corpus& corpus, const Piece& piece, Random& random,
              Batch& batch) const override {
    const auto tokens = corpus.Tokens(piece.document);
    const auto numbers = corpus.Numbers(piece.document);
    const auto first = static_cast<size_t>(numbers[0]);
    auto continues = numbers.subspan(1);
    for (const auto part : {tokens.first(first), tokens.subspan(first)}) {
      const auto begin = static_cast<int64_t>(batch.tokens.size());
      AppendText(part, {}, piece.document, batch);
      batch.head_rows.push_back(begin);
      batch.targets.push_back(kText);
      if (masking_) HideSome(begin, part, continues, random, batch);
      if (!continues.empty()) continues = continues.subspan(part.size());
    }
  }

  // Texts are what counts.
  int64_t CountOf(const Batch& batch) const override {
    return static_cast<int64_t>(batch.segments.size());
  }

  ops::Loss Loss(const ops::Exec& exec, nn::Stack& stack, const Batch& batch, float grad_scale,
                 std::span<float> each) const override {
    return LossOf(exec, stack, batch, stack.Forward(exec, batch.step()), grad_scale, each);
  }

  // Correct: the text finds its partner first. With holes in the texts, as in training.
  Judged Judge(const ops::Exec& exec, nn::Stack& stack, const Batch& batch) const override {
    const Tensor hidden = stack.Forward(exec, batch.step());
    return {.loss = LossOf(exec, stack, batch, hidden, 0.0f, {}),
            .correct = ops::ContrastiveCorrect(hidden, batch.segments),
            .margin = std::nullopt};
  }

  Status Check(const nn::Blueprint& b) const override {
    if (b.attention.causal || b.encoder_layers > 0) {
      return InvalidArgument(
          "objective \"contrastive\" is for encoders (bert, roberta); this one (" + b.family +
          ") is none");
    }
    if (masking_ && b.head.kind != nn::Head::Kind::kLanguage) {
      return InvalidArgument(
          "objective \"contrastive\": mask_share is for models with a head for "
          "masks; this one (" +
          b.family + ") has none");
    }
    return {};
  }

 private:
  // Not the control tokens at a text's ends.
  void HideSome(int64_t first, std::span<const int32_t> part, std::span<const int32_t> continues,
                Random& random, Batch& batch) const {
    size_t begin = 0, end = part.size();
    while (begin < end && tokenizer_->IsSpecial(part[begin])) ++begin;
    while (begin < end && tokenizer_->IsSpecial(part[end - 1])) --end;
    if (!continues.empty()) continues = continues.subspan(begin, end - begin);
    masking_->Hide(first + static_cast<int64_t>(begin), first + static_cast<int64_t>(end),
                   continues, random, batch);
  }

  ops::Loss LossOf(const ops::Exec& exec, nn::Stack& stack, const Batch& batch,
                   const Tensor& hidden, float grad_scale, std::span<float> each) const {
    const auto num_texts = static_cast<int64_t>(batch.segments.size());
    std::vector<float> of_texts(batch.segments.size());
    ops::Loss loss =
        ops::ContrastiveLoss(exec, hidden, batch.segments, temperature_, grad_scale, of_texts);
    std::vector<int64_t> rows;
    std::vector<int32_t> targets;
    for (size_t i = 0; i < batch.targets.size(); ++i) {
      if (batch.targets[i] == kText) continue;
      rows.push_back(batch.head_rows[i]);
      targets.push_back(batch.targets[i]);
    }
    std::vector<float> of_tokens(rows.size());
    if (!rows.empty()) {
      // What each text has of the mean, so that the sum over texts has it whole for each.
      const double share =
          masked_weight_ * static_cast<double>(num_texts) / static_cast<double>(rows.size());
      const ops::Loss masked = stack.Loss(exec, ops::SelectRows(exec, hidden, rows), targets,
                                          static_cast<float>(share * grad_scale), of_tokens);
      loss.sum += share * masked.sum;
    }
    auto text = of_texts.begin(), token = of_tokens.begin();
    for (size_t i = 0; i < each.size(); ++i)
      each[i] = batch.targets[i] == kText ? *text++ : *token++;
    return loss;
  }

  float temperature_;
  double masked_weight_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::optional<Masking> masking_;
};

}  // namespace

Result<ObjectivePointer> NewContrastiveObjective(const ObjectiveSettings& settings,
                                                 std::shared_ptr<const text::Tokenizer> tokenizer) {
  if (settings.mask_share > 0.0 && !tokenizer->vocabulary().mask) {
    return InvalidArgument(
        "objective \"contrastive\": mask_share: the tokenizer has no mask token");
  }
  return ObjectivePointer(std::make_shared<ContrastiveObjective>(settings, std::move(tokenizer)));
}

}  // namespace parvis::train
