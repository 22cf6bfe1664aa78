#ifndef PARVIS_SERVICE_RECORDS_H_
#define PARVIS_SERVICE_RECORDS_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "parvis/core/result.h"
#include "parvis/service/budget.h"
#include "parvis/service/caller.h"
#include "parvis/store/database.h"

namespace parvis::service {

// Brings a database to the schema of this floor and of governance: who there is
// (governance/schema.h), requests, answers, files, batches and what their lines came to (kept until
// their file is written), responses (answers that callers want kept). All of these name
// organisation and owner. `version`: for tests, an older schema.
Status MigrateServiceTables(store::Database& database, size_t version = SIZE_MAX);

// Requests without an answer of servers that are not there any more end as "interrupted": all of
// them, if nobody shares the database. Nothing is charged for them. Budgets count their worst case
// if some of it may have been delivered, else nothing.
Status MarkInterrupted(store::Database& database);

// That somebody asked: durable before the first byte of an answer leaves. Holds no text.
struct RequestRecord {
  std::string id;
  Caller caller;
  std::string route;  // "POST /v1/chat/completions"
  std::string model, model_digest;
  int64_t created_ms = 0;
  int64_t input_tokens = 0, max_output_tokens = 0;
  Reserved reserved = {};           // out of the budgets: this record is what a crash leaves of it
  bool whole = false;               // nothing is delivered before the answer is on record
  std::string adapter_digest = {};  // "": the model as it is
};

// How it ended: durable before the last byte leaves.
struct AnswerRecord {
  std::string request;
  std::string finish;  // "stop", "length", "cancelled", "error" …; of several choices the worst
  int64_t finished_ms = 0;
  int64_t input_tokens = 0, cached_tokens = 0, output_tokens = 0;
  double waiting_seconds = 0, prompt_seconds = 0, generation_seconds = 0;
  Charge charge = {};
  std::optional<double> first_token_seconds = {};  // from the gateway's first station to its text
};

// The records of what was asked and answered, in a database of its own thread. Records that arrive
// together are written in one transaction, so that many requests wait for one sync of the disk.
//
// Safe to call from several threads.
class Records {
 public:
  // Opens the database, brings it to the schema, and marks what an earlier process left.
  // `server`: the name of this one now (servers.h), where several share the database. A request is
  // then on record only if its budgets still hold it (governance/shared_quota.h).
  static Result<std::unique_ptr<Records>> Open(const std::string& where,
                                               std::function<std::string()> server = nullptr);
  ~Records();  // what was taken is written first
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;

  // Return once the record is on the disk, or say why it is not.
  Status Write(const RequestRecord& record);
  Status Write(const AnswerRecord& record);

 private:
  struct Job {
    const RequestRecord* request = nullptr;  // one of the two; owned by the thread that waits
    const AnswerRecord* answer = nullptr;
    Status status;
    bool done = false;
  };

  Records(std::unique_ptr<store::Database> database, std::function<std::string()> server);
  Status WaitFor(Job& job);
  void Loop();
  Status WriteAll(const std::deque<Job*>& jobs);
  Status Keep(const std::string& request, const std::string& server);

  std::unique_ptr<store::Database> database_;  // of the thread
  const std::function<std::string()> server_;
  std::mutex mutex_;  // guards the three below
  std::condition_variable wake_, done_;
  std::deque<Job*> jobs_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_RECORDS_H_
