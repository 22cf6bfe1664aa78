#include "parvis/server/batch_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "parvis/core/clock.h"
#include "parvis/server/batch_output.h"
#include "parvis/server/http_head.h"
#include "parvis/server/openai_json.h"
#include "parvis/service/access.h"

namespace parvis::server {
namespace {

using service::Batch;
using service::LineResult;
using SteadyClock = std::chrono::steady_clock;

constexpr const char* kEndpoints[] = {"/v1/chat/completions", "/v1/completions", "/v1/embeddings",
                                      "/v1/responses"};
constexpr int kMaxTries = 12;
constexpr auto kLook = std::chrono::milliseconds(200);
constexpr auto kTidyEvery = std::chrono::seconds(30);
constexpr int64_t kResultsAtOnce = 64;

}  // namespace

// Takes the one answer of a line. Streams are refused before they begin.
class BatchRunner::LineResponder : public Responder {
 public:
  LineResponder(BatchRunner& runner, int64_t line, std::string request_id,
                std::shared_ptr<telemetry::Trace> trace)
      : runner_(runner),
        line_(line),
        request_id_(std::move(request_id)),
        trace_(std::move(trace)) {}

  void Send(HttpResponse response) override {
    const std::lock_guard lock(runner_.mutex_);
    if (told_) return;
    told_ = true;
    trace_->Note([&response](telemetry::RequestSeen& seen) { seen.status = response.status; });
    trace_.reset();
    runner_.answers_.push_back({line_, request_id_, std::move(response)});
    runner_.wake_.notify_all();
  }
  void Begin(int, std::string, Headers) override {}
  bool Write(std::string) override { return false; }
  void End() override { Break(); }
  void Break() override {
    Send({.status = 500, .body = R"({"error":{"message":"The answer was cut short."}})"});
  }
  void OnGone(std::function<void()> gone) override {
    {
      const std::lock_guard lock(mutex_);
      if (!cancelled_) {
        gone_ = std::move(gone);
        return;
      }
    }
    gone();
  }
  void Cancel() {
    std::function<void()> gone;
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
      gone = std::move(gone_);
      gone_ = nullptr;
    }
    if (gone) gone();
  }

 private:
  BatchRunner& runner_;
  const int64_t line_;
  const std::string request_id_;
  std::shared_ptr<telemetry::Trace> trace_;
  bool told_ = false;  // guarded by the runner's mutex
  std::mutex mutex_;   // guards the two below
  bool cancelled_ = false;
  std::function<void()> gone_;
};

bool IsBatchEndpoint(const std::string& path) {
  return std::find(std::begin(kEndpoints), std::end(kEndpoints), path) != std::end(kEndpoints);
}

std::string BatchEndpoints() {
  std::string all;
  for (const char* endpoint : kEndpoints) all += (all.empty() ? "" : ", ") + std::string(endpoint);
  return all;
}

BatchRunner::BatchRunner(service::BatchStore& batches, service::FileStore& files,
                         const Router& router, service::Workers& workers,
                         telemetry::Telemetry& telemetry, service::Identity& identity,
                         BatchSettings settings)
    : batches_(batches),
      files_(files),
      router_(router),
      workers_(workers),
      telemetry_(telemetry),
      identity_(identity),
      settings_(std::move(settings)),
      thread_([this] { Loop(); }) {}

BatchRunner::~BatchRunner() { Stop(); }

void BatchRunner::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  wake_.notify_all();
}

void BatchRunner::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void BatchRunner::Tidy() {
  if (SteadyClock::now() < next_tidy_) return;
  (void)files_.Expire(WallClockMs());  // is tried again soon
  next_tidy_ = SteadyClock::now() + kTidyEvery;
}

void BatchRunner::Loop() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    woken_ = false;
    lock.unlock();
    Tidy();
    auto next = batches_.Claim();
    Status status = next.status();
    bool found = false;
    if (next.ok() && *next) {
      found = true;
      status = Process(std::move(**next));
    }
    lock.lock();
    // A database or a disk that refuses now may not later; nothing is lost meanwhile.
    const auto pause =
        status.ok() ? settings_.look : std::min(settings_.look, std::chrono::milliseconds(1000));
    if (status.ok() && found) continue;
    wake_.wait_for(lock, pause, [this] { return stop_ || woken_; });
  }
}

