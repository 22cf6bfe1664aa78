#include "parvis/cli/sampling_flags.h"

#include <charconv>
#include <random>

#include "parvis/cli/interrupt.h"
#include "parvis/runtime/prompt.h"
#include "parvis/runtime/token_healing.h"

namespace parvis::cli {
namespace {

// "17:-2.5": a token and what is added to its logit.
Result<std::pair<int32_t, float>> ParseBias(const std::string& text) {
  const size_t colon = text.find(':');
  const char* const end = text.data() + text.size();
  std::pair<int32_t, float> bias;
  if (colon != std::string::npos) {
    const char* const middle = text.data() + colon;
    const auto id = std::from_chars(text.data(), middle, bias.first);
    const auto number = std::from_chars(middle + 1, end, bias.second);
    if (id.ec == std::errc() && id.ptr == middle && number.ec == std::errc() && number.ptr == end) {
      return bias;
    }
  }
  return InvalidArgument("--logit-bias: '" + text + "' is not like 17:-2.5");
}

}  // namespace

void SamplingFlags::AddTo(FlagSet& flags) {
  flags.Add("-n,--max-tokens", &max_tokens, "At most so many tokens (0: as many as fit)",
            {.min = 0, .show_default = true});
  flags.Add("--temperature", &temperature, "0: always the likeliest token", {.show_default = true});
  flags.Add("--top-p", &top_p, "Keep the likeliest tokens that have this share together",
            {.show_default = true});
  flags.Add("--top-k", &top_k, "Keep the k likeliest tokens (0: all)", {.show_default = true});
  flags.Add("--min-p", &min_p, "Keep tokens with this share of the likeliest one's",
            {.show_default = true});
  flags.Add("--typical-p", &typical_p,
            "Keep the tokens that surprise as much as expected and have this share together",
            {.show_default = true});
  flags.Add("--repetition-penalty", &repetition_penalty, "Divides what was there already",
            {.show_default = true});
  flags.Add("--presence-penalty", &presence_penalty, "Subtracted once from what was generated");
  flags.Add("--frequency-penalty", &frequency_penalty,
            "Subtracted each time that a token was generated");
  flags.Add("--dry-multiplier", &dry.multiplier,
            "Makes going on with a repetition less likely, the longer it is; 0.8, say (0: not)",
            {.show_default = true});
  flags.Add("--dry-base", &dry.base, "Its growth with each repeated token", {.show_default = true});
  flags.Add("--dry-allowed-length", &dry.allowed_length, "So many tokens may be repeated",
            {.show_default = true});
  flags.Add("--dry-penalty-last-n", &dry.penalty_last_n,
            "So many tokens are looked at for repetitions (-1: all)", {.show_default = true});
  flags.Add("--dry-sequence-breaker", &breakers_,
            "No repetition reaches across this text; may be given several times (none: nothing "
            "breaks one; default: line's end, colon, quote, asterisk)");
  flags.Add("--logit-bias", &logit_bias,
            "ID:NUMBER is added to the logit of a token; may be given several times");
  seed_flag_ = flags.Add("--seed", &seed, "Same seed, same text (default: a new one)");
  flags.Add("--stop", &stop, "End before this text; may be given several times");
  flags.Add("--ignore-end", &ignore_end, "Go on after the model's end token");
  flags.Add("--logprobs", &logprobs,
            "With --json: log-probability of each token and of so many others",
            {.min = 0, .max = runtime::Sampler::kMaxTopLogprobs});
}

void SamplingFlags::AddHeal(FlagSet& flags) {
  flags.Add(
      "--heal", &heal,
      "Take a prompt's last tokens back where a longer one could stand (\"retur\" → \"return\")");
}

void SamplingFlags::ChooseSeed() {
  if (seed_flag_.given()) return;
  std::random_device device;
  seed = device() & 0x7fffffffu;  // short enough to be typed again
}

Result<runtime::GenerateRequest> SamplingFlags::Request(const models::Model& model,
                                                        const std::string& prompt) const {
  PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model));
  std::vector<int32_t> tokens = runtime::PromptTokens(model, prompt);
  if (tokens.empty()) return InvalidArgument("the prompt is empty");
  PARVIS_ASSIGN_OR_RETURN(runtime::GenerateRequest request, Request(std::move(tokens)));
  Heal(model, request);
  return request;
}

void SamplingFlags::Heal(const models::Model& model, runtime::GenerateRequest& request) const {
  if (!heal || model.stack.blueprint().encoder_layers > 0) return;
  request.begins_with = runtime::TakeBackEnd(*model.tokenizer, request.prompt);
}

Result<runtime::GenerateRequest> SamplingFlags::Between(const models::Model& model,
                                                        const std::string& prefix,
                                                        const std::string& suffix) const {
  PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model));
  PARVIS_ASSIGN_OR_RETURN(runtime::InfillPrompt prompt,
                          runtime::MakeInfillPrompt(model, prefix, suffix));
  PARVIS_ASSIGN_OR_RETURN(runtime::GenerateRequest request, Request(std::move(prompt.tokens)));
  if (!ignore_end) request.stop_tokens = std::move(prompt.ends);
  Heal(model, request);
  return request;
}

Result<runtime::GenerateRequest> SamplingFlags::Request(std::vector<int32_t> prompt) const {
  runtime::GenerateRequest request;
  request.prompt = std::move(prompt);
  if (max_tokens > 0) request.max_tokens = max_tokens;
  request.sampling = {.temperature = temperature,
                      .top_k = top_k,
                      .top_p = top_p,
                      .min_p = min_p,
                      .typical_p = typical_p,
                      .repetition_penalty = repetition_penalty,
                      .presence_penalty = presence_penalty,
                      .frequency_penalty = frequency_penalty,
                      .dry = dry,
                      .logit_bias = {},
                      .seed = seed};
  if (!breakers_.empty()) request.sampling.dry.sequence_breakers = breakers_;
  std::erase(request.sampling.dry.sequence_breakers, "none");
  for (const std::string& bias : logit_bias) {
    PARVIS_ASSIGN_OR_RETURN(const auto parsed, ParseBias(bias));
    request.sampling.logit_bias.push_back(parsed);
  }
  request.stop_strings = stop;
  request.ignore_end = ignore_end;
  request.logprobs = logprobs;
  return request;
}

void Drive(runtime::Engine& engine, const std::vector<runtime::RequestId>& requests) {
  bool cancelled = false;
  while (engine.unfinished() > 0) {
    if (Interrupted() && !cancelled) {
      for (const runtime::RequestId id : requests) engine.Cancel(id);
      cancelled = true;
    }
    engine.Step();
  }
}

OrderedJson AnswerFacts(const runtime::TokenEvent& last) {
  const double generated = static_cast<double>(last.usage.completion_tokens);
  const double seconds = last.timings.generation;
  OrderedJson facts;
  facts["finish_reason"] = last.finish ? runtime::FinishReasonName(*last.finish) : "";
  facts["usage"] = {{"prompt_tokens", last.usage.prompt_tokens},
                    {"completion_tokens", last.usage.completion_tokens}};
  facts["timings"] = {{"prompt_seconds", last.timings.prompt},
                      {"generation_seconds", seconds},
                      {"tokens_per_second", seconds > 0 ? (generated - 1) / seconds : 0.0}};
  return facts;
}

}  // namespace parvis::cli
