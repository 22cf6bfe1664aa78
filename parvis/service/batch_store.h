#ifndef PARVIS_SERVICE_BATCH_STORE_H_
#define PARVIS_SERVICE_BATCH_STORE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/service/file_store.h"

namespace parvis::service {

// Many requests of one file, answered when there is time.
struct Batch {
  std::string id;  // "batch_…"
  Caller caller;   // who asked; its lines are asked in that name
  std::string endpoint, input_file;
  std::string output_file, error_file;  // empty: there is none (yet)
  std::string status;                   // OpenAI's word: "validating", "in_progress" …
  std::string window;                   // "24h"
  std::string metadata;                 // JSON, or empty
  std::string errors;                   // JSON array of {code, message, param, line}, or empty
  int64_t created_ms = 0, expires_ms = 0;
  std::optional<int64_t> in_progress_ms = {}, finalizing_ms = {}, completed_ms = {}, failed_ms = {},
                         expired_ms = {}, cancelling_ms = {}, cancelled_ms = {};
  int64_t total = 0, completed = 0, failed = 0;
  std::string server = {};  // whose claim this is (Claim); empty: nobody's, or the only server's

  bool active() const {
    return status == "validating" || status == "in_progress" || status == "finalizing" ||
           status == "cancelling";
  }
};

// What one line of a batch came to: the line of the output, or of the error file.
struct LineResult {
  int64_t line = 0;  // from 0
  bool failed = false;
  std::string text;  // one JSON object
};

// Batches and what their lines came to. A result is on the disk before anybody counts on it, and a
// line has one at most: so a batch that a crash cut short goes on with the lines that have none.
//
// Of servers that share a database one runs a batch at a time: its claim is worth something for as
// long as the others take it to be there (servers.h). A server that lost its claim can write
// nothing of the batch any more.
//
// Safe to call from several threads.
class BatchStore {
 public:
  // `database`: with the schema of records.h. `server`: the name of this one now, where several
  // share it; where nobody does, budgets are read (LoadUsed) after this.
  static Result<std::unique_ptr<BatchStore>> Open(const std::string& database,
                                                  ServerName server = nullptr);

  // Refuses an owner with more than `max_active` batches that are not over.
  std::optional<Refusal> Add(const Batch& batch, int64_t max_active);
  OrRefusal<Batch> Find(const Caller& caller, const std::string& id);
  OrRefusal<Paged<Batch>> List(const Caller& caller, const Page& page);
  // Marks it as to be cancelled, if it is not over. The batch as it is then.
  OrRefusal<Batch> Cancel(const Caller& caller, const std::string& id, int64_t now_ms);

  // For whoever runs them: the one that came first, is not over, and is run by nobody else. What
  // its lines were asked before and never came to anything costs nothing (undelivered.h).
  Result<std::optional<Batch>> Claim();

  // The following need the claim that `batch` was given by; kUnavailable: it is worth nothing now.

  // Its status as it is now: somebody may have cancelled it.
  Result<std::string> StatusOf(const Batch& batch);
  // Status, times, counts, files and errors. Never makes "in_progress" of "cancelling".
  Status Update(const Batch& batch);
  // Before a line is asked as this request: whoever claims the batch next has to know.
  Status Ask(const Batch& batch, int64_t line, const std::string& request);
  // Keeps what a line came to, and counts it; a line that has a result already keeps that one.
  Status AddResult(const Batch& batch, const LineResult& result);
  // The batch is over: its files are there from now on, and what was kept for them goes.
  Status Finish(const Batch& batch);

  Result<std::set<int64_t>> LinesDone(const std::string& id);
  // At most `most` results from this line on, in the order of the lines.
  Result<std::vector<LineResult>> Results(const std::string& id, int64_t from, int64_t most);

 private:
  BatchStore(std::unique_ptr<store::Database> database, ServerName server)
      : database_(std::move(database)), server_(std::move(server)) {}
  Result<std::optional<Batch>> Get(const Caller& caller, const std::string& id);
  Status Write(const Batch& batch);
  Result<std::optional<Batch>> Next(const std::string& server);
  Status ForgetAsked(const std::string& id);

  std::mutex mutex_;
  const std::unique_ptr<store::Database> database_;
  const ServerName server_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_BATCH_STORE_H_
