#include "parvis/service/upstream_request.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>
#include <variant>

#include "parvis/service/upstream_usage.h"

namespace parvis::service {
namespace {

std::string Dump(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

// The number as its writer meant it: 0.7, not 0.699999988.
double Shortest(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

void AddSampling(const GenerateSpec& spec, OrderedJson& body) {
  const runtime::SamplingParams& s = spec.sampling;
  const runtime::SamplingParams usual;
  const auto add = [&body](const char* name, float value, float otherwise) {
    if (value != otherwise) body[name] = Shortest(value);
  };
  add("temperature", s.temperature, usual.temperature);
  add("top_p", s.top_p, usual.top_p);
  add("presence_penalty", s.presence_penalty, usual.presence_penalty);
  add("frequency_penalty", s.frequency_penalty, usual.frequency_penalty);
  // Not OpenAI's own words, but those of others who speak its API.
  add("min_p", s.min_p, usual.min_p);
  add("repetition_penalty", s.repetition_penalty, usual.repetition_penalty);
  if (s.dry.multiplier > 0.0f) {
    body["dry_multiplier"] = Shortest(s.dry.multiplier);
    body["dry_base"] = Shortest(s.dry.base);
    body["dry_allowed_length"] = s.dry.allowed_length;
    body["dry_penalty_last_n"] = s.dry.penalty_last_n;
    body["dry_sequence_breakers"] = s.dry.sequence_breakers;
  }
  if (s.top_k != usual.top_k) body["top_k"] = s.top_k;
  if (spec.seed) body["seed"] = static_cast<int64_t>(*spec.seed);
  if (!spec.stop.empty()) body["stop"] = spec.stop;
  if (spec.choices_per_prompt != 1) body["n"] = spec.choices_per_prompt;
}

// Arguments of calls are values to templates and a text to the API.
void WriteArguments(OrderedJson& message) {
  const auto calls = message.find("tool_calls");
  if (calls == message.end() || !calls->is_array()) return;
  for (OrderedJson& call : *calls) {
    if (!call.contains("function") || !call["function"].contains("arguments")) continue;
    OrderedJson& arguments = call["function"]["arguments"];
    if (!arguments.is_string()) arguments = Dump(arguments);
  }
}

void AddForm(const OutputForm& form, OrderedJson& body) {
  switch (form.kind) {
    case OutputForm::Kind::kText:
      return;
    case OutputForm::Kind::kJsonObject:
      body["response_format"] = {{"type", "json_object"}};
      return;
    case OutputForm::Kind::kJsonSchema:
      body["response_format"] = {
          {"type", "json_schema"},
          {"json_schema", {{"name", "answer"}, {"schema", form.schema}, {"strict", form.strict}}}};
      return;
    case OutputForm::Kind::kCall:
      if (form.functions.size() == 1) {
        body["tool_choice"] = {{"type", "function"},
                               {"function", {{"name", form.functions[0].name}}}};
      } else {
        body["tool_choice"] = "required";
      }
  }
}

Refusal NotThere(const std::string& param, const std::string& model) {
  return Invalid(param, fmt::format("'{}' does not go with '{}', which another service computes: "
                                    "its tokens are not known here.",
                                    param, model));
}

std::optional<Refusal> RefuseTokens(const GenerateSpec& spec) {
  if (spec.tell_prompt) return NotThere("echo", spec.model);
  if (spec.heal) return NotThere("heal", spec.model);
  if (!spec.sampling.logit_bias.empty()) return NotThere("logit_bias", spec.model);
  for (const PromptSource& prompt : spec.prompts) {
    if (std::holds_alternative<std::vector<int32_t>>(prompt)) return NotThere("prompt", spec.model);
  }
  return std::nullopt;
}

void Count(const std::string& text, UpstreamRequest& request) {
  request.prompt_bytes += static_cast<int64_t>(text.size());
  request.plan.input_tokens += static_cast<int64_t>(text.size()) + kTokensAroundText;
  request.plan.texts.push_back(text);
}

std::optional<Refusal> AddChat(const ConversationText& conversation, const GenerateSpec& spec,
                               const UpstreamSettings& settings, OrderedJson& body,
                               UpstreamRequest& request) {
  if (conversation.continues) {
    return Invalid("messages", fmt::format("'{}' is computed by another service, which begins its "
                                           "answers itself: the last message must be the user's.",
                                           spec.model));
  }
  OrderedJson read = OrderedJson::parse(conversation.json, nullptr, /*allow_exceptions=*/false);
  if (!read.is_object() || !read.contains("messages")) {
    return Invalid("messages", "These messages cannot be passed on.");
  }
  for (OrderedJson& message : read["messages"]) {
    WriteArguments(message);
    Count(Dump(message), request);
  }
  body["messages"] = std::move(read["messages"]);
  if (const auto tools = read.find("tools"); tools != read.end() && !tools->empty()) {
    Count(Dump(*tools), request);
    body["tools"] = std::move(*tools);
    request.tools = true;
  }
  AddForm(spec.form, body);
  body[settings.limit_field] = request.limit;
  if (spec.logprobs >= 0) body["logprobs"] = true;
  if (spec.logprobs > 0) body["top_logprobs"] = spec.logprobs;
  request.path = "/chat/completions";
  request.chat = true;
  return std::nullopt;
}

std::optional<Refusal> AddPrompts(const GenerateSpec& spec, OrderedJson& body,
                                  UpstreamRequest& request) {
  OrderedJson prompts = OrderedJson::array();
  for (const PromptSource& prompt : spec.prompts) {
    if (const auto* around = std::get_if<InfillText>(&prompt)) {
      Count(around->prefix, request);
      Count(around->suffix, request);
      prompts.push_back(around->prefix);
      body["suffix"] = around->suffix;  // the same for all prompts of a request
    } else if (const auto* text = std::get_if<std::string>(&prompt)) {
      Count(*text, request);
      prompts.push_back(*text);
    } else {
      return Invalid("messages", "Several conversations cannot be passed on.");
    }
  }
  body["prompt"] = prompts.size() == 1 ? std::move(prompts[0]) : std::move(prompts);
  body["max_tokens"] = request.limit;
  if (spec.logprobs >= 0) body["logprobs"] = spec.logprobs;
  AddForm(spec.form, body);
  request.path = "/completions";
  return std::nullopt;
}

}  // namespace

OrRefusal<UpstreamRequest> UpstreamRequestOf(const GenerateSpec& spec,
                                             const UpstreamSettings& settings) {
  if (auto refusal = RefuseTokens(spec)) return std::move(*refusal);
  UpstreamRequest request;
  request.logprobs = spec.logprobs;
  request.limit = spec.max_tokens.value_or(settings.max_tokens);
  OrderedJson body = {{"model", settings.model}};
  const auto* chat = std::get_if<ConversationText>(&spec.prompts[0]);
  auto refusal = chat != nullptr && spec.prompts.size() == 1
                     ? AddChat(*chat, spec, settings, body, request)
                     : AddPrompts(spec, body, request);
  if (refusal) return std::move(*refusal);
  AddSampling(spec, body);
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  request.body = Dump(body);
  request.plan.choices = static_cast<int64_t>(spec.prompts.size()) * spec.choices_per_prompt;
  request.plan.max_output_tokens = request.plan.choices * request.limit;
  return request;
}

}  // namespace parvis::service
