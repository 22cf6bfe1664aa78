// Labels of a text or of two (sentiment, topic, "does the second follow from the first?").
// Encoders are asked at their first token, decoders at their last, and a model with both stacks
// reads the text twice, as transformers' T5 does, and is asked at the end of the second.

#include <algorithm>
#include <utility>

#include "parvis/train/label_batches.h"
#include "parvis/train/objectives.h"

namespace parvis::train {
namespace {

class LabelObjective : public Objective {
 public:
  explicit LabelObjective(const models::Model& model)
      : tokenizer_(model.tokenizer),
        labels_(model.task.labels),
        several_(model.task.problem_type == "multi_label_classification"),
        blueprint_(model.stack.blueprint()) {}

  // Numbers: the label, or 0 or 1 for each; then the token types.
  Result<Example> Encode(const Document& document) const override {
    Example example;
    PARVIS_ASSIGN_OR_RETURN(example.numbers, LabelsOf(document));
    const text::Encoded encoded = document.second.empty()
                                      ? tokenizer_->Encode(document.text)
                                      : tokenizer_->EncodePair(document.text, document.second);
    example.tokens = encoded.ids;
    example.numbers.insert(example.numbers.end(), encoded.types.begin(), encoded.types.end());
    return example;
  }

  Division DivisionOf(const Corpus&, int64_t row_length) const override {
    return WholeDocuments(row_length);
  }

  void Append(const Corpus& corpus, const Piece& piece, Random&, Batch& batch) const override {
    const auto tokens = corpus.Tokens(piece.document);
    const auto numbers = corpus.Numbers(piece.document);
    const size_t count = several_ ? labels_.size() : 1;
    if (blueprint_.encoder_layers > 0) {
      AppendPair(tokens, tokens, static_cast<int32_t>(blueprint_.decoder_start_token),
                 piece.document, batch);
      batch.targets.resize(batch.targets.size() - tokens.size());
    } else {
      AppendText(tokens, numbers.subspan(count), piece.document, batch);
    }
    const nn::Segment& segment = batch.segments.back();
    const bool last = blueprint_.attention.causal;
    batch.head_rows.push_back(last ? segment.begin + segment.count - 1 : segment.begin);
    batch.targets.insert(batch.targets.end(), numbers.begin(), numbers.begin() + count);
  }

  ops::Loss Loss(const ops::Exec& exec, nn::Stack& stack, const Batch& batch, float grad_scale,
                 std::span<float> each) const override {
    if (!several_) return Objective::Loss(exec, stack, batch, grad_scale, each);
    const Tensor scores = stack.Logits(exec, HeadRows(exec, stack, batch));
    return ops::BinaryCrossEntropy(exec, scores, batch.targets, grad_scale, each);
  }

  std::optional<int64_t> Correct(const ops::Exec& exec, nn::Stack& stack,
                                 const Batch& batch) const override {
    const Tensor scores = stack.Logits(exec, HeadRows(exec, stack, batch));
    if (!several_) return CorrectRows(scores, batch.targets);
    int64_t correct = 0;
    for (int64_t i = 0; i < scores.size(); ++i) {
      correct += batch.targets[i] == (scores.f32()[i] > 0.0f ? 1 : 0) ? 1 : 0;
    }
    return correct;
  }

  Status Check(const nn::Blueprint& b) const override {
    return CheckHead(b, nn::Head::Kind::kSequenceLabels, "labels");
  }

 private:
  Result<std::vector<int32_t>> LabelsOf(const Document& document) const {
    const auto label = document.fields.find("label");
    if (label == document.fields.end()) return DataLoss("no \"label\" in this row");
    if (!several_) {
      PARVIS_ASSIGN_OR_RETURN(const int32_t number, NumberOfLabel(*label, labels_));
      return std::vector<int32_t>{number};
    }
    if (!label->is_array()) return DataLoss("\"label\" is no list, as in other rows");
    std::vector<int32_t> numbers(labels_.size(), 0);
    for (const Json& name : *label) {
      PARVIS_ASSIGN_OR_RETURN(const int32_t number, NumberOfLabel(name, labels_));
      numbers[number] = 1;
    }
    return numbers;
  }

  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::vector<std::string> labels_;
  bool several_;
  nn::Blueprint blueprint_;
};

}  // namespace

ObjectivePointer NewLabelObjective(const models::Model& model) {
  return std::make_shared<LabelObjective>(model);
}

}  // namespace parvis::train
