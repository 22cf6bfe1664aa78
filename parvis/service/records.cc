#include "parvis/service/records.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>
#include <utility>

#include "parvis/core/clock.h"
#include "parvis/governance/invoice_schema.h"
#include "parvis/governance/schema.h"

namespace parvis::service {
namespace {

constexpr store::Sql kSchema[] = {
    R"(
CREATE TABLE api_keys(
  id           TEXT PRIMARY KEY,
  organisation TEXT NOT NULL,
  owner        TEXT NOT NULL,
  role         TEXT NOT NULL,
  digest       BLOB NOT NULL UNIQUE,
  created_ms   INTEGER NOT NULL
) STRICT;
CREATE TABLE requests(
  id                TEXT PRIMARY KEY,
  organisation      TEXT NOT NULL,
  owner             TEXT NOT NULL,
  api_key           TEXT NOT NULL,
  route             TEXT NOT NULL,
  model             TEXT NOT NULL,
  model_digest      TEXT NOT NULL,
  created_ms        INTEGER NOT NULL,
  input_tokens      INTEGER NOT NULL,
  max_output_tokens INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_by_owner ON requests(organisation, owner, created_ms);
CREATE TABLE answers(
  request         TEXT PRIMARY KEY REFERENCES requests(id),
  organisation    TEXT NOT NULL,
  owner           TEXT NOT NULL,
  finish          TEXT NOT NULL,
  finished_ms     INTEGER NOT NULL,
  input_tokens    INTEGER,
  cached_tokens   INTEGER,
  output_tokens   INTEGER,
  waiting_us      INTEGER,
  prompt_us       INTEGER,
  generation_us   INTEGER
) STRICT;
)",
    "ALTER TABLE answers ADD COLUMN first_token_us INTEGER;",
    R"(
CREATE TABLE files(
  id           TEXT PRIMARY KEY,
  organisation TEXT NOT NULL,
  owner        TEXT NOT NULL,
  name         TEXT NOT NULL,
  purpose      TEXT NOT NULL,
  bytes        INTEGER NOT NULL,
  created_ms   INTEGER NOT NULL,
  expires_ms   INTEGER
) STRICT;
CREATE INDEX files_by_owner ON files(organisation, owner);
CREATE TABLE batches(
  id                TEXT PRIMARY KEY,
  organisation      TEXT NOT NULL,
  owner             TEXT NOT NULL,
  api_key           TEXT NOT NULL,
  permissions       INTEGER NOT NULL,
  endpoint          TEXT NOT NULL,
  input_file        TEXT NOT NULL,
  output_file       TEXT NOT NULL,
  error_file        TEXT NOT NULL,
  status            TEXT NOT NULL,
  completion_window TEXT NOT NULL,
  metadata          TEXT NOT NULL,
  errors            TEXT NOT NULL,
  created_ms        INTEGER NOT NULL,
  expires_ms        INTEGER NOT NULL,
  in_progress_ms    INTEGER,
  finalizing_ms     INTEGER,
  completed_ms      INTEGER,
  failed_ms         INTEGER,
  expired_ms        INTEGER,
  cancelling_ms     INTEGER,
  cancelled_ms      INTEGER,
  total             INTEGER NOT NULL,
  completed         INTEGER NOT NULL,
  failed            INTEGER NOT NULL
) STRICT;
CREATE INDEX batches_by_owner ON batches(organisation, owner);
CREATE INDEX batches_by_status ON batches(status);
CREATE TABLE batch_lines(
  batch        TEXT NOT NULL REFERENCES batches(id),
  line         INTEGER NOT NULL,
  organisation TEXT NOT NULL,
  owner        TEXT NOT NULL,
  failed       INTEGER NOT NULL,
  result       TEXT NOT NULL,
  PRIMARY KEY(batch, line)
) STRICT;
)",
    // Of answers that callers want kept (response_store.h).
    R"(
CREATE TABLE responses(
  id           TEXT PRIMARY KEY,
  request      TEXT NOT NULL REFERENCES requests(id),
  organisation TEXT NOT NULL,
  owner        TEXT NOT NULL,
  previous     TEXT NOT NULL,
  created_ms   INTEGER NOT NULL,
  input        TEXT NOT NULL,
  response     TEXT NOT NULL
) STRICT;
CREATE INDEX responses_by_owner ON responses(organisation, owner, created_ms);
)",
    governance::kIdentityTables, governance::kMoveOperatorKey,
    // What was taken out of budgets for a request, and what it came to (budget.h).
    R"(
ALTER TABLE requests ADD COLUMN user_group TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN plan TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN reserved_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN reserved_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN input_price INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN cached_price INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN output_price INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN currency TEXT NOT NULL DEFAULT '';
CREATE INDEX requests_by_time ON requests(created_ms);
ALTER TABLE answers ADD COLUMN counted_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE answers ADD COLUMN counted_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE answers ADD COLUMN charged_micros INTEGER NOT NULL DEFAULT 0;
UPDATE answers SET counted_tokens = coalesce(input_tokens, 0) + coalesce(output_tokens, 0);
)",
    "ALTER TABLE requests ADD COLUMN adapter_digest TEXT NOT NULL DEFAULT '';",
    governance::kSharedQuotaTables,
    "ALTER TABLE requests ADD COLUMN server TEXT NOT NULL DEFAULT '';", governance::kInvoiceTables,
    governance::kSignInTables, governance::kOidcTables,
    // Bytes of files as rows (file_pieces.h); those that lay in a folder stay there until
    // file_import.h has taken them in. Which server runs a batch, and as which request a line was
    // asked (batch_store.h). That somebody wants no more of an answer in the background.
    R"(
