// The body of POST /v1/chat/completions: what it may hold, and the task that it asks for.

#include "parvis/server/openai_chat_request.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "parvis/server/openai_json.h"
#include "parvis/server/tools.h"

namespace parvis::server {
namespace {

using service::Invalid;
using service::OutputForm;
using service::Refusal;

constexpr std::string_view kRoles[] = {"system", "developer", "user", "assistant", "tool"};
constexpr std::string_view kPartTypes[] = {"text", "refusal"};
constexpr Field kPartFields[] = {
    {"type", Among(kPartTypes), Presence::kRequired},
    {"text", String(kMaxText), Presence::kOptional},
    {"refusal", String(kMaxText), Presence::kOptional},
};
constexpr Shape kPart = Object(kPartFields);
constexpr Shape kContentShapes[] = {String(kMaxText), Array(kPart, 1, 1024)};
constexpr std::string_view kFunctionType[] = {"function"};
constexpr Field kCalledFields[] = {
    {"name", String(64, 1), Presence::kRequired},
    {"arguments", String(kMaxText), Presence::kRequired},
};
constexpr Field kCallFields[] = {
    {"id", String(256, 1), Presence::kRequired},
    {"type", Among(kFunctionType), Presence::kRequired},
    {"function", Object(kCalledFields), Presence::kRequired},
};
constexpr Shape kCall = Object(kCallFields);
constexpr Field kMessageFields[] = {
    {"role", Among(kRoles), Presence::kRequired},
    {"content", OneOf(kContentShapes)},
    {"name", String(64)},
    {"refusal", String(kMaxText)},
    {"tool_call_id", String(256)},
    {"tool_calls", Array(kCall, 1, 128)},
    {"function_call", Any(), Presence::kUnsupported},
    {"audio", Any(), Presence::kUnsupported},
    {"annotations", Any(), Presence::kIgnored},
};
constexpr Shape kMessage = Object(kMessageFields);
constexpr Shape kAnyObject = Object({}, /*open=*/true);
constexpr std::string_view kFormats[] = {"text", "json_object", "json_schema"};
constexpr Field kJsonSchemaFields[] = {
    {"name", String(64, 1), Presence::kRequired},
    {"description", String(65536)},
    {"schema", kAnyObject},
    {"strict", Boolean()},
};
constexpr Field kFormatFields[] = {
    {"type", Among(kFormats), Presence::kRequired},
    {"json_schema", Object(kJsonSchemaFields)},
    {"schema", kAnyObject},  // as llama-server takes it
};
constexpr Field kFunctionFields[] = {
    {"name", String(64, 1), Presence::kRequired},
    {"description", String(65536)},
    {"parameters", kAnyObject},
    {"strict", Boolean(), Presence::kIgnored},
};
constexpr Field kToolFields[] = {
    {"type", Among(kFunctionType), Presence::kRequired},
    {"function", Object(kFunctionFields), Presence::kRequired},
};
constexpr Shape kTool = Object(kToolFields);
constexpr std::string_view kChoices[] = {"none", "auto", "required"};
constexpr Field kChosenFields[] = {{"name", String(64, 1), Presence::kRequired}};
constexpr Field kChoiceFields[] = {
    {"type", Among(kFunctionType), Presence::kRequired},
    {"function", Object(kChosenFields), Presence::kRequired},
};
constexpr Shape kChoiceShapes[] = {Among(kChoices), Object(kChoiceFields)};
constexpr std::string_view kTiers[] = {"auto", "default", "flex", "priority", "scale"};
constexpr Field kFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"messages", Array(kMessage, 1, 4096), Presence::kRequired},
    {"max_completion_tokens", Integer(1, 1'000'000)},
    {"max_tokens", Integer(1, 1'000'000)},
    {"temperature", Number(0, 2)},
    {"top_p", Number(0, 1)},
    {"top_k", Integer(0, 1'000'000)},
    {"min_p", Number(0, 1)},
    {"repetition_penalty", Number(0.1, 10)},
    {"presence_penalty", Number(-2, 2)},
    {"frequency_penalty", Number(-2, 2)},
    {"dry_multiplier", Number(0, 100)},
    {"dry_base", Number(1, 100)},
    {"dry_allowed_length", Integer(1, 1'000'000)},
    {"dry_penalty_last_n", Integer(-1, 1'000'000)},
    {"dry_sequence_breakers", kBreakers},
    {"logit_bias", kLogitBias},
    {"n", Integer(1, 128)},
    {"seed", Integer(-kMaxExactInteger, kMaxExactInteger)},
    {"stop", kStop},
    {"stream", Boolean()},
    {"stream_options", kStreamOptions},
    {"logprobs", Boolean()},
    {"top_logprobs", Integer(0, 20)},
    {"response_format", Object(kFormatFields)},
    {"tools", Array(kTool, 0, 128)},
    {"tool_choice", OneOf(kChoiceShapes)},
    {"functions", Any(), Presence::kUnsupported},
    {"function_call", Any(), Presence::kUnsupported},
    {"parallel_tool_calls", Boolean(), Presence::kIgnored},
    {"metadata", kMetadata},
    {"user", String(512), Presence::kIgnored},
    {"safety_identifier", String(64), Presence::kIgnored},
    {"prompt_cache_key", String(512), Presence::kIgnored},
    {"prompt_cache_retention", String(64), Presence::kIgnored},
    {"service_tier", Among(kTiers), Presence::kIgnored},
    {"reasoning_effort", String(16), Presence::kIgnored},
    {"verbosity", String(16), Presence::kIgnored},
    {"store", Boolean(), Presence::kIgnored},
    {"modalities", Any(), Presence::kUnsupported},
    {"audio", Any(), Presence::kUnsupported},
    {"prediction", Any(), Presence::kUnsupported},
    {"web_search_options", Any(), Presence::kUnsupported},
    {"moderation", Any(), Presence::kUnsupported},
};

