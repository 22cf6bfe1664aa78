// The bodies of POST /v1/responses and /v1/responses/input_tokens: what they may hold, and the task
// that they ask for. The conversation is that of the answer before, if one is named, and what the
// request adds.

#include "parvis/server/openai_responses_request.h"

#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

#include "parvis/server/openai_json.h"
#include "parvis/server/tools.h"
#include "parvis/service/access.h"

namespace parvis::server {
namespace {

using service::Invalid;
using service::OutputForm;
using service::Refusal;
using service::RefusalKind;

// How many answers one conversation may go back, and how many bytes they may have together.
constexpr size_t kMaxTurns = 1000;
constexpr size_t kMaxHistoryBytes = kMaxBodyBytes;

OrderedJson FieldOf(const OrderedJson& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? OrderedJson() : *found;
}

// The text of content; templates are given text, not parts.
std::string TextOf(const OrderedJson& content) {
  if (content.is_null()) return {};
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  for (const OrderedJson& part : content) {
    const OrderedJson said = FieldOf(part, part["type"] == "refusal" ? "refusal" : "text");
    if (said.is_string()) text += said.get<std::string>();
  }
  return text;
}

std::optional<Refusal> Missing(const OrderedJson& item, const std::string& where,
                               std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (!FieldOf(item, name).is_null()) continue;
    const std::string field = fmt::format("{}.{}", where, name);
    return Invalid(field, fmt::format("'{}' is missing.", field), "missing_required_parameter");
  }
  return std::nullopt;
}

OrderedJson MessageItem(const std::string& role, const OrderedJson& content) {
  const bool ours = role == "assistant";
  OrderedJson item = {{"id", NewCallId("msg_")},
                      {"type", "message"},
                      {"status", "completed"},
                      {"role", role},
                      {"content", content}};
  if (!content.is_string()) return item;
  OrderedJson part = {{"type", ours ? "output_text" : "input_text"}, {"text", content}};
  if (ours) part["annotations"] = OrderedJson::array();
  item["content"] = OrderedJson::array();
  item["content"].push_back(std::move(part));
  return item;
}

// An item of a request as answers about it show it: whole, and with an id.
service::OrRefusal<OrderedJson> ItemOf(const OrderedJson& said, const std::string& where) {
  const OrderedJson type = FieldOf(said, "type"), id = FieldOf(said, "id");
  OrderedJson item;
  if (type.is_null() || type == "message") {
    if (auto refusal = Missing(said, where, {"role", "content"})) return std::move(*refusal);
    item = MessageItem(said["role"].get<std::string>(), said["content"]);
  } else if (type == "function_call") {
    if (auto refusal = Missing(said, where, {"call_id", "name", "arguments"})) {
      return std::move(*refusal);
    }
    item = {{"id", NewCallId("fc_")},     {"type", type},
            {"status", "completed"},      {"arguments", said["arguments"]},
            {"call_id", said["call_id"]}, {"name", said["name"]}};
  } else {
    if (auto refusal = Missing(said, where, {"call_id", "output"})) return std::move(*refusal);
    item = {{"id", NewCallId("fco_")},
            {"type", type},
            {"status", "completed"},
            {"call_id", said["call_id"]},
            {"output", said["output"]}};
  }
  if (id.is_string() && id != "") item["id"] = id;
  return item;
}

service::OrRefusal<OrderedJson> ItemsOf(const OrderedJson& input) {
  OrderedJson items = OrderedJson::array();
  if (input.is_string()) {
    items.push_back(MessageItem("user", input));
    return items;
  }
  for (size_t i = 0; i < input.size(); ++i) {
    auto item = ItemOf(input[i], fmt::format("input[{}]", i));
    if (!item.ok()) return item.refusal();
    items.push_back(std::move(*item));
  }
  return items;
}

// Items become messages of a template: calls are their assistant's, what they gave is a tool's.
class ConversationWriter {
 public:
  void Say(const std::string& role, const OrderedJson& content) {
    messages_.push_back(
        {{"role", role == "developer" ? "system" : role}, {"content", TextOf(content)}});
  }
  void Add(const OrderedJson& item) {
    if (item["type"] == "message") {
      Say(item["role"].get<std::string>(), item["content"]);
    } else if (item["type"] == "function_call") {
      const auto id = item["call_id"].get<std::string>(), name = item["name"].get<std::string>();
      called_[id] = name;
      if (messages_.empty() || messages_.back()["role"] != "assistant") Say("assistant", "");
      messages_.back()["tool_calls"].push_back(
          CallForTemplate(id, name, ArgumentsOf(item["arguments"].get<std::string>())));
    } else {
      OrderedJson message = {{"role", "tool"}, {"tool_call_id", item["call_id"]}};
      const auto call = called_.find(item["call_id"].get<std::string>());
      if (call != called_.end()) message["name"] = call->second;
      message["content"] = TextOf(item["output"]);
      messages_.push_back(std::move(message));
    }
  }
  OrderedJson Take() { return std::move(messages_); }

