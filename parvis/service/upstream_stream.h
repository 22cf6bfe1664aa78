#ifndef PARVIS_SERVICE_UPSTREAM_STREAM_H_
#define PARVIS_SERVICE_UPSTREAM_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/service/task.h"

namespace parvis::service {

// Takes a stream of server-sent events apart: the data of each, as the WHATWG's specification of
// them says. Everything else in it (comments, names, ids) is left out. Of untrusted bytes: refuses
// lines and events that are too long.
class EventReader {
 public:
  explicit EventReader(size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}
  // Adds the events that are whole now to `events`.
  Status Add(std::string_view bytes, std::vector<std::string>& events);

 private:
  Status EndLine(std::vector<std::string>& events);

  const size_t max_event_bytes_;
  std::string line_, data_;
  bool has_data_ = false, after_return_ = false;
};

struct UpstreamStreamSettings {
  bool chat = false;
  bool tools = false;  // calls are told as text, in the form in which models write them
  int logprobs = -1;   // alternatives for each token; -1: no log-probabilities were asked for
  int64_t choices = 1;
  size_t max_choice_bytes = 0;   // of a choice's text
  size_t max_choice_tokens = 0;  // with log-probabilities
  size_t max_bytes = 0;          // of all
};

// What a service that speaks OpenAI's API tells of a streamed answer, as deltas. Refuses what makes
// no sense: pieces of choices that were not asked for, text after an end, more bytes than agreed,
// text without the log-probabilities that were asked for.
class UpstreamStream {
 public:
  explicit UpstreamStream(const UpstreamStreamSettings& settings);
  Status Add(std::string_view bytes, std::vector<Delta>& deltas);
  // Whether the answer came to its end: all choices have ended. (Of a stream that was cut they
  // have not; "[DONE]" need not come.)
  bool whole() const { return unfinished_ == 0; }
  size_t text_bytes() const { return text_bytes_; }                      // of all choices
  const std::optional<runtime::Usage>& usage() const { return usage_; }  // as it says

 private:
  struct Call {
    std::string name, arguments;
  };
  struct Choice {
    bool finished = false;
    size_t bytes = 0, tokens = 0;
    bool said = false;  // text, not only calls
    std::map<int64_t, Call> calls;
  };

  Status Take(const std::string& event, std::vector<Delta>& deltas);
  Status TakeChoice(const Json& choice, std::vector<Delta>& deltas);
  Status TakeTokens(const Json& logprobs, Choice& choice, Delta& delta);
  Status TakeCalls(const Json& calls, Choice& choice);
  Status Grow(Choice& choice, size_t bytes);
  void TakeUsage(const Json& usage);

  const UpstreamStreamSettings settings_;
  EventReader reader_;
  std::vector<Choice> choices_;
  int64_t unfinished_;
  size_t bytes_ = 0, text_bytes_ = 0;
  bool done_ = false;
  std::optional<runtime::Usage> usage_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_UPSTREAM_STREAM_H_
