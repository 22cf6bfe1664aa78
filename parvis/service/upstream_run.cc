#include "parvis/service/upstream_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

namespace parvis::service {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kMaxErrorBytes = size_t{64} << 10;
constexpr int64_t kBytesOfLongToken = 16;  // on average over a text no token is longer
constexpr int64_t kBytesOfToken = 4;       // what tokens are like where nobody counts them
// Limits of what may come: a tokenizer with long tokens, and what stands around each in a stream.
constexpr size_t kMaxBytesOfToken = 64, kMaxEventBytesOfToken = 4096;

int64_t Tokens(int64_t bytes, int64_t of_token) { return (bytes + of_token - 1) / of_token; }

UpstreamStreamSettings StreamOf(const UpstreamRequest& request) {
  const auto limit = static_cast<size_t>(request.limit);
  const auto all = static_cast<size_t>(request.plan.max_output_tokens);
  return {.chat = request.chat,
          .tools = request.tools,
          .choices = request.plan.choices,
          .max_choice_bytes = 4096 + kMaxBytesOfToken * limit,
          .max_bytes = (size_t{4} << 20) + kMaxEventBytesOfToken * all};
}

// A name of a field or of a kind of error, which may be told; else nothing.
std::string NameIn(const Json& error, const char* key) {
  const auto found = error.find(key);
  if (found == error.end() || !found->is_string()) return {};
  const auto& text = found->get_ref<const std::string&>();
  const bool name = text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
                      return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '[' || c == ']';
                    });
  return name ? text : std::string();
}

// What its answer of `status` is here. The other side's message is not told: it may hold anything.
Refusal RefusalFor(const UpstreamHead& head, const std::string& body, const std::string& model) {
  const auto say = [&](RefusalKind kind, const char* what) {
    return Refusal{kind, fmt::format("The service behind '{}' {} ({}).", model, what, head.status)};
  };
  switch (head.status) {
    case 429: {
      Refusal refusal = say(RefusalKind::kRateLimited, "takes no more requests now");
      refusal.code = "upstream_rate_limited";
      refusal.retry_after_ms = head.retry_after_ms;
      return refusal;
    }
    case 503: {
      Refusal refusal = say(RefusalKind::kOverloaded, "cannot answer now");
      refusal.retry_after_ms = head.retry_after_ms;
      return refusal;
    }
    case 408:
    case 504:
      return say(RefusalKind::kUpstreamTimeout, "takes too long");
    case 401:
    case 403:
      return say(RefusalKind::kUpstreamFailed, "does not let this server in");
    case 400:
    case 413:
    case 422: {
      Refusal refusal = say(RefusalKind::kInvalid, "refuses the request");
      const Result<Json> json = ParseJson(body, {.max_bytes = kMaxErrorBytes, .max_depth = 16});
      if (json.ok() && json->is_object() && json->contains("error") &&
          (*json)["error"].is_object()) {
        refusal.param = NameIn((*json)["error"], "param");
        refusal.code = NameIn((*json)["error"], "code");
      }
      return refusal;
    }
    default:
      break;
  }
  if (head.status >= 300 && head.status < 400) {
    return say(RefusalKind::kUpstreamFailed, "sends elsewhere, where nobody goes");
  }
  return say(RefusalKind::kUpstreamFailed, "does not answer as it should");
}

}  // namespace

UpstreamRun::UpstreamRun(Upstream& upstream, UpstreamRequest request)
    : upstream_(upstream), request_(std::move(request)), stream_(StreamOf(request_)) {}

void UpstreamRun::Start(Task::Output& output) {
  output_ = &output;
  upstream_.Post([this] { Send(); });
}