 private:
  OrderedJson messages_ = OrderedJson::array();
  std::map<std::string, std::string> called_;  // names of functions by the ids of their calls
};

// The answers that end in `id`, the first one first.
service::OrRefusal<std::vector<service::StoredResponse>> HistoryOf(const service::Caller& caller,
                                                                   service::ResponseStore& store,
                                                                   std::string id) {
  const std::string named = id;
  std::vector<service::StoredResponse> history;
  size_t bytes = 0;
  while (!id.empty()) {
    auto found = store.Get(caller, id);
    if (!found.ok()) {
      return Refusal{RefusalKind::kUnavailable, "What was kept cannot be read now."};
    }
    if (!*found) {
      return Invalid("previous_response_id",
                     fmt::format("Previous response with id '{}' not found{}.", id,
                                 id == named ? "" : ", from which '" + named + "' goes on"),
                     "previous_response_not_found");
    }
    bytes += (*found)->input.size() + (*found)->response.size();
    if (history.size() == kMaxTurns || bytes > kMaxHistoryBytes) {
      return Invalid("previous_response_id", "The conversation is longer than can be kept.");
    }
    id = (*found)->previous;
    history.insert(history.begin(), std::move(**found));
  }
  return history;
}

std::optional<ToolChoice> ReadToolChoice(const Json& choice) {
  if (choice.is_null()) return std::nullopt;
  if (choice.is_object()) {
    return ToolChoice{ToolChoice::Kind::kOne, choice["name"].get<std::string>()};
  }
  if (choice == "none") return ToolChoice{ToolChoice::Kind::kNone};
  return ToolChoice{choice == "required" ? ToolChoice::Kind::kAny : ToolChoice::Kind::kAuto};
}

std::optional<Refusal> ReadFormat(const Json& body, const OrderedJson& ordered, OutputForm& form) {
  const Json& text = Get(body, "text");
  const Json& format = text.is_null() ? text : Get(text, "format");
  if (format.is_null() || format["type"] == "text") return std::nullopt;
  if (form.kind != OutputForm::Kind::kText) {
    return Invalid("text.format", "'text.format' does not go with a forced 'tool_choice'.");
  }
  form.param = "text.format.schema";
  if (format["type"] == "json_object") {
    form.kind = OutputForm::Kind::kJsonObject;
    return std::nullopt;
  }
  if (Get(format, "schema").is_null()) {
    return Invalid("text.format.schema", "'text.format.schema' is missing.",
                   "missing_required_parameter");
  }
  form.kind = OutputForm::Kind::kJsonSchema;
  form.schema = ordered["text"]["format"]["schema"];
  form.strict = Get(format, "strict") == true;
  return std::nullopt;
}

// Model, prompt and tools: what both bodies have.
std::optional<Refusal> ReadPrompt(const Json& body, const OrderedJson& ordered,
                                  const service::Caller& caller, service::ResponseStore& store,
                                  ResponsesRequest& request) {
  request.spec.model = body["model"].get<std::string>();
  ConversationWriter writer;
  if (const Json& said = Get(body, "instructions"); !said.is_null()) {
    writer.Say("system", said.get<std::string>());
  }
  if (const Json& previous = Get(body, "previous_response_id"); !previous.is_null()) {
    request.previous = previous.get<std::string>();
    const auto history = HistoryOf(caller, store, request.previous);
    if (!history.ok()) return history.refusal();
    for (const service::StoredResponse& turn : *history) {
      for (const OrderedJson& item : OrderedJson::parse(turn.input)) writer.Add(item);
      const OrderedJson response = OrderedJson::parse(turn.response);
      if (response["status"] == "queued" || response["status"] == "in_progress") {
        return Invalid("previous_response_id",
                       fmt::format("The response '{}' has not ended.", turn.id));
      }
      for (const OrderedJson& item : response["output"]) writer.Add(item);
    }
  }
  auto items = ItemsOf(ordered["input"]);
  if (!items.ok()) return items.refusal();
  request.input = std::move(*items);
  for (const OrderedJson& item : request.input) writer.Add(item);
  OrderedJson conversation = {{"messages", writer.Take()}};
  OrderedJson tools = OrderedJson::array();
  for (const OrderedJson& tool : FieldOf(ordered, "tools")) {
    tools.push_back(ToolForTemplate(tool["name"].get<std::string>(), FieldOf(tool, "description"),
                                    FieldOf(tool, "parameters")));
  }
  if (auto refusal = OfferTools(tools, ReadToolChoice(Get(body, "tool_choice")), conversation,
                                request.spec.form, request.functions)) {
    return refusal;
  }
  request.spec.prompts.emplace_back(service::ConversationText{
      .json = conversation.dump(), .may_drop = Get(body, "truncation") == "auto"});
  return std::nullopt;
}

OrderedJson EchoOf(const OrderedJson& ordered, const ResponsesRequest& request) {
  const auto said = [&](const char* name, OrderedJson otherwise) {
    const OrderedJson value = FieldOf(ordered, name);
    return value.is_null() ? std::move(otherwise) : value;
  };
  OrderedJson text = said("text", OrderedJson::object());
  if (FieldOf(text, "format").is_null()) text["format"] = {{"type", "text"}};
  return {{"instructions", said("instructions", nullptr)},
          {"max_output_tokens", said("max_output_tokens", nullptr)},
          {"max_tool_calls", nullptr},
          {"metadata", said("metadata", OrderedJson::object())},
          {"parallel_tool_calls", said("parallel_tool_calls", true)},
          {"previous_response_id", said("previous_response_id", nullptr)},
          {"prompt_cache_key", said("prompt_cache_key", nullptr)},
          {"reasoning", {{"effort", nullptr}, {"summary", nullptr}}},
          {"safety_identifier", said("safety_identifier", nullptr)},
          {"service_tier", "default"},
          {"store", request.store},
          {"temperature", said("temperature", 1.0)},
          {"text", std::move(text)},
          {"tool_choice", said("tool_choice", "auto")},
          {"tools", said("tools", OrderedJson::array())},
          {"top_logprobs", said("top_logprobs", 0)},
          {"top_p", said("top_p", 1.0)},
          {"truncation", said("truncation", "disabled")},
          {"user", said("user", nullptr)}};
}

// What is kept of answers, a plan may lack; then nothing is kept that nobody asked to keep.
std::optional<Refusal> CheckKeeping(const Json& body, const service::Caller& caller) {
  const bool background = Get(body, "background") == true;
  if (background) {
    if (auto refusal = service::Lacks(caller, service::Feature::kBackground)) return refusal;
  }
  const bool kept =
      background || Get(body, "store") == true || !Get(body, "previous_response_id").is_null();
  return kept ? service::Lacks(caller, service::Feature::kKeptResponses) : std::nullopt;
}

}  // namespace