Status BatchRunner::Process(Batch batch) {
  const auto content = files_.Read(batch.caller, batch.input_file);
  std::vector<BatchLine> lines;
  if (!content.ok()) {
    if (content.refusal().kind != service::RefusalKind::kNotFound) {
      return Status(StatusCode::kUnavailable, content.refusal().message);
    }
    batch.errors = R"([{"code":"file_not_found","message":"The file is not there any more.",)"
                   R"("param":"input_file_id","line":null}])";
  } else {
    lines = ReadBatchLines(batch, *content);
  }
  if (!batch.errors.empty() && batch.status != "cancelling") {
    batch.status = "failed";
    batch.failed_ms = WallClockMs();
    return batches_.Finish(batch);
  }
  batch.total = static_cast<int64_t>(lines.size());
  if (batch.status == "validating") {
    batch.status = "in_progress";
    batch.in_progress_ms = WallClockMs();
    PARVIS_RETURN_IF_ERROR(batches_.Update(batch));
  }
  return RunLines(batch, lines);
}

bool BatchRunner::MayBegin() const {
  const auto mine = static_cast<int64_t>(running_.size());
  const bool others = settings_.running() > mine;
  return mine < (others ? 1 : settings_.parallel);
}

Result<std::string> BatchRunner::WhyStop(const Batch& batch) {
  PARVIS_ASSIGN_OR_RETURN(const std::string status, batches_.StatusOf(batch));
  if (status == "cancelling") return std::string("cancelled");
  return std::string(WallClockMs() >= batch.expires_ms ? "expired" : "");
}

Status BatchRunner::RunLines(Batch& batch, const std::vector<BatchLine>& lines) {
  std::deque<int64_t> open;
  if (batch.status != "finalizing") {
    PARVIS_ASSIGN_OR_RETURN(const std::set<int64_t> done, batches_.LinesDone(batch.id));
    for (const BatchLine& line : lines) {
      if (!done.contains(line.number)) open.push_back(line.number);
    }
  }
  tries_.clear();
  later_.clear();
  Status status;
  std::string why;
  while (true) {
    const auto reason = WhyStop(batch);
    if (!reason.ok()) status = reason.status();
    if (status.ok()) why = *reason;
    std::unique_lock lock(mutex_);
    const bool ending = stop_ || !why.empty() || !status.ok();
    if (ending) {
      lock.unlock();
      CancelRunning();
      lock.lock();
      if (running_.empty() && answers_.empty()) {
        if (stop_ || !status.ok()) return status;
        break;
      }
    } else {
      while (!later_.empty() && later_.front().first <= SteadyClock::now()) {
        open.push_back(later_.front().second);
        later_.pop_front();
      }
      if (open.empty() && later_.empty() && running_.empty() && answers_.empty()) break;
      while (!open.empty() && MayBegin()) {
        const BatchLine& line = lines[static_cast<size_t>(open.front())];
        open.pop_front();
        lock.unlock();
        status = Send(batch, line);
        lock.lock();
        if (!status.ok()) break;
      }
    }
    wake_.wait_for(lock, kLook, [this, ending] { return !answers_.empty() || (stop_ && !ending); });
    lock.unlock();
    const Status taken = TakeAnswers(batch, lines);
    if (status.ok()) status = taken;
  }
  return Finalize(batch, lines, why);
}

Status BatchRunner::Send(const Batch& batch, const BatchLine& line) {
  HttpRequest request;
  request.id = NewRequestId();
  PARVIS_RETURN_IF_ERROR(batches_.Ask(batch, line.number, request.id));
  request.method = "POST";
  request.path = batch.endpoint;
  request.headers["content-type"] = "application/json";
  request.body = line.body;
  request.trace = telemetry_.Begin(request.id);
  request.trace->Note([&batch](telemetry::RequestSeen& seen) {
    seen.method = "BATCH";
    seen.route = batch.endpoint;
    seen.organisation = batch.caller.organisation;
    seen.owner = batch.caller.owner;
    seen.key = batch.caller.key;
  });
  request.trace->Enter("handle");
  auto responder = std::make_shared<LineResponder>(*this, line.number, request.id, request.trace);
  {
    const std::lock_guard lock(mutex_);
    running_[line.number] = responder;
  }
  const auto refuse = [&](const service::Refusal& refusal) {
    responder->Send(ErrorResponse(Dialect::kOpenAi, refusal, request.id));
    return Status();
  };
  // Who asked may have lost since what they had, and a key that ended asks for nothing more.
  auto caller = identity_.Again(batch.caller);
  if (!caller.ok()) return refuse(caller.refusal());
  request.caller = std::move(*caller);
  request.caller.permissions = request.caller.permissions.And(batch.caller.permissions);
  request.caller.priority = kBatchPriority;
  if (const auto refusal = service::Lacks(request.caller, service::Feature::kBatches)) {
    return refuse(*refusal);
  }
  const Route* route = router_.Find("POST", batch.endpoint).route;
  if (route == nullptr) {
    return refuse({service::RefusalKind::kNotFound, "There is no such endpoint here."});
  }
  if (!request.caller.permissions.Has(route->policy.permission)) {
    return refuse({service::RefusalKind::kForbidden, "This key may not do that."});
  }
  if (request.body.size() > route->max_body_bytes) {
    return refuse({service::RefusalKind::kTooLarge, "The body is too long."});
  }
  workers_.Post([route, responder, request = std::move(request)]() mutable {
    const std::string id = request.id;
    try {
      route->handler(std::move(request), responder);
    } catch (const std::exception&) {
      responder->Send(ErrorResponse(
          Dialect::kOpenAi, {service::RefusalKind::kInternal, "The server made a mistake."}, id));
    }
  });
  return {};
}