void UpstreamRun::Send() {
  begun_ = SteadyClock::now();
  UpstreamEnd end = UpstreamEnd::kStopped;
  if (!cancelled_) {
    end = upstream_.settings().send({.path = request_.path,
                                     .body = request_.body,
                                     .head = [this](const UpstreamHead& h) { return TakeHead(h); },
                                     .bytes = [this](std::string_view b) { return TakeBytes(b); },
                                     .stopped = [this] { return cancelled_.load(); }});
  }
  Reply reply;
  reply.usage = Used();
  const SteadyClock::time_point now = SteadyClock::now();
  const SteadyClock::time_point first = first_.value_or(now);
  reply.timings.prompt = std::chrono::duration<double>(first - begun_).count();
  reply.timings.generation = std::chrono::duration<double>(now - first).count();
  Task::Output* const output = output_;
  if (cancelled_) {
    for (int64_t choice = 0; choice < request_.plan.choices; ++choice) {
      output->Tell({.choice = choice, .text = {}, .finish = Finish::kCancelled});
    }
    return output->End(std::move(reply), std::nullopt);
  }
  output->End(std::move(reply), FailureOf(end));
}

Status UpstreamRun::TakeHead(const UpstreamHead& head) {
  head_ = head;
  if (head.status == 200 && head.event_stream) output_->Begin();
  return {};
}

Status UpstreamRun::TakeBytes(std::string_view bytes) {
  if (!head_ || head_->status != 200 || !head_->event_stream) {
    error_body_ += bytes.substr(0, kMaxErrorBytes - std::min(kMaxErrorBytes, error_body_.size()));
    return error_body_.size() < kMaxErrorBytes ? Status() : DataLoss("the answer is too long");
  }
  std::vector<Delta> deltas;
  wrong_ = stream_.Add(bytes, deltas);
  for (Delta& delta : deltas) {
    if (!first_ && !delta.text.empty()) first_ = SteadyClock::now();
    output_->Tell(std::move(delta));
  }
  return wrong_;
}

std::optional<Refusal> UpstreamRun::FailureOf(UpstreamEnd end) const {
  const std::string& model = upstream_.settings().name;
  if (head_ && head_->status != 200) return RefusalFor(*head_, error_body_, model);
  const auto failed = [&](RefusalKind kind, const std::string& what) {
    return Refusal{kind, fmt::format("The service behind '{}' {}.", model, what)};
  };
  if (head_ && !head_->event_stream) {
    return failed(RefusalKind::kUpstreamFailed, "does not answer with a stream of events");
  }
  if (!wrong_.ok()) {
    return failed(RefusalKind::kUpstreamFailed,
                  "does not answer as it should: " + wrong_.message());
  }
  if (stream_.whole()) return std::nullopt;
  switch (end) {
    case UpstreamEnd::kTimeout:
      return failed(RefusalKind::kUpstreamTimeout, "takes too long");
    case UpstreamEnd::kUnreachable:
      return failed(RefusalKind::kUpstreamFailed,
                    head_ ? "broke off its answer" : "cannot be reached");
    default:
      return failed(RefusalKind::kUpstreamFailed, "ended before its answer did");
  }
}

runtime::Usage UpstreamRun::Used() const {
  runtime::Usage used;
  const auto told = static_cast<int64_t>(stream_.text_bytes());
  const Plan& plan = request_.plan;
  if (const auto& said = stream_.usage()) {
    used = *said;
    used.prompt_tokens = std::clamp(
        said->prompt_tokens, Tokens(request_.prompt_bytes, kBytesOfLongToken), plan.input_tokens);
    used.cached_tokens = std::min(said->cached_tokens, used.prompt_tokens);
    used.completion_tokens = std::clamp(
        said->completion_tokens, std::min(plan.max_output_tokens, Tokens(told, kBytesOfLongToken)),
        plan.max_output_tokens);
    return used;
  }
  if (!head_ || head_->status != 200) return used;  // it computed nothing
  used.prompt_tokens = Tokens(request_.prompt_bytes, kBytesOfToken);
  used.completion_tokens = std::min(plan.max_output_tokens, Tokens(told, kBytesOfToken));
  return used;
}

}  // namespace parvis::service
