#include "parvis/server/tool_calls.h"

#include <algorithm>
#include <optional>

#include "parvis/core/json.h"

namespace parvis::server {
namespace {

constexpr std::string_view kOpen = "<tool_call>";
constexpr std::string_view kClose = "</tool_call>";
constexpr std::string_view kSpace = " \t\r\n";

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::optional<ToolCall> CallOf(const OrderedJson& json, const std::set<std::string>& names) {
  if (!json.is_object()) return std::nullopt;
  const auto name = json.find("name");
  if (name == json.end() || !name->is_string() || !names.contains(name->get<std::string>())) {
    return std::nullopt;
  }
  for (const char* key : {"arguments", "parameters"}) {
    const auto arguments = json.find(key);
    if (arguments == json.end()) continue;
    // Some models write the arguments as a text of JSON.
    const bool text = arguments->is_string();
    return ToolCall{name->get<std::string>(),
                    text ? arguments->get<std::string>() : arguments->dump()};
  }
  return std::nullopt;
}

// Nothing, if any of it is no call.
std::vector<ToolCall> CallsOf(std::string_view text, const std::set<std::string>& names) {
  std::vector<ToolCall> calls;
  if (!ParseJson(Trimmed(text)).ok()) return calls;
  const OrderedJson json = OrderedJson::parse(Trimmed(text));  // the same, in the model's order
  if (!json.is_array()) {
    if (auto call = CallOf(json, names)) calls.push_back(std::move(*call));
    return calls;
  }
  for (const OrderedJson& one : json) {
    auto call = CallOf(one, names);
    if (!call) return {};
    calls.push_back(std::move(*call));
  }
  return calls;
}

}  // namespace

AnswerParts ReadToolCalls(std::string_view answer, const std::set<std::string>& names) {
  AnswerParts parts;
  parts.calls = CallsOf(answer, names);
  if (!parts.calls.empty()) return parts;
  std::string_view rest = answer;
  for (size_t open = rest.find(kOpen); open != std::string_view::npos; open = rest.find(kOpen)) {
    const std::string_view inside = rest.substr(open + kOpen.size());
    const size_t close = inside.find(kClose);
    const std::vector<ToolCall> calls = CallsOf(inside.substr(0, close), names);
    const size_t after =
        close == std::string_view::npos ? rest.size() : open + kOpen.size() + close + kClose.size();
    parts.text += rest.substr(0, calls.empty() ? after : open);
    parts.calls.insert(parts.calls.end(), calls.begin(), calls.end());
    rest.remove_prefix(after);
  }
  parts.text += rest;
  if (!parts.calls.empty()) parts.text = Trimmed(parts.text);
  return parts;
}

bool MayBeToolCalls(std::string_view beginning) {
  const size_t begin = beginning.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return true;
  const char first = beginning[begin];
  if (first == '{' || first == '[') return true;
  const std::string_view rest = beginning.substr(begin);
  const size_t common = std::min(rest.size(), kOpen.size());
  return rest.substr(0, common) == kOpen.substr(0, common);
}

}  // namespace parvis::server
