// The only file that knows prometheus-cpp.

#include "parvis/telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <string_view>

#include "parvis/core/clock.h"

namespace parvis::telemetry {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using Labels = std::map<std::string, std::string>;

// The buckets that OpenTelemetry's conventions for generative models name (v1.41.0).
Histogram::BucketBoundaries DurationBuckets() {
  Histogram::BucketBoundaries bounds;
  for (int i = 0; i < 14; ++i) bounds.push_back(0.01 * std::ldexp(1.0, i));
  return bounds;
}
Histogram::BucketBoundaries TokenBuckets() {
  Histogram::BucketBoundaries bounds;
  for (int i = 0; i < 14; ++i) bounds.push_back(std::ldexp(1.0, 2 * i));
  return bounds;
}

// What a route does, in the conventions' words; others by their own last part.
std::string OperationOf(std::string_view route) {
  if (route == "/v1/chat/completions" || route == "/v1/messages" || route == "/v1/responses" ||
      route == "/api/chat") {
    return "chat";
  }
  if (route == "/v1/completions" || route == "/api/generate") return "text_completion";
  if (route == "/v1/embeddings" || route == "/api/embed" || route == "/api/embeddings") {
    return "embeddings";
  }
  if (route == "/v1/rerank") return "retrieval";
  const size_t slash = route.rfind('/');
  return std::string(route.substr(slash == std::string_view::npos ? 0 : slash + 1));
}

int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t whole = 0, resident = 0;
  if (!(file >> whole >> resident)) return 0;
  return resident * sysconf(_SC_PAGESIZE);
}