// The text of a message's content; templates are given text, not parts.
std::string TextOf(const Json& content) {
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  for (const Json& part : content) {
    for (const char* name : {"text", "refusal"}) {
      if (const Json& value = Get(part, name); value.is_string()) text += value.get<std::string>();
    }
  }
  return text;
}

// A message's calls as templates know them: the arguments are values, not a text of JSON.
OrderedJson CallsForTemplate(const Json& calls) {
  OrderedJson list = OrderedJson::array();
  for (const Json& call : calls) {
    const Json& function = call["function"];
    list.push_back(CallForTemplate(call["id"].get<std::string>(),
                                   function["name"].get<std::string>(),
                                   ArgumentsOf(function["arguments"].get<std::string>())));
  }
  return list;
}

service::OrRefusal<OrderedJson> ReadMessages(const Json& messages) {
  OrderedJson list = OrderedJson::array();
  for (size_t i = 0; i < messages.size(); ++i) {
    const Json& message = messages[i];
    std::string role = message["role"].get<std::string>();
    const Json& content = Get(message, "content");
    const Json& calls = Get(message, "tool_calls");
    if (content.is_null() && calls.is_null()) {
      const std::string where = fmt::format("messages[{}].content", i);
      return Invalid(where, fmt::format("'{}' is missing.", where), "missing_required_parameter");
    }
    if (role == "developer") role = "system";  // the older word, which templates know
    OrderedJson entry = {{"role", role}, {"content", content.is_null() ? "" : TextOf(content)}};
    if (const Json& name = Get(message, "name"); !name.is_null()) entry["name"] = name;
    if (const Json& id = Get(message, "tool_call_id"); !id.is_null()) entry["tool_call_id"] = id;
    if (!calls.is_null()) entry["tool_calls"] = CallsForTemplate(calls);
    list.push_back(std::move(entry));
  }
  return list;
}

