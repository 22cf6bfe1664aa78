// The part of a text that answers a question, as in SQuAD: the model says of each token how likely
// the answer begins and ends there. A question without an answer points to the first token.
// Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", 2016.

#include <algorithm>
#include <utility>

#include "parvis/train/label_batches.h"
#include "parvis/train/objectives.h"

namespace parvis::train {
namespace {

struct Range {
  size_t begin = 0, end = 0;  // bytes
};

// The byte at which character number `characters` begins; the text's size beyond its end.
size_t ByteOf(std::string_view text, int64_t characters) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) continue;  // within a character
    if (characters-- == 0) break;
  }
  return at;
}

// A list's first entry.
const Json* First(const Json& object, const char* key) {
  const auto list = object.find(key);
  return list != object.end() && list->is_array() && !list->empty() ? &(*list)[0] : nullptr;
}

// "answers": {"text": ["…"], "answer_start": [12]}, in characters, the first of them; empty lists:
// there is none. Or "answer": "…", where it first stands in the text; "": there is none.
Result<Range> AnswerOf(const Document& document) {
  std::string answer;
  size_t begin = std::string::npos;
  if (const auto plain = document.fields.find("answer");
      plain != document.fields.end() && plain->is_string()) {
    answer = plain->get<std::string>();
    begin = document.text.find(answer);
  } else if (const auto answers = document.fields.find("answers");
             answers != document.fields.end() && answers->is_object()) {
    const Json* text = First(*answers, "text");
    const Json* start = First(*answers, "answer_start");
    if (text == nullptr) return Range{};
    if (!text->is_string() || start == nullptr || !start->is_number_integer() ||
        start->get<int64_t>() < 0) {
      return DataLoss("\"answers\" holds no \"text\" and \"answer_start\"");
    }
    answer = text->get<std::string>();
    begin = ByteOf(document.text, start->get<int64_t>());
  } else {
    return DataLoss("no \"answers\" and no \"answer\" in this row");
  }
  if (answer.empty()) return Range{};
  if (begin == std::string::npos || document.text.compare(begin, answer.size(), answer) != 0) {
    return DataLoss("the answer \"" + answer + "\" does not stand there in the text");
  }
  return Range{begin, begin + answer.size()};
}

class AnswerObjective : public Objective {
 public:
  explicit AnswerObjective(const models::Model& model) : tokenizer_(model.tokenizer) {}

  // Numbers: the tokens at which the answer begins and ends, then the token types.
  Result<Example> Encode(const Document& document) const override {
    PARVIS_ASSIGN_OR_RETURN(const Range answer, AnswerOf(document));
    text::EncodeOptions options;
    options.offsets = true;
    const text::Encoded encoded = tokenizer_->EncodePair(document.second, document.text, options);
    int32_t begin = 0, end = 0;
    for (size_t i = 0; i < encoded.ids.size() && answer.end > 0; ++i) {
      const auto [from, to] = encoded.offsets[i];
      if (encoded.texts[i] != 1 || to <= answer.begin || from >= answer.end) continue;
      if (begin == 0) begin = static_cast<int32_t>(i);
      end = static_cast<int32_t>(i);
    }
    Example example{encoded.ids, {begin, end}};
    example.numbers.insert(example.numbers.end(), encoded.types.begin(), encoded.types.end());
    return example;
  }

  Division DivisionOf(const Corpus&, int64_t row_length) const override {
    return WholeDocuments(row_length);
  }

  void Append(const Corpus& corpus, const Piece& piece, Random&, Batch& batch) const override {
    const auto numbers = corpus.Numbers(piece.document);
    AppendText(corpus.Tokens(piece.document), numbers.subspan(2), piece.document, batch);
    batch.targets.insert(batch.targets.end(), numbers.begin(), numbers.begin() + 2);
  }

  ops::Loss Loss(const ops::Exec& exec, nn::Stack& stack, const Batch& batch, float grad_scale,
                 std::span<float> each) const override {
    const Tensor scores = stack.Logits(exec, HeadRows(exec, stack, batch));
    return ops::SpanCrossEntropy(exec, scores, batch.segments, batch.targets, grad_scale, each);
  }

  std::optional<int64_t> Correct(const ops::Exec& exec, nn::Stack& stack,
                                 const Batch& batch) const override {
    const Tensor scores = stack.Logits(exec, HeadRows(exec, stack, batch));
    int64_t correct = 0;
    for (size_t i = 0; i < batch.targets.size(); ++i) {
      const nn::Segment& segment = batch.segments[i / 2];
      const float* column = scores.f32() + segment.begin * 2 + i % 2;
      int64_t best = 0;
      for (int64_t r = 1; r < segment.count; ++r) {
        if (column[r * 2] > column[best * 2]) best = r;
      }
      correct += best == batch.targets[i] ? 1 : 0;
    }
    return correct;
  }

  Status Check(const nn::Blueprint& b) const override {
    return CheckHead(b, nn::Head::Kind::kSpan, "answers");
  }

 private:
  std::shared_ptr<const text::Tokenizer> tokenizer_;
};

}  // namespace

ObjectivePointer NewAnswerObjective(const models::Model& model) {
  return std::make_shared<AnswerObjective>(model);
}

}  // namespace parvis::train