Status BatchRunner::TakeAnswers(const Batch& batch, const std::vector<BatchLine>& lines) {
  while (true) {
    std::unique_lock lock(mutex_);
    if (answers_.empty()) return {};
    const Answer answer = std::move(answers_.front());
    answers_.pop_front();
    running_.erase(answer.line);
    const int status = answer.response.status;
    const bool not_now = status == 429 || status == 503;
    // Its end may be ours: then the next process asks again.
    if (not_now && stop_) continue;
    bool for_good = true;
    for (const auto& [name, value] : answer.response.headers) {
      if (name == "x-should-retry") for_good = value == "false";
    }
    if (not_now && !for_good && tries_[answer.line] < kMaxTries) {
      const int tries = tries_[answer.line]++;
      later_.emplace_back(SteadyClock::now() + std::chrono::milliseconds(
                                                   std::min(60'000, 250 << std::min(tries, 8))),
                          answer.line);
      continue;
    }
    lock.unlock();
    const bool failed = status < 200 || status >= 300;
    auto body = OrderedJson::parse(answer.response.body, nullptr, /*allow_exceptions=*/false);
    if (body.is_discarded()) body = answer.response.body;
    const OrderedJson line = {
        {"id", service::NewId("batch_req_")},
        {"custom_id", lines[static_cast<size_t>(answer.line)].custom_id},
        {"response",
         {{"status_code", status}, {"request_id", answer.request_id}, {"body", std::move(body)}}},
        {"error", nullptr}};
    PARVIS_RETURN_IF_ERROR(batches_.AddResult(batch, {answer.line, failed, Dump(line)}));
  }
}

void BatchRunner::CancelRunning() {
  std::vector<std::shared_ptr<LineResponder>> running;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [line, responder] : running_) running.push_back(responder);
  }
  for (const auto& responder : running) responder->Cancel();
}

Status BatchRunner::Finalize(Batch& batch, const std::vector<BatchLine>& lines,
                             const std::string& why) {
  if (why.empty()) {
    batch.status = "finalizing";
    batch.finalizing_ms = WallClockMs();
    PARVIS_RETURN_IF_ERROR(batches_.Update(batch));
  }
  BatchOutput output(files_, batch);
  std::set<int64_t> done;
  for (int64_t from = 0;;) {
    PARVIS_ASSIGN_OR_RETURN(const std::vector<LineResult> results,
                            batches_.Results(batch.id, from, kResultsAtOnce));
    if (results.empty()) break;
    for (const LineResult& result : results) {
      done.insert(result.line);
      PARVIS_RETURN_IF_ERROR(output.Add(result.failed, result.text));
    }
    from = results.back().line + 1;
  }
  for (const BatchLine& line : lines) {
    if (done.contains(line.number)) continue;
    const OrderedJson missing = {
        {"id", service::NewId("batch_req_")},
        {"custom_id", line.custom_id},
        {"response", nullptr},
        {"error",
         {{"code", "batch_" + why},
          {"message", "This request was not executed before the batch was " + why + "."}}}};
    PARVIS_RETURN_IF_ERROR(output.Add(/*failed=*/true, Dump(missing)));
  }
  PARVIS_RETURN_IF_ERROR(output.Finish(batch));
  const int64_t now = WallClockMs();
  batch.status = why.empty() ? "completed" : why;
  (why == "cancelled" ? batch.cancelled_ms
   : why == "expired" ? batch.expired_ms
                      : batch.completed_ms) = now;
  PARVIS_RETURN_IF_ERROR(batches_.Finish(batch));
  output.Keep();
  return {};
}

}  // namespace parvis::server
