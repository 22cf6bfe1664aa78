// What the bodies of POST /v1/responses and /v1/responses/input_tokens may hold.

#include "parvis/server/openai_json.h"
#include "parvis/server/openai_responses_request.h"

namespace parvis::server {
namespace {

constexpr std::string_view kRoles[] = {"user", "assistant", "system", "developer"};
constexpr std::string_view kPartTypes[] = {"input_text", "output_text", "refusal"};
constexpr Shape kAny = Any();
constexpr Shape kAnyObject = Object({}, /*open=*/true);
constexpr Field kPartFields[] = {
    {"type", Among(kPartTypes), Presence::kRequired},
    {"text", String(kMaxText)},
    {"refusal", String(kMaxText)},
    {"annotations", Array(kAny, 0, 1024), Presence::kIgnored},
    {"logprobs", Any(), Presence::kIgnored},
};
constexpr Shape kPart = Object(kPartFields);
constexpr Shape kContentShapes[] = {String(kMaxText), Array(kPart, 0, 1024)};
constexpr Shape kContent = OneOf(kContentShapes);
// One table for all kinds of items; which must have what is looked at when they are read.
constexpr std::string_view kItemTypes[] = {"message", "function_call", "function_call_output"};
constexpr Field kItemFields[] = {
    {"type", Among(kItemTypes)},
    {"id", String(256)},
    {"status", String(32), Presence::kIgnored},
    {"role", Among(kRoles)},
    {"content", kContent},
    {"phase", String(32), Presence::kIgnored},
    {"call_id", String(256, 1)},
    {"name", String(64, 1)},
    {"arguments", String(kMaxText)},
    {"output", kContent},
};
constexpr Shape kItem = Object(kItemFields);
constexpr Shape kInputShapes[] = {String(kMaxText, 1), Array(kItem, 1, 4096)};
constexpr std::string_view kFunctionType[] = {"function"};
constexpr Field kToolFields[] = {
    {"type", Among(kFunctionType), Presence::kRequired},
    {"name", String(64, 1), Presence::kRequired},
    {"description", String(65536)},
    {"parameters", kAnyObject},
    {"strict", Boolean(), Presence::kIgnored},
};
constexpr Shape kTool = Object(kToolFields);
constexpr std::string_view kChoices[] = {"none", "auto", "required"};
constexpr Field kChoiceFields[] = {
    {"type", Among(kFunctionType), Presence::kRequired},
    {"name", String(64, 1), Presence::kRequired},
};
constexpr Shape kChoiceShapes[] = {Among(kChoices), Object(kChoiceFields)};
constexpr std::string_view kFormats[] = {"text", "json_object", "json_schema"};
constexpr Field kFormatFields[] = {
    {"type", Among(kFormats), Presence::kRequired},
    {"name", String(64, 1)},
    {"description", String(65536)},
    {"schema", kAnyObject},
    {"strict", Boolean()},
};
constexpr Field kTextFields[] = {
    {"format", Object(kFormatFields)},
    {"verbosity", String(16), Presence::kIgnored},
};
constexpr std::string_view kTruncations[] = {"auto", "disabled"};
constexpr std::string_view kTiers[] = {"auto", "default", "flex", "priority", "scale"};
constexpr Shape kIncluded = String(64);
constexpr Field kStreamFields[] = {{"include_obfuscation", Boolean(), Presence::kIgnored}};
constexpr Field kFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"input", OneOf(kInputShapes), Presence::kRequired},
    {"instructions", String(kMaxText)},
    {"previous_response_id", String(256, 1)},
    {"max_output_tokens", Integer(1, 1'000'000)},
    {"temperature", Number(0, 2)},
    {"top_p", Number(0, 1)},
    {"top_logprobs", Integer(0, 20)},
    {"include", Array(kIncluded, 0, 32)},
    {"tools", Array(kTool, 0, 128)},
    {"tool_choice", OneOf(kChoiceShapes)},
    {"text", Object(kTextFields)},
    {"stream", Boolean()},
    {"stream_options", Object(kStreamFields)},
    {"store", Boolean()},
    {"metadata", kMetadata},
    {"background", Boolean()},
    {"truncation", Among(kTruncations)},
    {"parallel_tool_calls", Boolean(), Presence::kIgnored},
    {"max_tool_calls", Integer(1, 1'000'000), Presence::kIgnored},
    {"reasoning", kAnyObject, Presence::kIgnored},
    {"user", String(512), Presence::kIgnored},
    {"safety_identifier", String(64), Presence::kIgnored},
    {"prompt_cache_key", String(512), Presence::kIgnored},
    {"prompt_cache_retention", String(64), Presence::kIgnored},
    {"service_tier", Among(kTiers), Presence::kIgnored},
    {"conversation", Any(), Presence::kUnsupported},
    {"context_management", Any(), Presence::kUnsupported},
    {"prompt", Any(), Presence::kUnsupported},
    {"moderation", Any(), Presence::kUnsupported},
};
constexpr Shape kBody = Object(kFields);
constexpr Field kCountFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"input", OneOf(kInputShapes), Presence::kRequired},
    {"instructions", String(kMaxText)},
    {"previous_response_id", String(256, 1)},
    {"tools", Array(kTool, 0, 128)},
    {"tool_choice", OneOf(kChoiceShapes)},
    {"text", Object(kTextFields), Presence::kIgnored},
    {"truncation", Among(kTruncations), Presence::kIgnored},  // all of it is counted
    {"parallel_tool_calls", Boolean(), Presence::kIgnored},
    {"reasoning", kAnyObject, Presence::kIgnored},
    {"conversation", Any(), Presence::kUnsupported},
};
constexpr Shape kCountBody = Object(kCountFields);

}  // namespace

const Shape& ResponsesBody() { return kBody; }
const Shape& InputTokensBody() { return kCountBody; }

}  // namespace parvis::server
