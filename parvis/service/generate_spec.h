#ifndef PARVIS_SERVICE_GENERATE_SPEC_H_
#define PARVIS_SERVICE_GENERATE_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/grammar/calls.h"
#include "parvis/runtime/sampler.h"
#include "parvis/service/prompt_tokens.h"

namespace parvis::service {

// What an answer must be.
struct OutputForm {
  enum class Kind { kText, kJsonObject, kJsonSchema, kCall };
  Kind kind = Kind::kText;
  OrderedJson schema = {};  // of kJsonSchema
  bool strict = false;
  // Of kCall: the answer is {"name": …, "arguments": …} of one of them.
  std::vector<grammar::CallableFunction> functions = {};
  std::string param = {};  // the part of the request that asks for it
};

struct GenerateSpec {
  std::string model;
  std::vector<PromptSource> prompts;  // at least one
  int64_t choices_per_prompt = 1;
  std::optional<int64_t> max_tokens;  // of a choice; none: as many as fit
  runtime::SamplingParams sampling;
  std::optional<uint64_t> seed;  // none: a new one
  std::vector<std::string> stop;
  int logprobs = runtime::Sampler::kNoLogprobs;  // alternatives for each token
  bool tell_prompt = false;  // Delta::prompt; with logprobs if those of the answer are told
  // Prompts of text may end within a word: their last tokens are taken back where a longer one
  // could stand (runtime/token_healing.h). Not together with log-probabilities or a form.
  bool heal = false;
  OutputForm form;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_GENERATE_SPEC_H_
