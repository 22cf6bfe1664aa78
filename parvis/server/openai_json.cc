#include "parvis/server/openai_json.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace parvis::server {
namespace {

std::string DurationText(double seconds) {
  if (seconds < 1.0) return fmt::format("{:.0f}ms", std::ceil(seconds * 1000.0));
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  return fmt::format("{}m{}s", whole / 60, whole % 60);
}

void ReadDry(const Json& body, runtime::DryParams& dry) {
  const auto read = [&body](std::string_view name, auto& to) {
    if (const Json& value = Get(body, name); !value.is_null()) value.get_to(to);
  };
  read("dry_multiplier", dry.multiplier);
  read("dry_base", dry.base);
  read("dry_allowed_length", dry.allowed_length);
  read("dry_penalty_last_n", dry.penalty_last_n);
  read("dry_sequence_breakers", dry.sequence_breakers);
}

}  // namespace

std::optional<service::Refusal> ReadSampling(const Json& body, service::GenerateSpec& spec) {
  const auto number = [&body](std::string_view name, float& to) {
    if (const Json& value = Get(body, name); !value.is_null()) to = value.get<float>();
  };
  number("temperature", spec.sampling.temperature);
  number("top_p", spec.sampling.top_p);
  number("min_p", spec.sampling.min_p);
  number("presence_penalty", spec.sampling.presence_penalty);
  number("frequency_penalty", spec.sampling.frequency_penalty);
  number("repetition_penalty", spec.sampling.repetition_penalty);
  ReadDry(body, spec.sampling.dry);
  if (const Json& k = Get(body, "top_k"); !k.is_null()) spec.sampling.top_k = k.get<int32_t>();
  // A share of nothing keeps the likeliest token, which top_k says exactly.
  if (spec.sampling.top_p == 0.0f) {
    spec.sampling.top_p = 1.0f;
    spec.sampling.top_k = 1;
  }
  if (const Json& n = Get(body, "n"); !n.is_null()) spec.choices_per_prompt = n.get<int64_t>();
  if (const Json& seed = Get(body, "seed"); !seed.is_null()) {
    spec.seed = static_cast<uint64_t>(seed.get<int64_t>());
  }
  if (const Json& stop = Get(body, "stop"); stop.is_string()) {
    spec.stop.push_back(stop.get<std::string>());
  } else if (stop.is_array()) {
    spec.stop = stop.get<std::vector<std::string>>();
  }
  if (const Json& biases = Get(body, "logit_bias"); biases.is_object()) {
    for (const auto& [name, value] : biases.items()) {
      int32_t token = 0;
      const char* const end = name.data() + name.size();
      const auto read = std::from_chars(name.data(), end, token);
      if (read.ec != std::errc() || read.ptr != end || token < 0) {
        return service::Invalid("logit_bias", fmt::format("logit_bias: '{}' is no token's number.",
                                                          name.substr(0, 64)));
      }
      spec.sampling.logit_bias.emplace_back(token, value.get<float>());
    }
  }
  return std::nullopt;
}

OrderedJson FinishReason(std::optional<service::Finish> finish) {
  if (!finish || *finish == service::Finish::kCancelled) return {};
  return service::FinishName(*finish);
}

OrderedJson UsageJson(const runtime::Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}},
          {"completion_tokens_details", {{"reasoning_tokens", 0}}}};
}

namespace {

OrderedJson TokenJson(const service::TokenInfo& token) {
  OrderedJson bytes = OrderedJson::array();
  for (const char c : token.bytes) bytes.push_back(static_cast<unsigned char>(c));
  return {{"token", token.bytes}, {"logprob", token.logprob}, {"bytes", std::move(bytes)}};
}

}  // namespace

OrderedJson ChatLogprobs(const std::vector<service::TokenInfo>& tokens) {
  OrderedJson entries = OrderedJson::array();
  for (const service::TokenInfo& token : tokens) {
    OrderedJson entry = TokenJson(token);
    entry["top_logprobs"] = OrderedJson::array();
    for (const service::TokenInfo& other : token.top)
      entry["top_logprobs"].push_back(TokenJson(other));
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string Dump(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

std::string Event(const OrderedJson& json) { return "data: " + Dump(json) + "\n\n"; }

Headers AdmissionHeaders(const service::Admission& admission) {
  Headers headers = {{"x-parvis-moderation", std::string(admission.check)}};
  if (admission.dropped > 0) {
    headers.emplace_back("x-parvis-dropped-messages", std::to_string(admission.dropped));
  }
  const service::RateView& rate = admission.rate;
  if (rate.limit_requests > 0) {
    headers.emplace_back("x-ratelimit-limit-requests", std::to_string(rate.limit_requests));
    headers.emplace_back("x-ratelimit-remaining-requests", std::to_string(rate.remaining_requests));
    headers.emplace_back("x-ratelimit-reset-requests", DurationText(rate.reset_requests_seconds));
  }
  if (rate.limit_tokens > 0) {
    headers.emplace_back("x-ratelimit-limit-tokens", std::to_string(rate.limit_tokens));
    headers.emplace_back("x-ratelimit-remaining-tokens", std::to_string(rate.remaining_tokens));
    headers.emplace_back("x-ratelimit-reset-tokens", DurationText(rate.reset_tokens_seconds));
  }
  if (rate.limit_day_tokens > 0) {
    headers.emplace_back("x-parvis-limit-tokens-day", std::to_string(rate.limit_day_tokens));
    headers.emplace_back("x-parvis-remaining-tokens-day",
                         std::to_string(rate.remaining_day_tokens));
  }
  if (!admission.notice.empty()) headers.emplace_back("x-parvis-notice", admission.notice);
  return headers;
}

}  // namespace parvis::server
