#ifndef PARVIS_SERVER_BATCH_RUNNER_H_
#define PARVIS_SERVER_BATCH_RUNNER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "parvis/server/batch_lines.h"
#include "parvis/server/router.h"
#include "parvis/service/batch_store.h"
#include "parvis/service/identity.h"
#include "parvis/service/workers.h"
#include "parvis/telemetry/telemetry.h"

namespace parvis::server {

// Whether lines of a batch may ask this path, and which these are, for people.
bool IsBatchEndpoint(const std::string& path);
std::string BatchEndpoints();

struct BatchSettings {
  int64_t parallel = 8;  // lines at a time while nobody else asks
  // Requests under way, those of batches among them.
  std::function<int64_t()> running = [] { return int64_t{0}; };
  // How often to look for batches that nobody here was woken for: others' on a shared database.
  std::chrono::milliseconds look{30'000};
};

// Answers batches, the one that came first first, from a thread of its own. Each line goes to the
// handler of its route, as a request of the batch's owner: so it takes the one path like any other,
// with its checks, budgets and records. While others ask, one line is under way at a time.
//
// What a line came to is on the disk before it counts; after a crash the lines without a result are
// asked again, here or by a server beside this one. A line that is refused for now (429, 503) is
// asked later.
class BatchRunner {
 public:
  // Everything given must outlive the runner.
  BatchRunner(service::BatchStore& batches, service::FileStore& files, const Router& router,
              service::Workers& workers, telemetry::Telemetry& telemetry,
              service::Identity& identity, BatchSettings settings);
  ~BatchRunner();  // as Stop
  BatchRunner(const BatchRunner&) = delete;
  BatchRunner& operator=(const BatchRunner&) = delete;

  void Wake();  // there is a new batch, or one to cancel
  // Begins no more lines and cancels those under way; they are asked again by the next process.
  void Stop();

 private:
  struct Answer {
    int64_t line = 0;
    std::string request_id;
    HttpResponse response;
  };
  class LineResponder;

  void Loop();
  Status Process(service::Batch batch);
  Status RunLines(service::Batch& batch, const std::vector<BatchLine>& lines);
  Status Send(const service::Batch& batch, const BatchLine& line);
  void Tidy();
  // Why no further line is begun: "cancelling", "expired", or empty.
  Result<std::string> WhyStop(const service::Batch& batch);
  Status TakeAnswers(const service::Batch& batch, const std::vector<BatchLine>& lines);
  void CancelRunning();
  Status Finalize(service::Batch& batch, const std::vector<BatchLine>& lines,
                  const std::string& why);
  bool MayBegin() const;  // REQUIRES: mutex_ held

  service::BatchStore& batches_;
  service::FileStore& files_;
  const Router& router_;
  service::Workers& workers_;
  telemetry::Telemetry& telemetry_;
  service::Identity& identity_;
  const BatchSettings settings_;

  std::chrono::steady_clock::time_point next_tidy_ = {};  // of the thread

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  bool stop_ = false, woken_ = false;
  std::map<int64_t, std::shared_ptr<LineResponder>> running_;
  std::deque<Answer> answers_;
  std::map<int64_t, int> tries_;  // of lines that wait
  std::deque<std::pair<std::chrono::steady_clock::time_point, int64_t>>
      later_;  // lines to ask anew
  std::thread thread_;
};

}  // namespace parvis::server

#endif  // PARVIS_SERVER_BATCH_RUNNER_H_
