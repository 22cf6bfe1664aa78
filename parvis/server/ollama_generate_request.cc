// The bodies of POST /api/chat and /api/generate: what they may hold, and what they ask for.

#include "parvis/server/ollama_generate_request.h"

#include <utility>

#include "parvis/server/ollama_json.h"
#include "parvis/server/tools.h"

namespace parvis::server {
namespace {

using service::Invalid;
using service::Refusal;

constexpr Shape kOff = Integer(0, 0);
constexpr Shape kAnyNumber = Number(-1e9, 1e9);
constexpr Field kOptionFields[] = {
    {"num_predict", Integer(-2, 1'000'000)},
    {"seed", Integer(-kMaxExactInteger, kMaxExactInteger)},
    {"temperature", Number(0, 10)},
    {"top_k", Integer(0, 1'000'000)},
    {"top_p", Number(0, 1)},
    {"min_p", Number(0, 1)},
    {"typical_p", Number(0.01, 1)},
    {"repeat_penalty", Number(0.1, 10)},
    {"presence_penalty", Number(-2, 2)},
    {"frequency_penalty", Number(-2, 2)},
    {"stop", OneOf(kStopShapes)},
    {"mirostat", kOff},  // Parvis has no such sampler
    {"tfs_z", Number(1, 1)},
    {"mirostat_tau", kAnyNumber, Presence::kIgnored},
    {"mirostat_eta", kAnyNumber, Presence::kIgnored},
    {"repeat_last_n", kAnyNumber, Presence::kIgnored},
    {"penalize_newline", Boolean(), Presence::kIgnored},
    {"num_keep", kAnyNumber, Presence::kIgnored},
    {"num_ctx", kAnyNumber, Presence::kIgnored},
    {"num_batch", kAnyNumber, Presence::kIgnored},
    {"num_gpu", kAnyNumber, Presence::kIgnored},
    {"main_gpu", kAnyNumber, Presence::kIgnored},
    {"num_thread", kAnyNumber, Presence::kIgnored},
    {"numa", Boolean(), Presence::kIgnored},
    {"low_vram", Boolean(), Presence::kIgnored},
    {"f16_kv", Boolean(), Presence::kIgnored},
    {"vocab_only", Boolean(), Presence::kIgnored},
    {"use_mmap", Boolean(), Presence::kIgnored},
    {"use_mlock", Boolean(), Presence::kIgnored},
    {"logits_all", Boolean(), Presence::kIgnored},
};

constexpr Shape kOptions = Object(kOptionFields);
constexpr Shape kAny = Any();
constexpr Shape kNone = Array(kAny, 0, 0);
constexpr Shape kFormatShapes[] = {String(16), Object({}, /*open=*/true)};
constexpr Shape kFormat = OneOf(kFormatShapes);
constexpr Shape kThinkShapes[] = {Boolean(), String(16)};
constexpr Shape kThink = OneOf(kThinkShapes);

constexpr Shape kAnyObject = Object({}, /*open=*/true);
constexpr std::string_view kFunctionType[] = {"function"};
constexpr Field kFunctionFields[] = {
    {"name", String(256, 1), Presence::kRequired},
    {"description", String(65536)},
    {"parameters", kAnyObject},
};
constexpr Field kToolFields[] = {
    {"type", Among(kFunctionType)},
    {"function", Object(kFunctionFields), Presence::kRequired},
};
constexpr Shape kTool = Object(kToolFields);
constexpr Field kCalledFields[] = {
    {"index", Integer(0, 1'000'000), Presence::kIgnored},
    {"name", String(256, 1), Presence::kRequired},
    {"arguments", kAnyObject, Presence::kRequired},
};
constexpr Field kCallFields[] = {
    {"id", String(256)},
    {"type", Among(kFunctionType)},
    {"function", Object(kCalledFields), Presence::kRequired},
};
constexpr Shape kCall = Object(kCallFields);
constexpr std::string_view kRoles[] = {"system", "user", "assistant", "tool"};
constexpr Field kMessageFields[] = {
    {"role", Among(kRoles), Presence::kRequired},
    {"content", String(kMaxText)},
    {"thinking", String(kMaxText), Presence::kIgnored},
    {"tool_name", String(256)},
    {"tool_call_id", String(256)},
    {"images", kNone},
    {"tool_calls", Array(kCall, 0, 128)},
};
constexpr Shape kMessage = Object(kMessageFields);
constexpr Field kChatFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"messages", Array(kMessage, 0, 4096)},
    {"stream", Boolean()},
    {"options", kOptions},
    {"keep_alive", kKeepAlive},
    {"format", kFormat},
    {"tools", Array(kTool, 0, 128)},
    {"think", kThink, Presence::kIgnored},
    {"truncate", Boolean(), Presence::kIgnored},  // what is too long is refused, never cut
    {"shift", Boolean(), Presence::kIgnored},
    {"logprobs", Boolean(), Presence::kUnsupported},
    {"top_logprobs", Any(), Presence::kUnsupported},
};
constexpr Shape kChatBody = Object(kChatFields);
constexpr Field kGenerateFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"prompt", String(kMaxText)},
    {"system", String(kMaxText)},
    {"raw", Boolean()},
    {"stream", Boolean()},
    {"options", kOptions},
    {"keep_alive", kKeepAlive},
    {"format", kFormat},
    {"template", String(kMaxText)},
    {"suffix", String(kMaxText)},
    {"images", kNone},
    {"context", Any(), Presence::kUnsupported},
    {"think", kThink, Presence::kIgnored},
    {"truncate", Boolean(), Presence::kIgnored},
    {"shift", Boolean(), Presence::kIgnored},
    {"logprobs", Boolean(), Presence::kUnsupported},
    {"top_logprobs", Any(), Presence::kUnsupported},
};
constexpr Shape kGenerateBody = Object(kGenerateFields);