double CpuSeconds() {
  rusage used = {};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;

  Family<Counter>& MakeCounter(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  Family<Histogram>& MakeHistogram(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }

  Family<Counter>& http =
      MakeCounter("parvis_http_requests_total", "Requests answered, by route and status.");
  Family<Counter>& gone =
      MakeCounter("parvis_http_clients_gone_total", "Requests whose client left before the end.");
  Family<Histogram>& duration = MakeHistogram("parvis_request_duration_seconds",
                                              "From a request's first byte to its answer's last.");
  Family<Histogram>& queue = MakeHistogram("parvis_request_queue_duration_seconds",
                                           "From a request's start to the model's first step.");
  Family<Counter>& prompt_tokens =
      MakeCounter("parvis_prompt_tokens_total", "Tokens of prompts, those from the cache too.");
  Family<Counter>& predicted_tokens =
      MakeCounter("parvis_tokens_predicted_total", "Tokens that models chose.");
  Family<Counter>& prompt_seconds =
      MakeCounter("parvis_prompt_seconds_total", "Time in which models read prompts.");
  Family<Counter>& predicted_seconds =
      MakeCounter("parvis_tokens_predicted_seconds_total", "Time in which models chose tokens.");
  Family<Counter>& prefix_queries = MakeCounter(
      "parvis_prefix_cache_queries_total", "Tokens of prompts that were looked up in the cache.");
  Family<Counter>& prefix_hits =
      MakeCounter("parvis_prefix_cache_hits_total", "Tokens of prompts that the cache had.");
  Family<Counter>& finished =
      MakeCounter("parvis_answers_total", "Answers of models, by how they ended.");
  Family<Histogram>& gen_tokens =
      MakeHistogram("gen_ai_client_token_usage", "Tokens of one request.");
  Family<Histogram>& gen_operation = MakeHistogram("gen_ai_client_operation_duration_seconds",
                                                   "A request to a model, as its client sees it.");
  Family<Histogram>& gen_request = MakeHistogram(
      "gen_ai_server_request_duration_seconds", "A request to a model, from its first station on.");
  Family<Histogram>& gen_first = MakeHistogram("gen_ai_server_time_to_first_token_seconds",
                                               "From a request's first byte to its first text.");
  Family<Histogram>& gen_per_token = MakeHistogram("gen_ai_server_time_per_output_token_seconds",
                                                   "Between tokens, after the first.");
  const double start_seconds = static_cast<double>(WallClockMs()) / 1e3;

  mutable std::mutex mutex;  // guards what follows
  mutable std::set<std::string> models;
  double input = 0, output = 0, prompt_time = 0, output_time = 0;  // of all models

  std::string ModelLabel(const std::string& name) const {
    const std::lock_guard lock(mutex);
    if (models.contains(name)) return name;
    if (models.size() >= kMaxModels) return "other";
    models.insert(name);
    return name;
  }

  void CountModel(const RequestSeen& seen);
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::Count(const RequestSeen& seen) {
  Families& f = *families_;
  const std::string route = seen.route.empty() ? "none" : seen.route;
  const std::string method = seen.route.empty() ? "other" : seen.method;
  f.http.Add({{"route", route}, {"method", method}, {"status", std::to_string(seen.status)}})
      .Increment();
  if (seen.gone) f.gone.Add({{"route", route}}).Increment();
  f.duration.Add({{"route", route}}, DurationBuckets())
      .Observe(SecondsBetween(seen.begun, seen.ended));
  if (!seen.model.empty()) f.CountModel(seen);
}

void Metrics::Families::CountModel(const RequestSeen& seen) {
  const Labels model = {{"model", ModelLabel(seen.model)}};
  Labels labels = {{"gen_ai_operation_name", OperationOf(seen.route)},
                   {"gen_ai_provider_name", "parvis"},
                   {"gen_ai_request_model", model.at("model")}};
  const Histogram::BucketBoundaries durations = DurationBuckets();
  gen_operation.Add(labels, durations).Observe(SecondsBetween(seen.begun, seen.ended));
  for (const Stage& stage : seen.stages) {
    if (std::string_view(stage.name) != "model") continue;
    gen_request.Add(labels, durations).Observe(SecondsBetween(stage.begin, seen.ended));
  }
  if (seen.finish.empty()) return;
  finished.Add({{"model", model.at("model")}, {"finish", seen.finish}}).Increment();
  const auto input_tokens = static_cast<double>(seen.input_tokens);
  const auto output_tokens = static_cast<double>(seen.output_tokens);
  {
    const std::lock_guard lock(mutex);
    input += input_tokens - static_cast<double>(seen.cached_tokens);
    output += output_tokens;
    prompt_time += seen.prompt;
    output_time += seen.generation;
  }
  prompt_tokens.Add(model).Increment(input_tokens);
  predicted_tokens.Add(model).Increment(output_tokens);
  prompt_seconds.Add(model).Increment(seen.prompt);
  predicted_seconds.Add(model).Increment(seen.generation);
  prefix_queries.Add(model).Increment(input_tokens);
  prefix_hits.Add(model).Increment(static_cast<double>(seen.cached_tokens));
  queue.Add(model, durations).Observe(seen.waiting);
  if (seen.first_token) {
    gen_first.Add(labels, durations).Observe(SecondsBetween(seen.begun, *seen.first_token));
  }
  const auto choices = static_cast<double>(std::max<int64_t>(1, seen.choices));
  if (output_tokens > choices && seen.generation > 0) {
    gen_per_token.Add(labels, durations).Observe(seen.generation / (output_tokens / choices - 1));
  }
  Labels tokens = labels;
  tokens["gen_ai_token_type"] = "input";
  gen_tokens.Add(tokens, TokenBuckets()).Observe(input_tokens);
  tokens["gen_ai_token_type"] = "output";
  gen_tokens.Add(tokens, TokenBuckets()).Observe(output_tokens);
}

std::string Metrics::Text(const ServiceNow& now) const {
  // What is so now is built anew each time, so that models that were unloaded leave nothing.
  prometheus::Registry present;
  const auto gauge = [&present](const char* name, const char* help) -> Family<Gauge>& {
    return prometheus::BuildGauge().Name(name).Help(help).Register(present);
  };
  const auto set = [&gauge](const char* name, const char* help, double value) {
    gauge(name, help).Add({}).Set(value);
  };
  const auto count = [&present](const char* name, const char* help, double value) {
    prometheus::BuildCounter().Name(name).Help(help).Register(present).Add({}).Increment(value);
  };
  gauge("parvis_build_info", "The version.").Add({{"version", now.version}}).Set(1);
  set("parvis_ready", "Whether the server takes requests.", now.ready ? 1 : 0);
  set("parvis_connections", "Open connections.", static_cast<double>(now.connections));
  set("parvis_requests_in_flight", "Requests on the path, from access to the last byte.",
      static_cast<double>(now.requests));
  set("parvis_models_loaded", "Models in memory.", static_cast<double>(now.models.size()));
  auto& processing = gauge("parvis_requests_processing", "Sequences that a model computes.");
  auto& deferred = gauge("parvis_requests_deferred", "Sequences that wait for a model.");
  auto& kv = gauge("parvis_kv_cache_usage_ratio", "Used part of the pages for keys and values.");
  auto& memory = gauge("parvis_model_memory_bytes", "Memory that a model is counted with.");
  for (const ModelNow& model : now.models) {
    const Labels labels = {{"model", families_->ModelLabel(model.name)}};
    processing.Add(labels).Increment(static_cast<double>(model.running));
    deferred.Add(labels).Increment(static_cast<double>(model.waiting));
    kv.Add(labels).Set(model.kv_usage);
    memory.Add(labels).Increment(static_cast<double>(model.memory_bytes));
  }
  {
    const std::lock_guard lock(families_->mutex);
    const Families& f = *families_;
    set("parvis_prompt_tokens_seconds", "Tokens of prompts a second, on average since the start.",
        f.prompt_time > 0 ? f.input / f.prompt_time : 0);
    set("parvis_predicted_tokens_seconds", "Tokens chosen a second, on average since the start.",
        f.output_time > 0 ? f.output / f.output_time : 0);
  }
  count("parvis_log_lines_dropped_total", "Lines for which the log had no room.",
        static_cast<double>(now.log_dropped));
  count("parvis_spans_sent_total", "Requests whose spans the collector took.",
        static_cast<double>(now.spans_sent));
  count("parvis_spans_dropped_total", "Requests whose spans nobody took.",
        static_cast<double>(now.spans_dropped));
  count("process_cpu_seconds_total", "Processor time of this process.", CpuSeconds());
  set("process_resident_memory_bytes", "Memory of this process.",
      static_cast<double>(ResidentBytes()));
  set("process_start_time_seconds", "When it began, since 1970.", families_->start_seconds);

  std::vector<prometheus::MetricFamily> all = families_->registry.Collect();
  for (prometheus::MetricFamily& family : present.Collect()) all.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace parvis::telemetry
