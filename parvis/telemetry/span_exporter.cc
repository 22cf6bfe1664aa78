#include "parvis/telemetry/span_exporter.h"

#include <algorithm>
#include <utility>

#include "parvis/net/http_client.h"

namespace parvis::telemetry {
namespace {

constexpr int kSpanKindInternal = 1, kSpanKindServer = 2;
constexpr int kStatusError = 2;
constexpr auto kSendTime = std::chrono::seconds(10);
constexpr auto kLastTime = std::chrono::seconds(2);

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
    : settings_(std::move(settings)), thread_([this] { Loop(); }) {}

SpanExporter::~SpanExporter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SpanExporter::Offer(RequestSeen seen) {
  const std::lock_guard lock(mutex_);
  if (queue_.size() >= settings_.max_queued) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  queue_.push_back(std::move(seen));
  if (queue_.size() >= settings_.max_batch) wake_.notify_one();
}

void SpanExporter::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, settings_.interval,
                   [this] { return stop_ || queue_.size() >= settings_.max_batch; });
    if (queue_.empty()) {
      if (stop_) return;
      continue;
    }
    std::vector<RequestSeen> batch;
    while (!queue_.empty() && batch.size() < settings_.max_batch) {
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    lock.unlock();
    const bool sent = SendBatch(batch);
    const auto count = static_cast<int64_t>(batch.size());
    (sent ? sent_ : dropped_).fetch_add(count, std::memory_order_relaxed);
    lock.lock();
    if (stop_ && !sent) return;  // nobody is there: the end must not wait for more
  }
}

// One try: what a collector does not take now is lost, and counted.
bool SpanExporter::SendBatch(const std::vector<RequestSeen>& batch) const {
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
  net::HttpCall call{.method = "POST", .url = settings_.endpoint + "/v1/traces"};
  call.headers = settings_.headers;
  call.headers.emplace_back("content-type", "application/json");
  call.body = body.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  call.whole_time = kSendTime;
  Clock::time_point until = Clock::time_point::max();
  call.stopped = [this, until]() mutable {
    if (!stop_) return false;
    if (until == Clock::time_point::max()) until = Clock::now() + kLastTime;
    return Clock::now() >= until;
  };
  const auto reply = net::Send(call);
  return reply.ok() && reply->status >= 200 && reply->status < 300;
}

}  // namespace parvis::telemetry
