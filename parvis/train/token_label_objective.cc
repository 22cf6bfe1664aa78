// Labels of a text's words (names, parts of speech). A word's first token bears its label, the
// others do not count.

#include <utility>

#include "parvis/train/label_batches.h"
#include "parvis/train/objectives.h"

namespace parvis::train {
namespace {

class TokenLabelObjective : public Objective {
 public:
  explicit TokenLabelObjective(const models::Model& model)
      : tokenizer_(model.tokenizer), labels_(model.task.labels) {}

  // Numbers: the label of each token, or -1. The text is the row's words, joined by spaces.
  Result<Example> Encode(const Document& document) const override {
    const auto words = document.fields.find("words"), labels = document.fields.find("labels");
    if (words == document.fields.end() || !words->is_array() || labels == document.fields.end() ||
        !labels->is_array() || labels->size() != words->size()) {
      return DataLoss("\"words\" and \"labels\" are not lists of the same length");
    }
    text::EncodeOptions options;
    options.offsets = true;
    const text::Encoded encoded = tokenizer_->Encode(document.text, options);
    Example example{encoded.ids, std::vector<int32_t>(encoded.ids.size(), -1)};
    size_t end = 0, token = 0;
    for (size_t i = 0; i < words->size(); ++i) {
      PARVIS_ASSIGN_OR_RETURN(const int32_t label, NumberOfLabel((*labels)[i], labels_));
      end += (*words)[i].get_ref<const std::string&>().size() + (i > 0 ? 1 : 0);
      bool first = true;
      for (; token < encoded.ids.size(); ++token) {
        if (encoded.texts[token] == text::Encoded::kNobody) continue;
        if (encoded.offsets[token].first >= end) break;
        if (first) example.numbers[token] = label;
        first = false;
      }
    }
    return example;
  }

  Division DivisionOf(const Corpus&, int64_t row_length) const override {
    return WholeDocuments(row_length);
  }

  void Append(const Corpus& corpus, const Piece& piece, Random&, Batch& batch) const override {
    const auto numbers = corpus.Numbers(piece.document);
    AppendText(corpus.Tokens(piece.document), {}, piece.document, batch);
    batch.targets.insert(batch.targets.end(), numbers.begin(), numbers.end());
  }

  std::optional<int64_t> Correct(const ops::Exec& exec, nn::Stack& stack,
                                 const Batch& batch) const override {
    return CorrectRows(stack.Logits(exec, HeadRows(exec, stack, batch)), batch.targets);
  }

  Status Check(const nn::Blueprint& b) const override {
    return CheckHead(b, nn::Head::Kind::kTokenLabels, "token_labels");
  }

 private:
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::vector<std::string> labels_;
};

}  // namespace

ObjectivePointer NewTokenLabelObjective(const models::Model& model) {
  return std::make_shared<TokenLabelObjective>(model);
}

}  // namespace parvis::train
