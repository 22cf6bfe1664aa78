#ifndef PARVIS_CLI_SAMPLING_FLAGS_H_
#define PARVIS_CLI_SAMPLING_FLAGS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "parvis/cli/flag_set.h"
#include "parvis/core/json.h"
#include "parvis/models/model.h"
#include "parvis/runtime/engine.h"

namespace parvis::cli {

// How text is generated: --max-tokens, --temperature and so on.
struct SamplingFlags {
  int64_t max_tokens = 256;  // 0: until the model ends or its context length is full
  float temperature = 0.8f;
  float top_p = 0.95f;
  int32_t top_k = 0;
  float min_p = 0.0f;
  float typical_p = 1.0f;
  float repetition_penalty = 1.0f;
  float presence_penalty = 0.0f;
  float frequency_penalty = 0.0f;
  runtime::DryParams dry;
  uint64_t seed = 0;
  std::vector<std::string> logit_bias;  // "ID:BIAS"
  std::vector<std::string> stop;
  bool ignore_end = false;
  int logprobs = runtime::Sampler::kNoLogprobs;
  bool heal = false;  // prompts of text: see runtime/token_healing.h

  void AddTo(FlagSet& flags);
  void AddHeal(FlagSet& flags);
  // After parsing: without --seed the system chooses one. Results name it.
  void ChooseSeed();
  // A request for `prompt`, with the model's own tokens for its begin.
  Result<runtime::GenerateRequest> Request(const models::Model& model,
                                           const std::string& prompt) const;
  // The same for tokens, which are taken as they are.
  Result<runtime::GenerateRequest> Request(std::vector<int32_t> prompt) const;
  // For what stands between two texts. Refuses a model that does not know how.
  Result<runtime::GenerateRequest> Between(const models::Model& model, const std::string& prefix,
                                           const std::string& suffix) const;

 private:
  void Heal(const models::Model& model, runtime::GenerateRequest& request) const;
  std::vector<std::string> breakers_;  // in place of dry's own; "none": none
  Flag seed_flag_;
};

// Runs the engine until nothing is left to do; after Ctrl-C the requests are cancelled.
void Drive(runtime::Engine& engine, const std::vector<runtime::RequestId>& requests);

// Usage, timings and finish reason of an answer, for --json.
OrderedJson AnswerFacts(const runtime::TokenEvent& last);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_SAMPLING_FLAGS_H_
