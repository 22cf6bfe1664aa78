// Span corruption: T5's way to learn from plain text. Some runs of tokens are taken out of a text,
// each leaves a mark of its own, and the answer is the marks with what was taken out.
// Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
// Transformer", 2020.

#include <algorithm>
#include <cmath>
#include <utility>

#include "parvis/train/objectives.h"

namespace parvis::train {
namespace {

// `items` divided into `parts` of at least one each, at random.
std::vector<int64_t> Divide(int64_t items, int64_t parts, Random& random) {
  std::vector<uint8_t> begins(items - 1, 0);  // whether the item after next begins a part
  std::fill(begins.begin(), begins.begin() + (parts - 1), 1);
  for (size_t i = begins.size(); i > 1; --i) std::swap(begins[i - 1], begins[random.Below(i)]);
  std::vector<int64_t> sizes = {1};
  for (const uint8_t begin : begins) {
    if (begin != 0) sizes.push_back(0);
    ++sizes.back();
  }
  return sizes;
}

class SpanObjective : public Objective {
 public:
  SpanObjective(const ObjectiveSettings& settings, std::shared_ptr<const text::Tokenizer> tokenizer,
                std::vector<int32_t> marks, int32_t start)
      : settings_(settings),
        tokenizer_(std::move(tokenizer)),
        marks_(std::move(marks)),
        end_(*tokenizer_->eos()),
        start_(start) {}

  Result<Example> Encode(const Document& document) const override {
    text::EncodeOptions options;
    options.add_special = false;
    return Example{tokenizer_->Encode(document.text, options).ids, {}};
  }

  std::optional<Around> AroundPlainTokens() const override { return Around{}; }

  Division DivisionOf(const Corpus&, int64_t row_length) const override {
    int64_t longest = 2;
    while (PromptLength(longest + 1) <= row_length) ++longest;
    return {.row_length = row_length,
            .piece_length = longest,
            .room = [this, row_length](const Piece& piece) {
              return piece.count < 2 ? row_length + 1 : PromptLength(piece.count);
            }};
  }

  // The text begins with what stays and ends with a run that is taken out.
  void Append(const Corpus& corpus, const Piece& piece, Random& random,
              Batch& batch) const override {
    const auto tokens = corpus.Read(piece.document, piece.begin, piece.count);
    const SpanCounts counts = CountSpans(settings_, MaxSpans(), piece.count);
    const std::vector<int64_t> taken = Divide(counts.noise, counts.spans, random);
    const std::vector<int64_t> kept = Divide(piece.count - counts.noise, counts.spans, random);
    std::vector<int32_t> prompt, answer;
    auto at = tokens.begin();
    for (int64_t i = 0; i < counts.spans; ++i) {
      prompt.insert(prompt.end(), at, at + kept[i]);
      prompt.push_back(marks_[i]);
      at += kept[i];
      answer.push_back(marks_[i]);
      answer.insert(answer.end(), at, at + taken[i]);
      at += taken[i];
    }
    prompt.push_back(end_);
    answer.push_back(end_);
    AppendPair(prompt, answer, start_, piece.document, batch);
  }

  Status Check(const nn::Blueprint& blueprint) const override {
    return CheckEncoderDecoder(blueprint, "spans");
  }

 private:
  int64_t MaxSpans() const { return static_cast<int64_t>(marks_.size()); }
  int64_t PromptLength(int64_t count) const {
    const SpanCounts counts = CountSpans(settings_, MaxSpans(), count);
    return count - counts.noise + counts.spans + 1;
  }

  ObjectiveSettings settings_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::vector<int32_t> marks_;
  int32_t end_, start_;
};

}  // namespace

SpanCounts CountSpans(const ObjectiveSettings& settings, int64_t max_spans, int64_t count) {
  SpanCounts counts;
  counts.noise = std::clamp<int64_t>(
      std::llround(static_cast<double>(count) * settings.noise_share), 1, count - 1);
  counts.spans =
      std::clamp<int64_t>(std::llround(static_cast<double>(counts.noise) / settings.mean_span), 1,
                          std::min({counts.noise, count - counts.noise, max_spans}));
  return counts;
}

void AppendPair(std::span<const int32_t> prompt, std::span<const int32_t> answer, int32_t start,
                int64_t document, Batch& batch) {
  const auto prompt_size = static_cast<int64_t>(prompt.size());
  const auto size = static_cast<int64_t>(answer.size());
  batch.prompt_segments.push_back(
      {static_cast<int64_t>(batch.prompt_tokens.size()), prompt_size, 0, nullptr});
  batch.prompt_tokens.insert(batch.prompt_tokens.end(), prompt.begin(), prompt.end());
  batch.segments.push_back({static_cast<int64_t>(batch.tokens.size()), size, 0, nullptr});
  batch.documents.push_back(document);
  batch.tokens.push_back(start);
  batch.tokens.insert(batch.tokens.end(), answer.begin(), answer.end() - 1);
  batch.targets.insert(batch.targets.end(), answer.begin(), answer.end());
}

Status CheckEncoderDecoder(const nn::Blueprint& b, const std::string& objective) {
  if (b.encoder_layers > 0) return {};
  return InvalidArgument("objective \"" + objective +
                         "\" is for models with an encoder and a decoder (t5, mt5); this one (" +
                         b.family + ") has not both");
}

Result<std::shared_ptr<const Objective>> NewSpanObjective(
    const ObjectiveSettings& settings, std::shared_ptr<const text::Tokenizer> tokenizer,
    int32_t start) {
  std::vector<int32_t> marks;
  while (true) {
    const auto id = tokenizer->Find("<extra_id_" + std::to_string(marks.size()) + ">");
    if (!id) break;
    marks.push_back(*id);
  }
  if (marks.empty()) {
    return InvalidArgument("objective \"spans\": the tokenizer has no <extra_id_0>");
  }
  if (!tokenizer->eos()) return InvalidArgument("objective \"spans\": the tokenizer has no end");
  return std::shared_ptr<const Objective>(
      std::make_shared<SpanObjective>(settings, std::move(tokenizer), std::move(marks), start));
}

}  // namespace parvis::train