ALTER TABLE files ADD COLUMN state TEXT NOT NULL DEFAULT 'folder';
ALTER TABLE files ADD COLUMN server TEXT NOT NULL DEFAULT '';
CREATE TABLE file_pieces(
  file         TEXT NOT NULL,
  number       INTEGER NOT NULL,
  organisation TEXT NOT NULL,
  owner        TEXT NOT NULL,
  bytes        BLOB NOT NULL,
  PRIMARY KEY(file, number)
) STRICT;
ALTER TABLE batches ADD COLUMN server TEXT NOT NULL DEFAULT '';
ALTER TABLE batch_lines ADD COLUMN request TEXT NOT NULL DEFAULT '';
ALTER TABLE responses ADD COLUMN unwanted INTEGER NOT NULL DEFAULT 0;
)",
    governance::kPlanExtras};

int64_t Microseconds(double seconds) { return std::llround(seconds * 1e6); }

Status Insert(store::Statement statement, const RequestRecord& r, const std::string& server) {
  return statement.Bind(1, r.id)
      .Bind(2, r.caller.organisation)
      .Bind(3, r.caller.owner)
      .Bind(4, r.caller.key)
      .Bind(5, r.route)
      .Bind(6, r.model)
      .Bind(7, r.model_digest)
      .Bind(8, r.created_ms)
      .Bind(9, r.input_tokens)
      .Bind(10, r.max_output_tokens)
      .Bind(11, r.caller.group)
      .Bind(12, r.caller.plan)
      .Bind(13, int64_t{r.whole})
      .Bind(14, r.reserved.tokens)
      .Bind(15, r.reserved.micros)
      .Bind(16, r.reserved.price.input_micros)
      .Bind(17, r.reserved.price.cached_micros)
      .Bind(18, r.reserved.price.output_micros)
      .Bind(19, r.reserved.currency)
      .Bind(20, r.adapter_digest)
      .Bind(21, server)
      .Run();
}

Status Insert(store::Statement statement, const AnswerRecord& r) {
  std::optional<int64_t> first;
  if (r.first_token_seconds) first = Microseconds(*r.first_token_seconds);
  return statement.Bind(1, r.request)
      .Bind(2, r.finish)
      .Bind(3, r.finished_ms)
      .Bind(4, r.input_tokens)
      .Bind(5, r.cached_tokens)
      .Bind(6, r.output_tokens)
      .Bind(7, Microseconds(r.waiting_seconds))
      .Bind(8, Microseconds(r.prompt_seconds))
      .Bind(9, Microseconds(r.generation_seconds))
      .Bind(10, first)
      .Bind(11, r.charge.counted_tokens)
      .Bind(12, r.charge.counted_micros)
      .Bind(13, r.charge.charged_micros)
      .Run();
}

}  // namespace

// What they used is not known: the process ended before it could be written. Of an answer that goes
// out whole nothing did; of a stream anything up to its worst case may have.
Status MarkInterrupted(store::Database& database) {
  PARVIS_ASSIGN_OR_RETURN(
      auto insert,
      database.Prepare("INSERT INTO answers(request, organisation, owner, finish, finished_ms, "
                       "counted_tokens, counted_micros) "
                       "SELECT id, organisation, owner, 'interrupted', ?1, "
                       "(1 - whole) * reserved_tokens, (1 - whole) * reserved_micros "
                       "FROM requests r WHERE server NOT IN (SELECT id FROM servers) "
                       "AND NOT EXISTS (SELECT 1 FROM answers a WHERE a.request = r.id)"));
  return insert.Bind(1, WallClockMs()).Run();
}