void ReadOptions(const Json& body, service::GenerateSpec& spec) {
  Json options = {{"temperature", 0.8}, {"top_k", 40}, {"top_p", 0.9}};
  if (const Json& said = Get(body, "options"); said.is_object()) {
    for (const auto& [name, value] : said.items()) {
      if (!value.is_null()) options[name == "repeat_penalty" ? "repetition_penalty" : name] = value;
    }
  }
  // None of these options can name a token, so nothing is refused.
  (void)ReadSampling(options, spec);
  if (const Json& p = Get(options, "typical_p"); !p.is_null()) {
    spec.sampling.typical_p = p.get<float>();
  }
  if (const Json& most = Get(options, "num_predict"); !most.is_null() && most.get<int64_t>() >= 0) {
    spec.max_tokens = most.get<int64_t>();
  }
}

OrderedJson MessageForTemplate(const OrderedJson& message) {
  const OrderedJson content = message.value("content", OrderedJson());
  OrderedJson entry = {{"role", message["role"]}, {"content", content.is_null() ? "" : content}};
  const auto copy = [&](const char* from, const char* to) {
    if (message.contains(from) && !message[from].is_null()) entry[to] = message[from];
  };
  copy("tool_name", "name");
  copy("tool_call_id", "tool_call_id");
  for (const OrderedJson& call : message.value("tool_calls", OrderedJson())) {
    const OrderedJson& function = call["function"];
    const OrderedJson id = call.value("id", OrderedJson());
    entry["tool_calls"].push_back(CallForTemplate(id.is_null() ? "" : id.get<std::string>(),
                                                  function["name"].get<std::string>(),
                                                  function["arguments"]));
  }
  return entry;
}

