#ifndef PARVIS_SERVER_TOOLS_H_
#define PARVIS_SERVER_TOOLS_H_

#include <optional>
#include <set>
#include <string>

#include "parvis/core/json.h"
#include "parvis/server/tool_calls.h"
#include "parvis/service/generate_task.h"

// Functions that a caller has and a model may ask for, in whatever dialect they are told.
namespace parvis::server {

// Which of them an answer may or must call.
struct ToolChoice {
  enum class Kind { kNone, kAuto, kAny, kOne };
  Kind kind = Kind::kAuto;
  std::string name = {};  // of kOne
};

// A function in the words of chat templates, which are those of OpenAI's chat. What is null was not
// said.
OrderedJson ToolForTemplate(const std::string& name, const OrderedJson& description,
                            const OrderedJson& parameters);
// A call that was made. `arguments` is an object.
OrderedJson CallForTemplate(const std::string& id, const std::string& name,
                            const OrderedJson& arguments);
// Arguments that a caller gives as text: what the text says if it is JSON, else the text.
OrderedJson ArgumentsOf(const std::string& text);

// Tells the model of a conversation about `tools` (a list of ToolForTemplate's), holds its answer
// to a call where one is forced, and says in `functions` whose calls are to be looked for. Refuses
// a choice of what is not there.
std::optional<service::Refusal> OfferTools(const OrderedJson& tools,
                                           const std::optional<ToolChoice>& choice,
                                           OrderedJson& conversation, service::OutputForm& form,
                                           std::set<std::string>& functions);

// "call_…", "toolu_…": an id that nobody else has.
std::string NewCallId(const std::string& prefix);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_TOOLS_H_