Status MigrateServiceTables(store::Database& database, size_t version) {
  return database.Migrate(std::span(kSchema).first(std::min(version, std::size(kSchema))));
}

Result<std::unique_ptr<Records>> Records::Open(const std::string& where,
                                               std::function<std::string()> server) {
  PARVIS_ASSIGN_OR_RETURN(auto database, store::Database::Open(where));
  PARVIS_RETURN_IF_ERROR(MigrateServiceTables(*database).In(where));
  PARVIS_RETURN_IF_ERROR(MarkInterrupted(*database).In(where));
  return std::unique_ptr<Records>(new Records(std::move(database), std::move(server)));
}

Records::Records(std::unique_ptr<store::Database> database, std::function<std::string()> server)
    : database_(std::move(database)), server_(std::move(server)), thread_([this] { Loop(); }) {}

Records::~Records() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

Status Records::Write(const RequestRecord& record) {
  Job job{.request = &record};
  return WaitFor(job);
}

Status Records::Write(const AnswerRecord& record) {
  Job job{.answer = &record};
  return WaitFor(job);
}

Status Records::WaitFor(Job& job) {
  std::unique_lock lock(mutex_);
  jobs_.push_back(&job);
  wake_.notify_one();
  done_.wait(lock, [&job] { return job.done; });
  return job.status;
}

void Records::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    std::deque<Job*> jobs;
    jobs.swap(jobs_);
    lock.unlock();
    const Status status = WriteAll(jobs);
    // One record that cannot be written must not take the others with it.
    if (!status.ok() && jobs.size() > 1) {
      for (Job* job : jobs) job->status = WriteAll({job});
    } else {
      for (Job* job : jobs) job->status = status;
    }
    lock.lock();
    for (Job* job : jobs) job->done = true;
    done_.notify_all();
  }
}

Status Records::WriteAll(const std::deque<Job*>& jobs) {
  PARVIS_ASSIGN_OR_RETURN(auto transaction,
                          store::Transaction::Begin(*database_, store::Access::kTogether));
  const std::string server = server_ ? server_() : "";
  for (const Job* job : jobs) {
    if (job->request != nullptr) {
      if (server_) PARVIS_RETURN_IF_ERROR(Keep(job->request->id, server));
      PARVIS_ASSIGN_OR_RETURN(
          auto insert,
          database_->Prepare("INSERT INTO requests(id, organisation, owner, api_key, route, model, "
                             "model_digest, created_ms, input_tokens, max_output_tokens, "
                             "user_group, plan, whole, reserved_tokens, reserved_micros, "
                             "input_price, cached_price, output_price, currency, adapter_digest, "
                             "server) "
                             "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
                             "?15, ?16, ?17, ?18, ?19, ?20, ?21)"));
      PARVIS_RETURN_IF_ERROR(Insert(std::move(insert), *job->request, server));
    } else {
      PARVIS_ASSIGN_OR_RETURN(
          auto insert,
          database_->Prepare("INSERT INTO answers(request, organisation, owner, finish, "
                             "finished_ms, input_tokens, "
                             "cached_tokens, output_tokens, waiting_us, prompt_us, generation_us, "
                             "first_token_us, counted_tokens, counted_micros, charged_micros) "
                             "SELECT id, organisation, owner, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
                             "?10, ?11, ?12, ?13 "
                             "FROM requests WHERE id = ?1"));
      PARVIS_RETURN_IF_ERROR(Insert(std::move(insert), *job->answer));
    }
  }
  return transaction.Commit();
}

// Its hold is ours until the end of the transaction: nobody gives it back meanwhile.
Status Records::Keep(const std::string& request, const std::string& server) {
  PARVIS_ASSIGN_OR_RETURN(auto update, database_->Prepare("UPDATE quota_holds SET server = ?2 "
                                                          "WHERE request = ?1 RETURNING request"));
  PARVIS_ASSIGN_OR_RETURN(const bool held, update.Bind(1, request).Bind(2, server).Step());
  if (!held) return {StatusCode::kUnavailable, "what was reserved for it was given back"};
  return {};
}

}  // namespace parvis::service
