// The bodies of POST /v1/messages and /v1/messages/count_tokens: what they may hold, and what they
// ask for in the words of chat templates.

#include "parvis/server/anthropic_request.h"

#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

#include "parvis/server/openai_json.h"
#include "parvis/server/tools.h"

namespace parvis::server {
namespace {

using service::Invalid;
using service::OutputForm;
using service::Refusal;

constexpr std::string_view kRoles[] = {"user", "assistant"};
constexpr std::string_view kTextType[] = {"text"};
constexpr Field kTextBlockFields[] = {
    {"type", Among(kTextType), Presence::kRequired},
    {"text", String(kMaxText), Presence::kRequired},
    {"cache_control", Any(), Presence::kIgnored},
    {"citations", Any(), Presence::kUnsupported},
};
constexpr Shape kTextBlock = Object(kTextBlockFields);
constexpr Shape kTextShapes[] = {String(kMaxText), Array(kTextBlock, 1, 1024)};
constexpr Shape kTextOrBlocks = OneOf(kTextShapes);
constexpr Shape kResultShapes[] = {String(kMaxText), Array(kTextBlock, 0, 1024)};
constexpr Shape kAnyObject = Object({}, /*open=*/true);
constexpr Shape kToolName = String(128, 1);
// One table for all kinds of blocks; which must have what is looked at when they are read.
constexpr std::string_view kBlockTypes[] = {"text", "tool_use", "tool_result"};
constexpr Field kBlockFields[] = {
    {"type", Among(kBlockTypes), Presence::kRequired},
    {"text", String(kMaxText)},
    {"id", String(256, 1)},
    {"name", kToolName},
    {"input", kAnyObject},
    {"tool_use_id", String(256, 1)},
    {"content", OneOf(kResultShapes)},
    {"is_error", Boolean(), Presence::kIgnored},  // templates have no word for it
    {"cache_control", Any(), Presence::kIgnored},
    {"citations", Any(), Presence::kUnsupported},
    {"caller", kAnyObject, Presence::kIgnored},
};
constexpr Shape kBlock = Object(kBlockFields);
constexpr Shape kContentShapes[] = {String(kMaxText), Array(kBlock, 1, 1024)};
constexpr Field kMessageFields[] = {
    {"role", Among(kRoles), Presence::kRequired},
    {"content", OneOf(kContentShapes), Presence::kRequired},
};
constexpr Shape kMessage = Object(kMessageFields);
constexpr Shape kMessages = Array(kMessage, 1, 4096);
constexpr std::string_view kThinkingTypes[] = {"disabled"};
constexpr Field kThinkingFields[] = {{"type", Among(kThinkingTypes), Presence::kRequired}};
constexpr Shape kThinking = Object(kThinkingFields);
constexpr std::string_view kToolTypes[] = {"custom"};
constexpr Field kToolFields[] = {
    {"type", Among(kToolTypes)},
    {"name", kToolName, Presence::kRequired},
    {"description", String(65536)},
    {"input_schema", kAnyObject, Presence::kRequired},
    {"cache_control", Any(), Presence::kIgnored},
    {"strict", Boolean(), Presence::kIgnored},
    {"eager_input_streaming", Boolean(), Presence::kIgnored},
    {"input_examples", Array(kAnyObject, 0, 64), Presence::kIgnored},
};
constexpr Shape kTool = Object(kToolFields);
constexpr Shape kTools = Array(kTool, 0, 128);
constexpr std::string_view kChoiceTypes[] = {"auto", "any", "tool", "none"};
constexpr Field kChoiceFields[] = {
    {"type", Among(kChoiceTypes), Presence::kRequired},
    {"name", kToolName},
    {"disable_parallel_tool_use", Boolean(), Presence::kIgnored},
};
constexpr Shape kChoice = Object(kChoiceFields);
constexpr std::string_view kFormatTypes[] = {"json_schema"};
constexpr Field kFormatFields[] = {
    {"type", Among(kFormatTypes), Presence::kRequired},
    {"schema", kAnyObject, Presence::kRequired},
};
constexpr Field kOutputFields[] = {
    {"format", Object(kFormatFields)},
    {"effort", String(16), Presence::kIgnored},
};
constexpr Shape kOutput = Object(kOutputFields);
constexpr Field kMetadataFields[] = {{"user_id", String(512), Presence::kIgnored}};
constexpr std::string_view kTiers[] = {"auto", "standard_only"};
constexpr Field kFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"max_tokens", Integer(1, 1'000'000), Presence::kRequired},
    {"messages", kMessages, Presence::kRequired},
    {"system", kTextOrBlocks},
    {"stream", Boolean()},
    {"stop_sequences", Array(kStopText, 0, kMaxStopTexts)},
    {"temperature", Number(0, 1)},
    {"top_p", Number(0, 1)},
    {"top_k", Integer(0, 1'000'000)},
    {"tools", kTools},
    {"tool_choice", kChoice},
    {"output_config", kOutput},
    {"thinking", kThinking},
    {"metadata", Object(kMetadataFields), Presence::kIgnored},
    {"service_tier", Among(kTiers), Presence::kIgnored},
    {"cache_control", Any(), Presence::kIgnored},
    {"container", Any(), Presence::kUnsupported},
    {"context_management", Any(), Presence::kUnsupported},
    {"mcp_servers", Any(), Presence::kUnsupported},
};
constexpr Shape kBody = Object(kFields);
constexpr Field kCountFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"messages", kMessages, Presence::kRequired},
    {"system", kTextOrBlocks},
    {"tools", kTools},
    {"tool_choice", kChoice},
    {"thinking", kThinking},
    {"output_config", kOutput, Presence::kIgnored},
    {"cache_control", Any(), Presence::kIgnored},
    {"context_management", Any(), Presence::kUnsupported},
    {"mcp_servers", Any(), Presence::kUnsupported},
};
constexpr Shape kCountBody = Object(kCountFields);