std::optional<ToolChoice> ReadToolChoice(const Json& choice) {
  if (choice.is_null()) return std::nullopt;
  if (choice.is_object()) {
    return ToolChoice{ToolChoice::Kind::kOne, choice["function"]["name"].get<std::string>()};
  }
  if (choice == "none") return ToolChoice{ToolChoice::Kind::kNone};
  return ToolChoice{choice == "required" ? ToolChoice::Kind::kAny : ToolChoice::Kind::kAuto};
}

std::optional<Refusal> ReadFormat(const Json& body, const OrderedJson& ordered, OutputForm& form) {
  const Json& format = Get(body, "response_format");
  if (format.is_null() || format["type"] == "text") return std::nullopt;
  if (form.kind != OutputForm::Kind::kText) {
    return Invalid("response_format", "'response_format' does not go with a forced 'tool_choice'.");
  }
  const OrderedJson& in_order = ordered["response_format"];
  const bool beside = !Get(format, "schema").is_null();
  form.param = "response_format.schema";
  if (format["type"] == "json_object") {
    form.kind = beside ? OutputForm::Kind::kJsonSchema : OutputForm::Kind::kJsonObject;
    if (beside) form.schema = in_order["schema"];
    return std::nullopt;
  }
  form.kind = OutputForm::Kind::kJsonSchema;
  const Json& described = Get(format, "json_schema");
  if (described.is_object() && !Get(described, "schema").is_null()) {
    form.param = "response_format.json_schema.schema";
    form.schema = in_order["json_schema"]["schema"];
    form.strict = Get(described, "strict") == true;
    return std::nullopt;
  }
  if (beside) {
    form.schema = in_order["schema"];
    return std::nullopt;
  }
  return Invalid("response_format.json_schema.schema",
                 "'response_format.json_schema.schema' is missing.", "missing_required_parameter");
}

std::optional<Refusal> ReadNumbers(const Json& body, service::GenerateSpec& spec) {
  if (auto refusal = ReadSampling(body, spec)) return refusal;
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {  // the latter wins
    if (const Json& most = Get(body, name); !most.is_null()) spec.max_tokens = most.get<int64_t>();
  }
  const Json& top = Get(body, "top_logprobs");
  if (Get(body, "logprobs") == true) {
    spec.logprobs = top.is_null() ? 0 : top.get<int>();
  } else if (!top.is_null()) {
    return Invalid("top_logprobs", "'top_logprobs' needs 'logprobs' to be true.");
  }
  return std::nullopt;
}

}  // namespace

const Shape& ChatBody() {
  static constexpr Shape kBody = Object(kFields);
  return kBody;
}

service::OrRefusal<ChatRequest> ReadChatRequest(const std::string& text) {
  const auto body = ReadBody(text, ChatBody());
  if (!body.ok()) return body.refusal();
  ChatRequest request;
  request.spec.model = (*body)["model"].get<std::string>();
  auto messages = ReadMessages((*body)["messages"]);
  if (!messages.ok()) return messages.refusal();
  OrderedJson conversation = {{"messages", std::move(*messages)}};
  const OrderedJson ordered = OrderedJson::parse(text);  // bounded: ReadBody has read it already
  if (auto refusal = OfferTools(ordered.value("tools", OrderedJson()),
                                ReadToolChoice(Get(*body, "tool_choice")), conversation,
                                request.spec.form, request.functions)) {
    return std::move(*refusal);
  }
  if (auto refusal = ReadFormat(*body, ordered, request.spec.form)) return std::move(*refusal);
  if (auto refusal = ReadNumbers(*body, request.spec)) return std::move(*refusal);
  request.spec.prompts.emplace_back(service::ConversationText{conversation.dump()});
  request.stream = Get(*body, "stream") == true;
  const Json& options = Get(*body, "stream_options");
  if (!request.stream && !options.is_null()) {
    return Invalid("stream_options", "'stream_options' needs 'stream' to be true.");
  }
  request.include_usage = options.is_object() && Get(options, "include_usage") == true;
  return request;
}

}  // namespace parvis::server