// An assistant's last message is the beginning of the answer, unless it calls.
service::OrRefusal<service::ConversationText> ReadMessages(const OrderedJson& body,
                                                           service::OutputForm& form,
                                                           std::set<std::string>& functions) {
  OrderedJson messages = OrderedJson::array();
  for (const OrderedJson& message : body["messages"]) {
    messages.push_back(MessageForTemplate(message));
  }
  const OrderedJson& last = messages.back();
  const bool continues = last["role"] == "assistant" && !last.contains("tool_calls");
  OrderedJson conversation = {{"messages", std::move(messages)}};
  OrderedJson tools = OrderedJson::array();
  for (const OrderedJson& tool : body.value("tools", OrderedJson())) {
    const OrderedJson& function = tool["function"];
    tools.push_back(ToolForTemplate(function["name"].get<std::string>(),
                                    function.value("description", OrderedJson()),
                                    function.value("parameters", OrderedJson())));
  }
  if (auto refusal = OfferTools(tools, std::nullopt, conversation, form, functions)) {
    return std::move(*refusal);
  }
  return service::ConversationText{.json = conversation.dump(), .continues = continues};
}

// "json", or a schema.
std::optional<Refusal> ReadFormat(const OrderedJson& body, service::OutputForm& form) {
  const OrderedJson format = body.value("format", OrderedJson());
  if (format.is_null() || format == "") return std::nullopt;
  if (format.is_string() && format != "json") {
    return Invalid("format", "'format' must be \"json\" or a JSON Schema.", "invalid_value");
  }
  form.param = "format";
  form.kind = service::OutputForm::Kind::kJsonObject;
  if (format.is_object()) {
    form.kind = service::OutputForm::Kind::kJsonSchema;
    form.schema = format;
  }
  return std::nullopt;
}

// A prompt goes through the model's template as a user's message; a model without one goes on with
// it as it is, and so does every model that is asked to ("raw"). With a suffix the answer is what
// stands between the two.
service::OrRefusal<service::PromptSource> ReadPrompt(const Json& body) {
  const Json& said = Get(body, "prompt");
  const auto prompt = said.is_string() ? said.get<std::string>() : std::string();
  const bool has_system = !IsEmpty(body, "system");
  if (const Json& suffix = Get(body, "suffix"); suffix.is_string() && suffix != "") {
    if (has_system) return Invalid("system", "'system' and 'suffix' exclude each other.");
    return service::PromptSource(service::InfillText{prompt, suffix.get<std::string>()});
  }
  if (Get(body, "raw") == true) {
    if (has_system) return Invalid("system", "'system' and 'raw' exclude each other.");
    return service::PromptSource(prompt);
  }
  OrderedJson messages = OrderedJson::array();
  if (has_system) messages.push_back({{"role", "system"}, {"content", body["system"]}});
  messages.push_back({{"role", "user"}, {"content", prompt}});
  service::ConversationText text{.json = OrderedJson{{"messages", std::move(messages)}}.dump()};
  if (!has_system) text.plain = prompt;
  return service::PromptSource(std::move(text));
}

}  // namespace

const Shape& OllamaChatBody() { return kChatBody; }
const Shape& OllamaGenerateBody() { return kGenerateBody; }

bool IsEmpty(const Json& body, const char* name) {
  const Json& value = Get(body, name);
  return value.is_null() || value.empty() || value == "";
}

std::optional<Refusal> RefuseUnserved(const Json& body) {
  const Json& value = Get(body, "template");
  if (value.is_null() || value == "") return std::nullopt;
  return Invalid("template", "Parvis does not support 'template' here.", "unsupported_parameter");
}

service::OrRefusal<service::GenerateSpec> ReadOllamaSpec(const Json& body, const std::string& text,
                                                         bool chat,
                                                         std::set<std::string>& functions) {
  service::GenerateSpec spec{.model = ModelOf(body)};
  const OrderedJson ordered = OrderedJson::parse(text);  // bounded: ReadBody has read it already
  if (chat) {
    auto messages = ReadMessages(ordered, spec.form, functions);
    if (!messages.ok()) return messages.refusal();
    spec.prompts.emplace_back(std::move(*messages));
  } else {
    auto prompt = ReadPrompt(body);
    if (!prompt.ok()) return prompt.refusal();
    spec.prompts.push_back(std::move(*prompt));
  }
  if (auto refusal = ReadFormat(ordered, spec.form)) return std::move(*refusal);
  ReadOptions(body, spec);
  return spec;
}

}  // namespace parvis::server
