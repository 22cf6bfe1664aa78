#include "parvis/runtime/prompt_scores.h"

#include <algorithm>
#include <utility>

#include "parvis/ops/embedding.h"
#include "parvis/runtime/sampler.h"

namespace parvis::runtime {
namespace {

// Rows of logits that are held at a time.
constexpr int64_t kScoredRows = 32;

}  // namespace

Status ScorePrompt(const ops::Exec& exec, nn::Stack& stack, const Tensor& hidden, int64_t begin,
                   int64_t count, Sequence& sequence) {
  const std::vector<int32_t>& prompt = sequence.request.prompt;
  const int64_t first = sequence.computed - count;  // the position of row `begin`
  const auto last = std::min(sequence.computed, static_cast<int64_t>(prompt.size()) - 1);
  for (int64_t at = static_cast<int64_t>(sequence.scores.size()); at < last;) {
    std::vector<int64_t> rows;
    for (int64_t i = at; i < std::min(last, at + kScoredRows); ++i) {
      rows.push_back(begin + i - first);
    }
    const Tensor logits = stack.Logits(exec, ops::SelectRows(exec, hidden, rows));
    const auto vocab_size = static_cast<size_t>(logits.dim(1));
    std::vector<Result<Sample>> samples(rows.size(), Result<Sample>(Sample{}));
    exec.pool().Dynamic(static_cast<int64_t>(rows.size()), 1, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) {
        samples[i] = Score({logits.f32() + i * static_cast<int64_t>(vocab_size), vocab_size},
                           prompt[static_cast<size_t>(at + i) + 1], sequence.request.logprobs);
      }
    });
    for (Result<Sample>& sample : samples) {
      PARVIS_RETURN_IF_ERROR(sample.status());
      sequence.scores.push_back(std::move(sample).value());
    }
    at += static_cast<int64_t>(rows.size());
  }
  return {};
}

}  // namespace parvis::runtime
