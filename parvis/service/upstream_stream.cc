#include "parvis/service/upstream_stream.h"

#include <algorithm>
#include <utility>

#include "parvis/service/upstream_json.h"
#include "parvis/service/upstream_tokens.h"

namespace parvis::service {
namespace {

constexpr size_t kMaxEventBytes = size_t{1} << 20;
constexpr size_t kMaxCalls = 128, kMaxNameBytes = 64;
constexpr JsonLimits kEventLimits{
    .max_bytes = kMaxEventBytes, .max_depth = 32, .max_values = 50'000};

std::string TextOf(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

Finish FinishOf(const std::string& reason) {
  if (reason == "length") return Finish::kLength;
  if (reason == "content_filter") return Finish::kContentFilter;
  return Finish::kStop;  // "stop", "tool_calls", and whatever else a service may call it
}

}  // namespace

Status EventReader::EndLine(std::vector<std::string>& events) {
  std::string_view line = line_;
  if (line.empty()) {
    if (has_data_) events.push_back(std::move(data_));
    data_.clear();
    has_data_ = false;
  } else if (line.starts_with("data:") || line == "data") {
    line.remove_prefix(std::min<size_t>(line.size(), 5));
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (data_.size() + line.size() + 1 > max_event_bytes_) {
      return DataLoss("an event of the stream is too long");
    }
    if (has_data_) data_ += '\n';
    data_ += line;
    has_data_ = true;
  }
  line_.clear();
  return {};
}

Status EventReader::Add(std::string_view bytes, std::vector<std::string>& events) {
  for (const char c : bytes) {
    const bool second = after_return_ && c == '\n';  // of "\r\n"
    after_return_ = c == '\r';
    if (second) continue;
    if (c == '\n' || c == '\r') {
      PARVIS_RETURN_IF_ERROR(EndLine(events));
    } else if (line_.size() >= max_event_bytes_) {
      return DataLoss("a line of the stream is too long");
    } else {
      line_ += c;
    }
  }
  return {};
}

UpstreamStream::UpstreamStream(const UpstreamStreamSettings& settings)
    : settings_(settings),
      reader_(kMaxEventBytes),
      choices_(static_cast<size_t>(settings.choices)),
      unfinished_(settings.choices) {}

Status UpstreamStream::Add(std::string_view bytes, std::vector<Delta>& deltas) {
  bytes_ += bytes.size();
  if (bytes_ > settings_.max_bytes) return DataLoss("the stream is too long");
  std::vector<std::string> events;
  PARVIS_RETURN_IF_ERROR(reader_.Add(bytes, events));
  for (const std::string& event : events) {
    if (done_) break;
    if (event == "[DONE]") {
      done_ = true;
    } else {
      PARVIS_RETURN_IF_ERROR(Take(event, deltas));
    }
  }
  return {};
}

Status UpstreamStream::Take(const std::string& event, std::vector<Delta>& deltas) {
  const Result<Json> parsed = ParseJson(event, kEventLimits);
  if (!parsed.ok() || !parsed->is_object()) return DataLoss("an event is no JSON object");
  const Json& json = *parsed;
  const Json& error = MemberOf(json, "error");
  if (!error.is_null() && error != false) return DataLoss("the stream tells of an error");
  TakeUsage(MemberOf(json, "usage"));
  const Json& choices = MemberOf(json, "choices");
  if (choices.is_null()) return {};
  if (!choices.is_array()) return DataLoss("choices: not a list");
  for (const Json& choice : choices) PARVIS_RETURN_IF_ERROR(TakeChoice(choice, deltas));
  return {};
}

Status UpstreamStream::Grow(Choice& choice, size_t bytes) {
  choice.bytes += bytes;
  text_bytes_ += bytes;
  if (bytes > 0 && choice.finished) return DataLoss("text after a choice's end");
  if (choice.bytes > settings_.max_choice_bytes) {
    return DataLoss("more text than was asked for");
  }
  return {};
}

Status UpstreamStream::TakeChoice(const Json& json, std::vector<Delta>& deltas) {
  const Json& index = MemberOf(json, "index");
  const int64_t number = index.is_null() && settings_.choices == 1 ? 0
                         : index.is_number_integer()               ? CountOf(index)
                                                                   : settings_.choices;
  if (number >= settings_.choices || (index.is_number() && index < 0)) {
    return DataLoss("a choice that was not asked for");
  }
  Choice& choice = choices_[static_cast<size_t>(number)];
  const Json& told = MemberOf(json, "delta");
  Delta delta{.choice = number};
  delta.text = settings_.chat
                   ? TextOf(MemberOf(told, "content")) + TextOf(MemberOf(told, "refusal"))
                   : TextOf(MemberOf(json, "text"));
  PARVIS_RETURN_IF_ERROR(Grow(choice, delta.text.size()));
  choice.said |= !delta.text.empty();
  PARVIS_RETURN_IF_ERROR(TakeTokens(MemberOf(json, "logprobs"), choice, delta));
  PARVIS_RETURN_IF_ERROR(TakeCalls(MemberOf(told, "tool_calls"), choice));
  const Json& reason = MemberOf(json, "finish_reason");
  if (reason.is_string() && !choice.finished) {
    if (settings_.logprobs >= 0 && choice.said && choice.tokens == 0) {
      return DataLoss("no log-probabilities, which were asked for");
    }
    for (const auto& [_, call] : choice.calls) {
      const bool object = ParseJson(call.arguments, kEventLimits).ok();
      OrderedJson written = {{"name", call.name}};
      written["arguments"] =
          object ? OrderedJson::parse(call.arguments) : OrderedJson(call.arguments);
      delta.text += "\n<tool_call>\n" +
                    written.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) +
                    "\n</tool_call>";
    }
    choice.finished = true;
    --unfinished_;
    delta.finish = FinishOf(reason.get<std::string>());
  }
  if (!delta.text.empty() || !delta.tokens.empty() || delta.finish) {
    deltas.push_back(std::move(delta));
  }
  return {};
}

Status UpstreamStream::TakeTokens(const Json& logprobs, Choice& choice, Delta& delta) {
  if (settings_.logprobs < 0) return {};
  PARVIS_RETURN_IF_ERROR(ReadUpstreamTokens(logprobs, settings_.logprobs, delta.tokens));
  choice.tokens += delta.tokens.size();
  if (choice.finished && !delta.tokens.empty()) return DataLoss("tokens after a choice's end");
  if (choice.tokens > settings_.max_choice_tokens) {
    return DataLoss("more tokens than were asked for");
  }
  return {};
}

// Pieces of calls, which are told at the end of the choice. Where none can have been asked for,
// they mean nothing.
Status UpstreamStream::TakeCalls(const Json& calls, Choice& choice) {
  if (!settings_.tools || !calls.is_array()) return {};
  for (const Json& piece : calls) {
    const int64_t index = CountOf(MemberOf(piece, "index"));
    if (choice.calls.size() >= kMaxCalls && !choice.calls.contains(index)) {
      return DataLoss("more calls than can be told");
    }
    Call& call = choice.calls[index];
    const Json& function = MemberOf(piece, "function");
    const std::string name = TextOf(MemberOf(function, "name"));
    const std::string arguments = TextOf(MemberOf(function, "arguments"));
    if (call.name.size() + name.size() > kMaxNameBytes)
      return DataLoss("a call's name is too long");
    PARVIS_RETURN_IF_ERROR(Grow(choice, name.size() + arguments.size()));
    call.name += name;
    call.arguments += arguments;
  }
  return {};
}

void UpstreamStream::TakeUsage(const Json& usage) {
  if (!usage.is_object()) return;
  runtime::Usage said;
  said.prompt_tokens = CountOf(MemberOf(usage, "prompt_tokens"));
  said.completion_tokens = CountOf(MemberOf(usage, "completion_tokens"));
  const Json& details = MemberOf(usage, "prompt_tokens_details");
  said.cached_tokens = std::min(said.prompt_tokens, CountOf(MemberOf(details, "cached_tokens")));
  usage_ = said;
}

}  // namespace parvis::service
