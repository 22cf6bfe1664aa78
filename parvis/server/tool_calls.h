#ifndef PARVIS_SERVER_TOOL_CALLS_H_
#define PARVIS_SERVER_TOOL_CALLS_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace parvis::server {

// A call that a model asks its caller to make. Parvis itself never makes one.
struct ToolCall {
  std::string name;
  std::string arguments;  // JSON
};

struct AnswerParts {
  std::string text;  // what is said beside the calls
  std::vector<ToolCall> calls;
};

// Finds the calls in an answer, in the forms that published models write: JSON within <tool_call>
// and </tool_call> (Hermes, Qwen), or an answer that is nothing but one JSON object or a list of
// them with "name" and "arguments" or "parameters" (Llama, Mistral). What names no function of
// `names`, or is no whole JSON, stays text.
AnswerParts ReadToolCalls(std::string_view answer, const std::set<std::string>& names);

// Whether an answer that begins so can still become one with calls: nothing of it may be told yet.
bool MayBeToolCalls(std::string_view beginning);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_TOOL_CALLS_H_
