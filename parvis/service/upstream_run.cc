#include "parvis/service/upstream_run.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "parvis/service/upstream_refusal.h"
#include "parvis/service/upstream_usage.h"

namespace parvis::service {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Limits of what may come: a tokenizer with long tokens, and what stands around each in a stream.
constexpr size_t kMaxBytesOfToken = 64, kMaxEventBytesOfToken = 4096;
constexpr size_t kMaxEventBytesOfLogprob = 512;
constexpr size_t kMaxMoreTokens = 16;  // without text, at an end

UpstreamStreamSettings StreamOf(const UpstreamRequest& request) {
  const auto limit = static_cast<size_t>(request.limit);
  const auto all = static_cast<size_t>(request.plan.max_output_tokens);
  const auto logprobs = static_cast<size_t>(request.logprobs + 1);  // of a token and others
  return {.chat = request.chat,
          .tools = request.tools,
          .logprobs = request.logprobs,
          .choices = request.plan.choices,
          .max_choice_bytes = 4096 + kMaxBytesOfToken * limit,
          .max_choice_tokens = limit + kMaxMoreTokens,
          .max_bytes = (size_t{4} << 20) +
                       (kMaxEventBytesOfToken + kMaxEventBytesOfLogprob * logprobs) * all};
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
    error_body_ += bytes.substr(
        0, kMaxUpstreamErrorBytes - std::min(kMaxUpstreamErrorBytes, error_body_.size()));
    return error_body_.size() < kMaxUpstreamErrorBytes ? Status()
                                                       : DataLoss("the answer is too long");
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
  if (head_ && head_->status != 200) return RefusalOfUpstreamStatus(*head_, error_body_, model);
  if (head_ && !head_->event_stream) {
    return UpstreamRefusal(RefusalKind::kUpstreamFailed, model,
                           "does not answer with a stream of events");
  }
  if (!wrong_.ok()) {
    return UpstreamRefusal(RefusalKind::kUpstreamFailed, model,
                           "does not answer as it should: " + wrong_.message());
  }
  if (stream_.whole()) return std::nullopt;
  return RefusalOfUpstreamEnd(end, head_.has_value(), model);
}

runtime::Usage UpstreamRun::Used() const {
  const bool computed = head_ && head_->status == 200;
  if (!computed) return {};
  return SettledUsage({.prompt_bytes = request_.prompt_bytes,
                       .answer_bytes = static_cast<int64_t>(stream_.text_bytes()),
                       .most_prompt_tokens = request_.plan.input_tokens,
                       .most_answer_tokens = request_.plan.max_output_tokens},
                      stream_.usage());
}

}  // namespace parvis::service