// Templates are given text, not blocks.
std::string TextOf(const OrderedJson& content) {
  if (content.is_null()) return {};
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  for (const OrderedJson& block : content) text += block["text"].get<std::string>();
  return text;
}

// The messages of a body in the words of templates. What tools said stands by itself there, so one
// message of Anthropic's may be several.
class MessageReader {
 public:
  std::optional<Refusal> Add(const OrderedJson& message, const std::string& where) {
    role_ = message["role"].get<std::string>();
    const OrderedJson& content = message["content"];
    if (content.is_string()) {
      messages_.push_back({{"role", role_}, {"content", content}});
      return std::nullopt;
    }
    for (size_t i = 0; i < content.size(); ++i) {
      if (auto refusal = AddBlock(content[i], fmt::format("{}.content[{}]", where, i))) {
        return refusal;
      }
    }
    EndMessage();
    return std::nullopt;
  }

  void AddSystem(const OrderedJson& system) {
    messages_.push_back({{"role", "system"}, {"content", TextOf(system)}});
  }
  OrderedJson Take() { return std::move(messages_); }

 private:
  static std::optional<Refusal> Missing(const OrderedJson& block, const std::string& where,
                                        std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (block.contains(name) && !block[name].is_null()) continue;
      const std::string field = fmt::format("{}.{}", where, name);
      return Invalid(field, fmt::format("'{}' is missing.", field), "missing_required_parameter");
    }
    return std::nullopt;
  }

  std::optional<Refusal> AddBlock(const OrderedJson& block, const std::string& where) {
    const std::string type = block["type"].get<std::string>();
    if (type == "text") {
      if (auto refusal = Missing(block, where, {"text"})) return refusal;
      text_ += block["text"].get<std::string>();
      said_ = true;
      return std::nullopt;
    }
    if ((type == "tool_use") != (role_ == "assistant")) {
      return Invalid(where, fmt::format("'{}': a {} is the {}'s.", where, type,
                                        role_ == "user" ? "assistant" : "user"));
    }
    if (type == "tool_use") {
      if (auto refusal = Missing(block, where, {"id", "name", "input"})) return refusal;
      const auto id = block["id"].get<std::string>(), name = block["name"].get<std::string>();
      called_[id] = name;
      calls_.push_back(CallForTemplate(id, name, block["input"]));
      return std::nullopt;
    }
    if (auto refusal = Missing(block, where, {"tool_use_id"})) return refusal;
    const auto id = block["tool_use_id"].get<std::string>();
    const auto call = called_.find(id);
    if (call == called_.end()) {
      return Invalid(where + ".tool_use_id",
                     fmt::format("'{}.tool_use_id' is the id of no tool_use before it.", where));
    }
    EndMessage();
    messages_.push_back({{"role", "tool"},
                         {"tool_call_id", id},
                         {"name", call->second},
                         {"content", TextOf(block.value("content", OrderedJson()))}});
    return std::nullopt;
  }

  void EndMessage() {
    if (!said_ && calls_.empty()) return;
    OrderedJson message = {{"role", role_}, {"content", std::exchange(text_, {})}};
    if (!calls_.empty()) message["tool_calls"] = std::exchange(calls_, OrderedJson::array());
    messages_.push_back(std::move(message));
    said_ = false;
  }

  OrderedJson messages_ = OrderedJson::array();
  std::map<std::string, std::string> called_;  // names of tools by the ids of their calls
  // Of the message that is being read:
  std::string role_, text_;
  bool said_ = false;
  OrderedJson calls_ = OrderedJson::array();
};

