#ifndef PARVIS_RUNTIME_BEAM_SEARCH_H_
#define PARVIS_RUNTIME_BEAM_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/ops/exec.h"

namespace parvis::models {
struct Model;
}
namespace parvis::nn {
class Adapter;
}

namespace parvis::runtime {

// Names and meaning as in Hugging Face's generate(num_beams=…), sampling left out.
struct BeamSearchParams {
  int64_t num_beams = 4;
  // Scores are log-probabilities divided by length^length_penalty: above 0 favours long answers.
  float length_penalty = 1.0f;
  // true: stops as soon as num_beams answers have ended. false: when no answer that goes on could
  // still be better than the worst of those, if it ended now.
  bool early_stopping = false;
  int64_t num_return_sequences = 1;  // ≤ num_beams
  int64_t max_tokens = 256;
  int64_t min_tokens = 0;            // before which no answer ends
  int64_t no_repeat_ngram_size = 0;  // no run of so many tokens comes twice; 0: it may
  std::vector<int32_t> end_tokens;
  size_t kv_budget_bytes = size_t{512} << 20;
  std::function<bool()> cancelled;       // asked before each token; may be empty
  const nn::Adapter* adapter = nullptr;  // of the model; null: none
};

struct Hypothesis {
  std::vector<int32_t> tokens;  // of the answer; the end token included
  float score = 0.0f;
};

// The best answers that beam search finds for `prompt`, best first: at each token the num_beams
// likeliest beginnings are kept, whichever answer they come from. Only models with an encoder.
// Memory: the prompt once, and pages of keys and values that beams with equal beginnings share.
// Refuses parameters that make no sense and what the budget cannot hold. kCancelled: cancelled.
Result<std::vector<Hypothesis>> BeamSearch(models::Model& model, const ops::Exec& exec,
                                           std::span<const int32_t> prompt,
                                           const BeamSearchParams& params);

// The same search in steps, for who shares the model with others. `model`, `exec` outlive it, and
// one thread at a time has it. params.cancelled is not asked: who wants no more drops it.
class BeamSearcher {
 public:
  // Takes the memory and reads nothing yet. Refuses as BeamSearch.
  static Result<std::unique_ptr<BeamSearcher>> Create(models::Model& model, const ops::Exec& exec,
                                                      std::vector<int32_t> prompt,
                                                      const BeamSearchParams& params);
  virtual ~BeamSearcher() = default;
  // The next token of all beams; first of all, what the encoder says of the prompt. False: that was
  // the last step.
  virtual Result<bool> Step() = 0;
  // Once, after the last step.
  virtual std::vector<Hypothesis> Take() = 0;
};

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_BEAM_SEARCH_H_
