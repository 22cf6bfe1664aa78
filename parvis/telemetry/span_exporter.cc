#include "parvis/telemetry/span_exporter.h"

#include <algorithm>
#include <utility>

#include "parvis/net/http_client.h"

namespace parvis::telemetry {
namespace {

constexpr int kSpanKindInternal = 1, kSpanKindServer = 2;
constexpr int kStatusError = 2;
constexpr auto kSendTime = std::chrono::seconds(10);

OrderedJson Text(const char* key, const std::string& value) {
  return {{"key", key}, {"value", {{"stringValue", value}}}};
}
// 64-bit integers are text in the JSON form of protocol buffers.
OrderedJson Number(const char* key, int64_t value) {
  return {{"key", key}, {"value", {{"intValue", std::to_string(value)}}}};
}

// Times in nanoseconds since 1970; the request's begin on the wall is known to a millisecond.
class Wall {
 public:
  explicit Wall(const RequestSeen& seen) : begun_ms_(seen.begun_ms), begun_(seen.begun) {}
  std::string At(Clock::time_point time) const {
    using std::chrono::duration_cast, std::chrono::nanoseconds;
    return std::to_string(begun_ms_ * 1'000'000 +
                          duration_cast<nanoseconds>(time - begun_).count());
  }

 private:
  int64_t begun_ms_;
  Clock::time_point begun_;
};

OrderedJson Span(const RequestSeen& seen, const std::string& id, const std::string& parent,
                 const std::string& name, Clock::time_point begin, Clock::time_point end) {
  const Wall wall(seen);
  OrderedJson span = {{"traceId", seen.context.trace_id}, {"spanId", id}};
  if (!parent.empty()) span["parentSpanId"] = parent;
  span["name"] = name;
  span["kind"] = kSpanKindInternal;
  span["startTimeUnixNano"] = wall.At(begin);
  span["endTimeUnixNano"] = wall.At(std::max(begin, end));
  return span;
}

OrderedJson AttributesOf(const RequestSeen& seen) {
  OrderedJson list = OrderedJson::array();
  const auto add = [&list](const char* key, const std::string& value) {
    if (!value.empty()) list.push_back(Text(key, value));
  };
  add("http.request.method", seen.method);
  add("http.route", seen.route);
  list.push_back(Number("http.response.status_code", seen.status));
  add("parvis.request.id", seen.request);
  add("parvis.organisation", seen.organisation);
  add("parvis.owner", seen.owner);
  add("error.type", seen.error);
  if (!seen.model.empty()) {
    add("gen_ai.provider.name", "parvis");
    add("gen_ai.request.model", seen.model);
    add("gen_ai.response.model", seen.model);
  }
  if (!seen.finish.empty()) {
    list.push_back(Number("gen_ai.usage.input_tokens", seen.input_tokens));
    list.push_back(Number("gen_ai.usage.output_tokens", seen.output_tokens));
    list.push_back(Number("gen_ai.usage.cache_read.input_tokens", seen.cached_tokens));
    list.push_back({{"key", "gen_ai.response.finish_reasons"},
                    {"value", {{"arrayValue", {{"values", {{{"stringValue", seen.finish}}}}}}}}});
  }
  return list;
}

// What the model did for the request, one after the other.
void AddRun(const RequestSeen& seen, const std::string& parent, Clock::time_point begin,
            OrderedJson& spans) {
  const std::pair<const char*, double> parts[] = {
      {"queue", seen.waiting}, {"prefill", seen.prompt}, {"generate", seen.generation}};
  for (const auto& [name, seconds] : parts) {
    if (seconds <= 0) continue;
    const auto end =
        begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    spans.push_back(Span(seen, NewSpanId(), parent, name, begin, end));
    begin = end;
  }
}

}  // namespace

OrderedJson SpansOf(const RequestSeen& seen) {
  OrderedJson spans = OrderedJson::array();
  const std::string name = seen.method + (seen.route.empty() ? "" : " " + seen.route);
  OrderedJson whole = Span(seen, seen.context.span_id, seen.parent, name, seen.begun, seen.ended);
  whole["kind"] = kSpanKindServer;
  whole["attributes"] = AttributesOf(seen);
  if (seen.status >= 500 || seen.status == 0) whole["status"] = {{"code", kStatusError}};
  spans.push_back(std::move(whole));
  for (const Stage& stage : seen.stages) {
    const std::string id = NewSpanId();
    const auto end = stage.end == Clock::time_point() ? seen.ended : stage.end;
    spans.push_back(Span(seen, id, seen.context.span_id, stage.name, stage.begin, end));
    if (std::string_view(stage.name) == "run") AddRun(seen, id, stage.begin, spans);
  }
  return spans;
}

Result<std::unique_ptr<SpanExporter>> SpanExporter::Start(SpanExporterSettings settings) {
  while (settings.endpoint.ends_with('/')) settings.endpoint.pop_back();
  PARVIS_RETURN_IF_ERROR(net::ParseUrl(settings.endpoint).status());
  return std::unique_ptr<SpanExporter>(new SpanExporter(std::move(settings)));
}

SpanExporter::SpanExporter(SpanExporterSettings settings)
    : settings_(std::move(settings)),
      backoff_(settings_.first_wait, settings_.most_wait),
      thread_([this] { Loop(); }) {}

SpanExporter::~SpanExporter() {
  {
    const std::lock_guard lock(mutex_);
    end_ = (Clock::now() + settings_.last_time).time_since_epoch().count();
  }
  wake_.notify_one();
  thread_.join();
}

bool SpanExporter::Ending(Clock::time_point at) const {
  return at.time_since_epoch().count() >= end_;
}

void SpanExporter::Offer(RequestSeen seen) {
  const std::lock_guard lock(mutex_);
  if (queue_.size() >= settings_.max_queued) {
    queue_.pop_front();
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
  queue_.push_back(std::move(seen));
  if (queue_.size() >= settings_.max_batch) wake_.notify_one();
}

// Waits for some; none: it is the end, and all has been sent.
std::optional<SpanExporter::Batch> SpanExporter::NextBatch() {
  std::vector<RequestSeen> taken;
  {
    std::unique_lock lock(mutex_);
    do {
      wake_.wait_for(lock, settings_.interval,
                     [this] { return end_ != kNoEnd || queue_.size() >= settings_.max_batch; });
      if (queue_.empty() && end_ != kNoEnd) return std::nullopt;
    } while (queue_.empty());
    while (!queue_.empty() && taken.size() < settings_.max_batch) {
      taken.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  }
  return Batch{BodyOf(taken), static_cast<int64_t>(taken.size()), Clock::now()};
}

void SpanExporter::Loop() {
  while (const auto batch = NextBatch()) {
    if (!Deliver(*batch)) return;
  }
}

bool SpanExporter::Deliver(const Batch& batch) {
  while (true) {
    std::optional<Backoff::Time> asked;
    const Outcome outcome = SendOnce(batch, asked);
    if (outcome != Outcome::kAgain) {
      backoff_.Reset();
      (outcome == Outcome::kTaken ? sent_ : dropped_).fetch_add(batch.requests);
      return true;
    }
    const Clock::time_point next = Clock::now() + backoff_.Next(asked);
    const bool waits = asked || end_ != kNoEnd;
    std::unique_lock lock(mutex_);
    // An end that comes now has it tried at once, if the collector has not said when.
    while (Clock::now() < next && !Ending(next) && (waits || end_ == kNoEnd)) {
      wake_.wait_until(lock, next);
    }
    if (Ending(Clock::now()) || (waits && Ending(next))) {
      dropped_.fetch_add(batch.requests + static_cast<int64_t>(queue_.size()));
      return false;
    }
    if (next - batch.begun > settings_.try_time) {
      dropped_.fetch_add(batch.requests);
      return true;
    }
  }
}

std::string SpanExporter::BodyOf(const std::vector<RequestSeen>& batch) const {
  OrderedJson spans = OrderedJson::array();
  for (const RequestSeen& seen : batch) {
    for (OrderedJson& span : SpansOf(seen)) spans.push_back(std::move(span));
  }
  OrderedJson scope = {{"scope", {{"name", "parvis"}, {"version", settings_.version}}},
                       {"spans", std::move(spans)}};
  OrderedJson resource = {{"resource",
                           {{"attributes",
                             {Text("service.name", settings_.service_name),
                              Text("service.version", settings_.version)}}}},
                          {"scopeSpans", OrderedJson::array({std::move(scope)})}};
  const OrderedJson body = {{"resourceSpans", OrderedJson::array({std::move(resource)})}};
  return body.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

SpanExporter::Outcome SpanExporter::SendOnce(const Batch& batch,
                                             std::optional<Backoff::Time>& asked) const {
  net::HttpCall call{.method = "POST", .url = settings_.endpoint + "/v1/traces"};
  call.headers = settings_.headers;
  call.headers.emplace_back("content-type", "application/json");
  call.body = batch.body;
  call.whole_time = kSendTime;
  call.stopped = [this] { return Ending(Clock::now()); };
  const auto reply = net::Send(call);
  if (!reply.ok()) return Outcome::kAgain;
  if (reply->status >= 200 && reply->status < 300) return Outcome::kTaken;
  const bool again = reply->status == 429 || (reply->status >= 502 && reply->status <= 504);
  if (again) asked = net::RetryAfterOf(*reply);
  return again ? Outcome::kAgain : Outcome::kRefused;
}

}  // namespace parvis::telemetry
