#include "parvis/runtime/sentence_choice.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "parvis/models/model.h"
#include "parvis/runtime/text_tasks.h"
#include "parvis/text/sentences.h"
#include "parvis/text/unwrap.h"

namespace parvis::runtime {
namespace {

// Both chosen on the training parts of the sets that summaries are measured on
// (docs/design/encoders.md).
constexpr double kEarlier = 0.2;  // what the first sentence has over the last
constexpr double kAlike = 0.85;   // cosine from which one of two is enough

size_t UsualCount(size_t sentences) { return std::clamp<size_t>((sentences + 2) / 5, 1, 5); }

template <typename A, typename B>
double Dot(std::span<const A> a, std::span<const B> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

}  // namespace

std::vector<std::string> SentencesOf(const models::Model& model, std::string_view text) {
  const int64_t room = model.stack.blueprint().context_length;
  const auto fits = [&](std::string_view piece) {
    return static_cast<int64_t>(model.tokenizer->Encode(piece).ids.size()) <= room;
  };
  const auto pieces = text::PackSentences(text::Unwrapped(text), text::Together::kNone, fits);
  std::vector<std::string> whole, all;
  bool within = false;
  for (const text::TextPiece& piece : pieces) {
    const bool part = std::exchange(within, piece.within_sentence) || piece.within_sentence;
    if (!part && text::EndsAsSentence(piece.text)) whole.push_back(piece.text);
    all.push_back(piece.text);
  }
  return whole.empty() ? all : whole;
}

SentenceChoice ChooseSentences(const std::vector<std::string>& sentences,
                               std::span<const float> vectors, size_t count) {
  SentenceChoice choice;
  const size_t n = sentences.size();
  if (n == 0) return choice;
  const size_t size = vectors.size() / n;
  const auto row = [&](size_t i) { return vectors.subspan(i * size, size); };
  std::vector<double> sum(size, 0.0);
  for (size_t i = 0; i < vectors.size(); ++i) sum[i % size] += double{vectors[i]};
  const double length = std::sqrt(Dot<double, double>(sum, sum));
  for (size_t i = 0; i < n; ++i) {
    const double cosine = length > 0 ? Dot<float, double>(row(i), sum) / length : 0.0;
    choice.scores.push_back(cosine - kEarlier * static_cast<double>(i) / static_cast<double>(n));
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return choice.scores[a] > choice.scores[b]; });
  const size_t most = count > 0 ? count : UsualCount(n);
  for (size_t next = 0; next < n && choice.chosen.size() < most; ++next) {
    const size_t i = order[next];
    const bool said = std::any_of(choice.chosen.begin(), choice.chosen.end(),
                                  [&](size_t other) { return Dot(row(i), row(other)) >= kAlike; });
    if (!said) choice.chosen.push_back(i);
  }
  std::sort(choice.chosen.begin(), choice.chosen.end());
  for (const size_t i : choice.chosen) {
    choice.text += (choice.text.empty() ? "" : " ") + sentences[i];
  }
  return choice;
}

Result<SentenceChoice> SummarizeByChoice(const Encoder& encoder,
                                         const std::vector<std::string>& sentences, size_t count,
                                         const std::function<bool()>& cancelled) {
  if (sentences.empty()) return SentenceChoice();
  constexpr size_t kTogether = 64;  // sentences between two questions
  PARVIS_ASSIGN_OR_RETURN(const Pooling pooling, PoolingOf(encoder.model()));
  PARVIS_ASSIGN_OR_RETURN(const auto inputs, InputsOf(encoder.model(), sentences));
  std::vector<float> vectors;
  for (size_t begin = 0; begin < inputs.size(); begin += kTogether) {
    if (cancelled && cancelled()) return Cancelled("interrupted");
    const size_t some = std::min(kTogether, inputs.size() - begin);
    PARVIS_ASSIGN_OR_RETURN(const Tensor part, encoder.Embed(std::span(inputs).subspan(begin, some),
                                                             pooling, /*normalize=*/true));
    vectors.insert(vectors.end(), part.f32(), part.f32() + part.size());
  }
  return ChooseSentences(sentences, vectors, count);
}

}  // namespace parvis::runtime
