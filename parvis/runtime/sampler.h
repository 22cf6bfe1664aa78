#ifndef PARVIS_RUNTIME_SAMPLER_H_
#define PARVIS_RUNTIME_SAMPLER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "parvis/core/random.h"
#include "parvis/core/result.h"
#include "parvis/runtime/constraint.h"
#include "parvis/runtime/dry.h"

namespace parvis::runtime {

// How the next token is chosen. The defaults change nothing: a draw from the model's distribution.
//
// Order of what is done to the logits, as Hugging Face's generate() has it, after a constraint has
// taken out the tokens that cannot follow:
//   1. logit_bias is added
//   2. repetition_penalty, over prompt and answer: a logit > 0 is divided by it, else multiplied
//      (Keskar et al., "CTRL", 2019)
//   3. presence_penalty is subtracted once, frequency_penalty as often as a token was generated,
//      over the answer only, as OpenAI's API describes them
//   4. dry, over prompt and answer: what would repeat a sequence (dry.h)
//   5. temperature divides; 0 takes the largest logit instead, and 6 to 9 have no effect
//   6. top_k keeps the k most probable tokens
//   7. top_p keeps the fewest most probable ones whose probabilities reach top_p together
//      (Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020)
//   8. min_p keeps those that have at least min_p times the largest probability
//      (Nguyen et al., "Min-p Sampling", 2024)
//   9. typical_p keeps those whose surprise is nearest to the expected one, the fewest that reach
//      typical_p together (Meister et al., "Locally Typical Sampling", 2022)
// llama.cpp divides by the temperature last; with temperature 1 there is no difference.
// Between equal logits the lower token id goes first.
struct SamplingParams {
  float temperature = 1.0f;         // from 0
  int32_t top_k = 0;                // 0: all
  float top_p = 1.0f;               // in (0, 1]
  float min_p = 0.0f;               // in [0, 1]
  float typical_p = 1.0f;           // in (0, 1]
  float repetition_penalty = 1.0f;  // > 0
  float presence_penalty = 0.0f;
  float frequency_penalty = 0.0f;
  DryParams dry;
  std::vector<std::pair<int32_t, float>> logit_bias;  // token id, what is added
  uint64_t seed = 0;
};

struct TokenLogprob {
  int32_t token = 0;
  float logprob = 0.0f;  // natural logarithm
};

// One chosen token. Log-probabilities are the model's own, before anything of SamplingParams.
struct Sample {
  int32_t token = 0;
  float logprob = 0.0f;           // 0 unless asked for
  std::vector<TokenLogprob> top;  // most probable first
};

// What a row of logits says of `token`: its log-probability and those of the `top` most probable.
// Refuses logits that are not finite.
Result<Sample> Score(std::span<const float> logits, int32_t token, int top);

// Chooses the tokens of one request. Holds all of its state (random stream, tokens seen), so what
// it chooses depends on its logits alone and never on what else runs. Not synchronised.
class Sampler {
 public:
  static constexpr int kNoLogprobs = -1;
  static constexpr int kMaxTopLogprobs = 128;
  static constexpr size_t kMaxLogitBias = 1024;

  // Refuses values that make no sense, and token ids outside the vocabulary.
  static Status Validate(const SamplingParams& params, int64_t vocab_size);

  // REQUIRES: Validate(params, vocab_size) is ok.
  // `constraint` may be null. `tokenizer` too: it tells dry what breaks a sequence.
  Sampler(SamplingParams params, std::span<const int32_t> prompt,
          std::unique_ptr<ConstraintState> constraint = nullptr,
          const text::Tokenizer* tokenizer = nullptr);

  // Chooses from one row of logits (vocab_size), and counts the token as generated.
  // `top_logprobs`: how many alternatives to return; 0: the chosen token's logprob only;
  // kNoLogprobs: none. Logits that are not finite are refused: weights are damaged, or numbers
  // overflowed.
  Result<Sample> Next(std::span<const float> logits, int top_logprobs = kNoLogprobs);

  // The constraint lets nothing follow.
  bool finished() const { return constraint_ != nullptr && constraint_->Finished(); }

 private:
  struct Candidate {
    float logit;
    int32_t token;
    double weight = 0.0;  // exp((logit - largest) / temperature)
  };
  static bool Before(const Candidate& a, const Candidate& b);  // more probable, or the lower id

  // The constraint, and steps 1 to 4.
  Result<std::span<const float>> Change(std::span<const float> logits);
  void Penalise();                              // steps 2 and 3, in changed_
  int32_t Draw(std::span<const float> logits);  // steps 5 to 9
  // candidates_ become the `count` most probable tokens, sorted; or all by id. Those that cannot
  // follow are left out.
  void TakeBest(std::span<const float> logits, size_t count);
  double KeepTopP(double sum);
  double KeepTypical(double sum);

  SamplingParams params_;
  Random random_;
  std::unique_ptr<ConstraintState> constraint_;
  std::unordered_map<int32_t, int64_t> generated_;  // token → times; 0: in the prompt only
  std::optional<Dry> dry_;
  std::vector<float> changed_;
  std::vector<Candidate> candidates_;
};

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_SAMPLER_H_