service::OrRefusal<OrderedJson> ReadMessages(const OrderedJson& body) {
  MessageReader reader;
  if (body.contains("system") && !body["system"].is_null()) reader.AddSystem(body["system"]);
  for (size_t i = 0; i < body["messages"].size(); ++i) {
    if (auto refusal = reader.Add(body["messages"][i], fmt::format("messages[{}]", i))) {
      return std::move(*refusal);
    }
  }
  OrderedJson messages = reader.Take();
  if (messages.back().contains("tool_calls")) {
    return Invalid("messages", "'messages' ends with a tool_use; its tool_result is missing.");
  }
  return messages;
}

service::OrRefusal<std::optional<ToolChoice>> ReadToolChoice(const Json& choice) {
  if (choice.is_null()) return std::optional<ToolChoice>();
  const std::string type = choice["type"].get<std::string>();
  if (type == "none") return std::optional(ToolChoice{ToolChoice::Kind::kNone});
  if (type == "auto") return std::optional(ToolChoice{ToolChoice::Kind::kAuto});
  if (type == "any") return std::optional(ToolChoice{ToolChoice::Kind::kAny});
  const Json& name = Get(choice, "name");
  if (name.is_null()) {
    return Invalid("tool_choice.name", "'tool_choice.name' is missing.",
                   "missing_required_parameter");
  }
  return std::optional(ToolChoice{ToolChoice::Kind::kOne, name.get<std::string>()});
}

// An assistant's last message is the beginning of the answer.
service::OrRefusal<service::ConversationText> ReadConversation(const Json& body,
                                                               const OrderedJson& ordered,
                                                               OutputForm& form,
                                                               std::set<std::string>& functions) {
  auto messages = ReadMessages(ordered);
  if (!messages.ok()) return messages.refusal();
  const bool continues = messages->back()["role"] == "assistant";
  OrderedJson conversation = {{"messages", std::move(*messages)}};
  OrderedJson tools = OrderedJson::array();
  if (ordered.contains("tools")) {
    for (const OrderedJson& tool : ordered["tools"]) {
      tools.push_back(ToolForTemplate(tool["name"].get<std::string>(),
                                      tool.value("description", OrderedJson()),
                                      tool["input_schema"]));
    }
  }
  const auto choice = ReadToolChoice(Get(body, "tool_choice"));
  if (!choice.ok()) return choice.refusal();
  if (auto refusal = OfferTools(tools, *choice, conversation, form, functions)) {
    return std::move(*refusal);
  }
  return service::ConversationText{.json = conversation.dump(), .continues = continues};
}

std::optional<Refusal> ReadFormat(const Json& body, const OrderedJson& ordered, OutputForm& form) {
  const Json& config = Get(body, "output_config");
  if (config.is_null() || Get(config, "format").is_null()) return std::nullopt;
  if (form.kind != OutputForm::Kind::kText) {
    return Invalid("output_config", "'output_config.format' does not go with a forced tool.");
  }
  form = {.kind = OutputForm::Kind::kJsonSchema,
          .schema = ordered["output_config"]["format"]["schema"],
          .param = "output_config.format.schema"};
  return std::nullopt;
}

}  // namespace

const Shape& MessagesBody() { return kBody; }
const Shape& CountTokensBody() { return kCountBody; }

service::OrRefusal<MessagesRequest> ReadMessagesRequest(const std::string& text) {
  const auto body = ReadBody(text, kBody);
  if (!body.ok()) return body.refusal();
  const OrderedJson ordered = OrderedJson::parse(text);  // bounded: ReadBody has read it already
  MessagesRequest request;
  service::GenerateSpec& spec = request.spec;
  spec.model = (*body)["model"].get<std::string>();
  auto conversation = ReadConversation(*body, ordered, spec.form, request.functions);
  if (!conversation.ok()) return conversation.refusal();
  spec.prompts.emplace_back(std::move(*conversation));
  if (auto refusal = ReadFormat(*body, ordered, spec.form)) return std::move(*refusal);
  spec.max_tokens = (*body)["max_tokens"].get<int64_t>();
  if (auto refusal = ReadSampling(*body, spec)) return std::move(*refusal);
  if (const Json& stop = Get(*body, "stop_sequences"); !stop.is_null()) {
    spec.stop = stop.get<std::vector<std::string>>();
  }
  request.stream = Get(*body, "stream") == true;
  return request;
}

service::OrRefusal<CountRequest> ReadCountRequest(const std::string& text) {
  const auto body = ReadBody(text, kCountBody);
  if (!body.ok()) return body.refusal();
  OutputForm form;
  std::set<std::string> functions;
  auto conversation = ReadConversation(*body, OrderedJson::parse(text), form, functions);
  if (!conversation.ok()) return conversation.refusal();
  return CountRequest{(*body)["model"].get<std::string>(), std::move(*conversation)};
}

}  // namespace parvis::server