service::OrRefusal<ResponsesRequest> ReadResponsesRequest(const std::string& text,
                                                          const service::Caller& caller,
                                                          service::ResponseStore& store) {
  const auto body = ReadBody(text, ResponsesBody());
  if (!body.ok()) return body.refusal();
  const OrderedJson ordered = OrderedJson::parse(text);  // bounded: ReadBody has read it already
  if (auto refusal = CheckKeeping(*body, caller)) return std::move(*refusal);
  ResponsesRequest request;
  if (auto refusal = ReadPrompt(*body, ordered, caller, store, request)) {
    return std::move(*refusal);
  }
  if (auto refusal = ReadFormat(*body, ordered, request.spec.form)) return std::move(*refusal);
  if (auto refusal = ReadSampling(*body, request.spec)) return std::move(*refusal);
  if (const Json& most = Get(*body, "max_output_tokens"); !most.is_null()) {
    request.spec.max_tokens = most.get<int64_t>();
  }
  request.stream = Get(*body, "stream") == true;
  request.store =
      Get(*body, "store") != false && caller.features.Has(service::Feature::kKeptResponses);
  request.background = Get(*body, "background") == true;
  if (request.background && (request.stream || !request.store)) {
    return Invalid("background", request.stream
                                     ? "What is made in the background is not streamed meanwhile; "
                                       "GET it with 'stream=true'."
                                     : "What is made in the background must be kept ('store').");
  }
  for (const Json& included : Get(*body, "include")) {
    request.logprobs |= included == "message.output_text.logprobs";
  }
  const Json& top = Get(*body, "top_logprobs");
  if (request.logprobs) request.spec.logprobs = top.is_null() ? 0 : top.get<int>();
  request.echo = EchoOf(ordered, request);
  return request;
}

service::OrRefusal<ResponsesRequest> ReadInputTokensRequest(const std::string& text,
                                                            const service::Caller& caller,
                                                            service::ResponseStore& store) {
  const auto body = ReadBody(text, InputTokensBody());
  if (!body.ok()) return body.refusal();
  ResponsesRequest request;
  if (auto refusal = ReadPrompt(*body, OrderedJson::parse(text), caller, store, request)) {
    return std::move(*refusal);
  }
  return request;
}

}  // namespace parvis::server
