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
  std::string arguments;  // a JSON object
};

struct AnswerParts {
  std::string text;  // what is said beside the calls
  std::vector<ToolCall> calls;
};

// Finds the calls in an answer, in the forms that published models write: JSON within <tool_call>
// and </tool_call> (Hermes, Qwen), or an answer that is nothing but one JSON object or a list of
// them with "name" and "arguments" or "parameters" (Llama, Mistral). What names no function of
// `names`, is no whole JSON or has other arguments than an object stays text.
AnswerParts ReadToolCalls(std::string_view answer, const std::set<std::string>& names);

// Takes an answer that comes in pieces apart: what can be told now, and what may become calls.
class CallFilter {
 public:
  // `names`: the functions that may be called; none: everything is text. Must outlive the filter.
  explicit CallFilter(const std::set<std::string>& names) : names_(&names) {}
  // What can be told now.
  std::string Add(std::string piece);
  // The rest. `whole`: the answer ended by itself; one that was cut holds no calls to make.
  AnswerParts Finish(bool whole);

 private:
  const std::set<std::string>* names_;
  std::string held_;  // not told yet
  bool plain_ = false, calls_ = false;
};

// Whether an answer that begins so can still become one with calls: nothing of it may be told yet.
bool MayBeToolCalls(std::string_view beginning);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_TOOL_CALLS_H_
