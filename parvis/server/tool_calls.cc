#include "parvis/server/tool_calls.h"

#include <algorithm>
#include <optional>
#include <utility>

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
    std::string text = arguments->is_string() ? arguments->get<std::string>() : arguments->dump();
    const Result<Json> read = ParseJson(text);
    if (!read.ok() || !read->is_object()) return std::nullopt;
    return ToolCall{name->get<std::string>(), std::move(text)};
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

namespace {

// How many bytes at the end may be the beginning of kOpen.
size_t BeginningOfOpen(std::string_view text) {
  for (size_t size = std::min(text.size(), kOpen.size() - 1); size > 0; --size) {
    if (text.ends_with(kOpen.substr(0, size))) return size;
  }
  return 0;
}

}  // namespace

std::string CallFilter::Add(std::string piece) {
  if (names_->empty()) return piece;
  held_ += piece;
  if (calls_ || (!plain_ && MayBeToolCalls(held_))) return {};
  plain_ = true;
  size_t end = held_.find(kOpen);
  calls_ = end != std::string::npos;
  if (!calls_) end = held_.size() - BeginningOfOpen(held_);
  // Space before a call is no part of what is said.
  while (end > 0 && kSpace.find(held_[end - 1]) != std::string_view::npos) --end;
  std::string told = held_.substr(0, end);
  held_.erase(0, end);
  return told;
}

AnswerParts CallFilter::Finish(bool whole) {
  std::string rest = std::exchange(held_, {});
  if (names_->empty() || !whole) return {std::move(rest), {}};
  AnswerParts parts = ReadToolCalls(rest, *names_);
  if (plain_ && !parts.calls.empty() && !parts.text.empty()) parts.text.insert(0, "\n");
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
