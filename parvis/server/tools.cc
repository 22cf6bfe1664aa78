#include "parvis/server/tools.h"

#include <utility>

#include "parvis/server/http_head.h"

namespace parvis::server {

using service::Invalid;
using service::OutputForm;

OrderedJson ToolForTemplate(const std::string& name, const OrderedJson& description,
                            const OrderedJson& parameters) {
  OrderedJson function = {{"name", name}};
  if (!description.is_null()) function["description"] = description;
  if (!parameters.is_null()) function["parameters"] = parameters;
  return {{"type", "function"}, {"function", std::move(function)}};
}

OrderedJson CallForTemplate(const std::string& id, const std::string& name,
                            const OrderedJson& arguments) {
  OrderedJson call;
  if (!id.empty()) call["id"] = id;
  call["type"] = "function";
  call["function"] = {{"name", name}};
  call["function"]["arguments"] = arguments;
  return call;
}

OrderedJson ArgumentsOf(const std::string& text) {
  return ParseJson(text).ok() ? OrderedJson::parse(text) : OrderedJson(text);
}

std::optional<service::Refusal> OfferTools(const OrderedJson& tools,
                                           const std::optional<ToolChoice>& choice,
                                           OrderedJson& conversation, OutputForm& form,
                                           std::set<std::string>& functions) {
  const ToolChoice chosen = choice.value_or(ToolChoice());
  if (tools.empty()) {
    if (!choice || chosen.kind == ToolChoice::Kind::kNone) return std::nullopt;
    return Invalid("tool_choice", "'tool_choice' needs 'tools'.");
  }
  if (chosen.kind == ToolChoice::Kind::kNone) return std::nullopt;
  const bool one = chosen.kind == ToolChoice::Kind::kOne;
  OutputForm call{.kind = OutputForm::Kind::kCall, .param = "tools"};
  for (const OrderedJson& tool : tools) {
    const OrderedJson& function = tool["function"];
    const std::string name = function["name"].get<std::string>();
    if (one && chosen.name != name) continue;
    const auto parameters = function.find("parameters");
    call.functions.push_back({name, parameters == function.end() ? OrderedJson() : *parameters});
    functions.insert(name);
  }
  if (functions.empty()) {
    return Invalid("tool_choice", "'tool_choice' names none of the 'tools'.");
  }
  conversation["tools"] = tools;
  if (one || chosen.kind == ToolChoice::Kind::kAny) form = std::move(call);
  return std::nullopt;
}

std::string NewCallId(const std::string& prefix) { return prefix + NewRequestId().substr(4); }

}  // namespace parvis::server
