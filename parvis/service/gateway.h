#ifndef PARVIS_SERVICE_GATEWAY_H_
#define PARVIS_SERVICE_GATEWAY_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/service/budget.h"
#include "parvis/service/caller.h"
#include "parvis/service/catalogue.h"
#include "parvis/service/check.h"
#include "parvis/service/records.h"
#include "parvis/service/task.h"
#include "parvis/service/workers.h"
#include "parvis/telemetry/trace.h"

namespace parvis::service {

class Exchange;

// What the doors know of a request beside its task.
struct RequestFacts {
  std::string id;  // "req_…"; unique
  Caller caller;
  std::string route;
  std::shared_ptr<telemetry::Trace> trace = nullptr;  // what is seen of it; may be null
};

// What a request that may be answered is told first.
struct Admission {
  std::string model;           // the name that the model has here
  std::string model_digest;    // SHA-256
  std::string adapter_digest;  // of the adapter that the name stands for; "": there is none
  int64_t choices = 1;
  int64_t input_tokens = 0;
  int64_t dropped = 0;     // messages that had no room (Plan)
  std::string_view check;  // what reads its text; "none"
  RateView rate;
  std::string notice = {};  // which limit makes the answer shorter than asked; empty: none
};

// Takes what a request comes to, in order: OnAdmitted, deltas, OnReply; or, at any point, OnRefused
// and nothing more. From several threads, one at a time. Must return soon.
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual void OnAdmitted(const Admission& admission) = 0;
  virtual void OnDelta(Delta delta) = 0;
  virtual void OnReply(const Reply& reply) = 0;  // the answer is on record
  virtual void OnRefused(const Refusal& refusal) = 0;
  // Whether nothing is delivered before OnReply: what a crash leaves of such a request costs
  // nothing.
  virtual bool delivers_whole() const { return false; }
};

struct GatewayStations {
  Budget& budget;
  Check& check;
  Records& records;
  Catalogue& catalogue;
  Workers& workers;
};

// The one path from a request to an answer, the same for every dialect and every kind of task:
//
//   access → model → reserve → check input → record request → run → check stream → settle → record
//   answer → last byte
//
// (identity is known before: doors read no body of strangers). A station that cannot do its work
// refuses; nothing leaves a request that is not on record, and no last byte before its answer is.
//
// What is under way is bounded by `max_requests`, with a share for each priority (core/places.h):
// callers of the usual one can fill all of it, lower ones and batches an eighth less, higher ones
// an eighth more. So a crowd of the lower does not lock the higher out, and nobody who was let in
// is sent away for them.
//
// Safe to call from several threads. Everything in GatewayStations must outlive the gateway.
class Gateway {
 public:
  Gateway(const GatewayStations& stations, int64_t max_requests)
      : stations_(stations), max_requests_(max_requests) {}
  ~Gateway();  // REQUIRES: Stop() was called, or nothing was ever sent

  // Sends a request on its way. The receiver is told everything else, and released at the end.
  std::shared_ptr<Exchange> Send(RequestFacts facts, std::unique_ptr<Task> task,
                                 std::shared_ptr<Receiver> receiver);

  // Takes no more requests, ends those that run, and returns when the last one is on record.
  void Stop();

  int64_t running() const { return running_.load(std::memory_order_relaxed); }

 private:
  friend class Exchange;
  bool Enter(const std::shared_ptr<Exchange>& exchange);
  void Leave(const std::shared_ptr<Exchange>& exchange);

  const GatewayStations stations_;
  const int64_t max_requests_;
  std::atomic<int64_t> running_{0};
  std::mutex mutex_;  // guards the two below
  std::condition_variable empty_;
  std::set<std::shared_ptr<Exchange>> exchanges_;
  bool stopping_ = false;
};

// One request on its way.
class Exchange : public std::enable_shared_from_this<Exchange>, private Task::Output {
 public:
  Exchange(Gateway& gateway, RequestFacts facts, std::unique_ptr<Task> task,
           std::shared_ptr<Receiver> receiver);
  ~Exchange() override;

  // The caller has left: ends at the next station, or within a step of the model. From any thread.
  void Cancel();

 private:
  friend class Gateway;
  bool WasCancelled();
  void Enter(const char* station);
  void NoteRefusal(const Refusal& refusal);
  void NoteReply(const Reply& reply, const std::string& finish);
  std::optional<double> FirstTokenSeconds() const;
  void Admit(std::shared_ptr<LoadedModel> model);  // on a worker thread, as are the next ones
  std::optional<Refusal> Reserve(Plan& plan);
  std::optional<Refusal> Record(const Plan& plan);
  void TellAdmission();
  std::optional<Refusal> CheckSaid(const Reply& reply);
  void Finish(const Reply& reply, std::optional<Refusal> failed);
  void Refuse(const Refusal& refusal);  // before anything is on record
  std::shared_ptr<Receiver> Leave();

  void Begin() override;  // by the model's thread, as are the next two
  void Tell(Delta delta) override;
  void End(Reply reply, std::optional<Refusal> failed) override;

  Gateway& gateway_;
  RequestFacts facts_;  // its trace until the request leaves
  const telemetry::Clock::time_point begun_ = telemetry::Clock::now();
  std::unique_ptr<Task> task_;
  std::shared_ptr<Receiver> receiver_;
  std::shared_ptr<LoadedModel> model_;
  std::unique_ptr<Reservation> reservation_;
  Admission admission_;

  std::mutex mutex_;  // guards the two below, and task_ against its end
  bool started_ = false, cancelled_ = false;

  // Of the model's thread until Finish:
  std::vector<std::unique_ptr<StreamCheck>> checks_;  // of each choice
  std::vector<bool> blocked_;
  bool told_admission_ = false;
  service::Finish worst_ = service::Finish::kStop;
  std::optional<telemetry::Clock::time_point> told_at_;  // when the answer's first text was told
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_GATEWAY_H_
