#include "parvis/service/batch_store.h"

#include <fmt/format.h>

#include <utility>

#include "parvis/service/undelivered.h"

namespace parvis::service {
namespace {

Refusal NoSuchBatch(const std::string& param) {
  return {RefusalKind::kNotFound, "There is no such batch.", param, "batch_not_found", {}};
}

Refusal Unavailable() {
  return {RefusalKind::kUnavailable, "Batches cannot be read or written now.", {}, {}, 1000};
}

#define PARVIS_BATCH_COLUMNS                                                                  \
  "SELECT id, organisation, owner, api_key, permissions, endpoint, input_file, output_file, " \
  "error_file, status, completion_window, metadata, errors, created_ms, expires_ms, "         \
  "in_progress_ms, finalizing_ms, completed_ms, failed_ms, expired_ms, cancelling_ms, "       \
  "cancelled_ms, total, completed, failed, server FROM batches "

Batch BatchOf(const store::Statement& row) {
  Batch batch;
  batch.id = row.Text(0);
  batch.caller = {row.Text(1), row.Text(2), row.Text(3),
                  Permissions::FromBits(static_cast<uint32_t>(row.Int(4)))};
  batch.endpoint = row.Text(5);
  batch.input_file = row.Text(6);
  batch.output_file = row.Text(7);
  batch.error_file = row.Text(8);
  batch.status = row.Text(9);
  batch.window = row.Text(10);
  batch.metadata = row.Text(11);
  batch.errors = row.Text(12);
  batch.created_ms = row.Int(13);
  batch.expires_ms = row.Int(14);
  batch.in_progress_ms = row.IntOrNull(15);
  batch.finalizing_ms = row.IntOrNull(16);
  batch.completed_ms = row.IntOrNull(17);
  batch.failed_ms = row.IntOrNull(18);
  batch.expired_ms = row.IntOrNull(19);
  batch.cancelling_ms = row.IntOrNull(20);
  batch.cancelled_ms = row.IntOrNull(21);
  batch.total = row.Int(22);
  batch.completed = row.Int(23);
  batch.failed = row.Int(24);
  batch.server = row.Text(25);
  return batch;
}

Status NotOurs(const Batch& batch) {
  return {StatusCode::kUnavailable, batch.id + ": another server may run it"};
}

}  // namespace

Result<std::unique_ptr<BatchStore>> BatchStore::Open(const std::string& path, ServerName server) {
  PARVIS_ASSIGN_OR_RETURN(auto database, store::Database::Open(path));
  std::unique_ptr<BatchStore> batches(new BatchStore(std::move(database), std::move(server)));
  if (!batches->server_) PARVIS_RETURN_IF_ERROR(batches->ForgetAsked(""));
  return batches;
}

std::optional<Refusal> BatchStore::Add(const Batch& batch, int64_t max_active) {
  const std::lock_guard lock(mutex_);
  auto transaction = store::Transaction::Begin(*database_);
  if (!transaction.ok()) return Unavailable();
  {
    auto count = database_->Prepare(
        "SELECT COUNT(*) FROM batches WHERE organisation = ?1 AND owner = ?2 AND status IN "
        "('validating', 'in_progress', 'finalizing', 'cancelling')");
    if (!count.ok()) return Unavailable();
    const auto row = count->Bind(1, batch.caller.organisation).Bind(2, batch.caller.owner).Step();
    if (!row.ok()) return Unavailable();
    if (count->Int(0) >= max_active) {
      return Refusal{RefusalKind::kRateLimited,
                     fmt::format("{} batches of this owner are not over yet.", max_active),
                     {},
                     "too_many_batches",
                     60'000};
    }
  }
  auto insert = database_->Prepare(
      "INSERT INTO batches(id, organisation, owner, api_key, permissions, endpoint, input_file, "
      "output_file, error_file, status, completion_window, metadata, errors, created_ms, "
      "expires_ms, "
      "total, completed, failed) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, '', '', ?8, ?9, ?10, '', ?11, ?12, 0, 0, 0)");
  if (!insert.ok()) return Unavailable();
  const Status written = insert->Bind(1, batch.id)
                             .Bind(2, batch.caller.organisation)
                             .Bind(3, batch.caller.owner)
                             .Bind(4, batch.caller.key)
                             .Bind(5, int64_t{batch.caller.permissions.bits()})
                             .Bind(6, batch.endpoint)
                             .Bind(7, batch.input_file)
                             .Bind(8, batch.status)
                             .Bind(9, batch.window)
                             .Bind(10, batch.metadata)
                             .Bind(11, batch.created_ms)
                             .Bind(12, batch.expires_ms)
                             .Run();
  if (!written.ok() || !transaction->Commit().ok()) return Unavailable();
  return std::nullopt;
}

Result<std::optional<Batch>> BatchStore::Get(const Caller& caller, const std::string& id) {
  PARVIS_ASSIGN_OR_RETURN(auto find,
                          database_->Prepare(PARVIS_BATCH_COLUMNS
                                             "WHERE id = ?1 AND organisation = ?2 AND owner = ?3"));
  PARVIS_ASSIGN_OR_RETURN(
      const bool found, find.Bind(1, id).Bind(2, caller.organisation).Bind(3, caller.owner).Step());
  if (!found) return std::optional<Batch>();
  return std::optional<Batch>(BatchOf(find));
}

OrRefusal<Batch> BatchStore::Find(const Caller& caller, const std::string& id) {
  const std::lock_guard lock(mutex_);
  auto batch = Get(caller, id);
  if (!batch.ok()) return Unavailable();
  if (!*batch) return NoSuchBatch("batch_id");
  return std::move(**batch);
}

OrRefusal<Paged<Batch>> BatchStore::List(const Caller& caller, const Page& page) {
  const std::lock_guard lock(mutex_);
  int64_t after_ms = INT64_MAX;
  if (!page.after.empty()) {
    const auto after = Get(caller, page.after);
    if (!after.ok()) return Unavailable();
    if (!*after) return NoSuchBatch("after");
    after_ms = (*after)->created_ms;
  }
  auto list = database_->Prepare(PARVIS_BATCH_COLUMNS
                                 "WHERE organisation = ?1 AND owner = ?2 AND (created_ms, id) < "
                                 "(?3, ?4) ORDER BY created_ms DESC, id DESC LIMIT ?5");
  if (!list.ok()) return Unavailable();
  list->Bind(1, caller.organisation)
      .Bind(2, caller.owner)
      .Bind(3, after_ms)
      .Bind(4, page.after)
      .Bind(5, page.limit + 1);
  auto paged = ReadPaged(*list, page.limit, BatchOf);
  if (!paged.ok()) return Unavailable();
  return std::move(*paged);
}

OrRefusal<Batch> BatchStore::Cancel(const Caller& caller, const std::string& id, int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  auto batch = Get(caller, id);
  if (!batch.ok()) return Unavailable();
  if (!*batch) return NoSuchBatch("batch_id");
  if ((*batch)->status != "validating" && (*batch)->status != "in_progress") {
    if ((*batch)->status == "cancelling") return std::move(**batch);
    return Invalid("batch_id",
                   fmt::format("A batch that is '{}' cannot be cancelled.", (*batch)->status),
                   "batch_not_cancellable");
  }
  auto update = database_->Prepare(
      "UPDATE batches SET status = 'cancelling', cancelling_ms = ?2 WHERE id = ?1 AND status IN "
      "('validating', 'in_progress')");
  if (!update.ok() || !update->Bind(1, id).Bind(2, now_ms).Run().ok()) return Unavailable();
  (*batch)->status = "cancelling";
  (*batch)->cancelling_ms = now_ms;
  return std::move(**batch);
}

Result<std::optional<Batch>> BatchStore::Next(const std::string& server) {
  PARVIS_ASSIGN_OR_RETURN(
      auto find,
      database_->Prepare(PARVIS_BATCH_COLUMNS
                         "WHERE status IN ('validating', 'in_progress', 'finalizing', "
                         "'cancelling') AND (server = ?1 OR server NOT IN (SELECT id FROM "
                         "servers)) ORDER BY created_ms, id LIMIT 1"));
  PARVIS_ASSIGN_OR_RETURN(const bool found, find.Bind(1, server).Step());
  if (!found) return std::optional<Batch>();
  return std::optional<Batch>(BatchOf(find));
}

Result<std::optional<Batch>> BatchStore::Claim() {
  const std::lock_guard lock(mutex_);
  const std::string server = server_ ? server_() : "";
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(auto batch, Next(server));
    if (!batch) return batch;
    PARVIS_ASSIGN_OR_RETURN(
        auto claim, database_->Prepare("UPDATE batches SET server = ?2 WHERE id = ?1 AND (server = "
                                       "?2 OR server NOT IN (SELECT id FROM servers)) "
                                       "RETURNING id"));
    PARVIS_ASSIGN_OR_RETURN(const bool ours, claim.Bind(1, batch->id).Bind(2, server).Step());
    if (!ours) continue;  // another one was first
    PARVIS_RETURN_IF_ERROR(claim.Run());
    batch->server = server;
    PARVIS_RETURN_IF_ERROR(ForgetAsked(batch->id));
    return batch;
  }
}

// Who asked these ended between an answer and its line's result. `id`: of one batch; empty: of all.
Status BatchStore::ForgetAsked(const std::string& id) {
  struct Asked {
    std::string batch, request;
    int64_t line;
  };
  std::vector<Asked> all;
  {
    PARVIS_ASSIGN_OR_RETURN(
        auto list, database_->Prepare("SELECT batch, request, line FROM batch_lines WHERE (?1 = '' "
                                      "OR batch = ?1) AND result = '' AND request <> ''"));
    list.Bind(1, id);
    while (true) {
      PARVIS_ASSIGN_OR_RETURN(const bool row, list.Step());
      if (!row) break;
      all.push_back({list.Text(0), list.Text(1), list.Int(2)});
    }
  }
  for (const Asked& asked : all) {
    PARVIS_ASSIGN_OR_RETURN(auto transaction,
                            store::Transaction::Begin(*database_, store::Access::kTogether));
    {
      PARVIS_ASSIGN_OR_RETURN(auto forget,
                              database_->Prepare("UPDATE batch_lines SET request = '' WHERE batch "
                                                 "= ?1 AND line = ?2 AND request = ?3 AND result "
                                                 "= '' RETURNING line"));
      PARVIS_ASSIGN_OR_RETURN(
          const bool first,
          forget.Bind(1, asked.batch).Bind(2, asked.line).Bind(3, asked.request).Step());
      if (!first) continue;
    }
    PARVIS_RETURN_IF_ERROR(MarkUndelivered(*database_, asked.request));
    PARVIS_RETURN_IF_ERROR(transaction.Commit());
  }
  return {};
}

Result<std::string> BatchStore::StatusOf(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(
      auto find, database_->Prepare("SELECT status FROM batches WHERE id = ?1 AND server = ?2"));
  PARVIS_ASSIGN_OR_RETURN(const bool ours, find.Bind(1, batch.id).Bind(2, batch.server).Step());
  if (!ours) return NotOurs(batch);
  return find.Text(0);
}

Status BatchStore::Write(const Batch& batch) {
  PARVIS_ASSIGN_OR_RETURN(
      auto update,
      database_->Prepare(
          "UPDATE batches SET status = CASE WHEN status = 'cancelling' AND ?2 = 'in_progress' THEN "
          "status ELSE ?2 END, output_file = ?3, error_file = ?4, errors = ?5, in_progress_ms = "
          "?6, "
          "finalizing_ms = ?7, completed_ms = ?8, failed_ms = ?9, expired_ms = ?10, cancelled_ms = "
          "?11, total = ?12 WHERE id = ?1 AND server = ?13 RETURNING id"));
  update.Bind(1, batch.id)
      .Bind(2, batch.status)
      .Bind(3, batch.output_file)
      .Bind(4, batch.error_file)
      .Bind(5, batch.errors)
      .Bind(6, batch.in_progress_ms)
      .Bind(7, batch.finalizing_ms)
      .Bind(8, batch.completed_ms)
      .Bind(9, batch.failed_ms)
      .Bind(10, batch.expired_ms)
      .Bind(11, batch.cancelled_ms)
      .Bind(12, batch.total)
      .Bind(13, batch.server);
  PARVIS_ASSIGN_OR_RETURN(const bool ours, update.Step());
  return ours ? update.Run() : NotOurs(batch);
}

Status BatchStore::Update(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  return Write(batch);
}

// The batch's row is ours until the end of the transaction: nobody claims it meanwhile. It need not
// be synced by itself, since the request's record comes after it and is.
Status BatchStore::Ask(const Batch& batch, int64_t line, const std::string& request) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto transaction,
                          store::Transaction::Begin(*database_, store::Access::kUnsynced));
  {
    PARVIS_ASSIGN_OR_RETURN(
        auto hold, database_->Prepare("UPDATE batches SET server = ?2 WHERE id = ?1 AND server = "
                                      "?2 AND (server = '' OR server IN (SELECT id FROM servers)) "
                                      "RETURNING id"));
    PARVIS_ASSIGN_OR_RETURN(const bool ours, hold.Bind(1, batch.id).Bind(2, batch.server).Step());
    if (!ours) return NotOurs(batch);
  }
  {
    PARVIS_ASSIGN_OR_RETURN(
        auto insert,
        database_->Prepare("INSERT INTO batch_lines(batch, line, organisation, owner, failed, "
                           "result, request) VALUES(?1, ?2, ?3, ?4, 0, '', ?5) ON CONFLICT(batch, "
                           "line) DO UPDATE SET request = excluded.request WHERE "
                           "batch_lines.result = ''"));
    PARVIS_RETURN_IF_ERROR(insert.Bind(1, batch.id)
                               .Bind(2, line)
                               .Bind(3, batch.caller.organisation)
                               .Bind(4, batch.caller.owner)
                               .Bind(5, request)
                               .Run());
  }
  return transaction.Commit();
}

Status BatchStore::AddResult(const Batch& batch, const LineResult& result) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto transaction,
                          store::Transaction::Begin(*database_, store::Access::kTogether));
  {
    PARVIS_ASSIGN_OR_RETURN(
        auto count, database_->Prepare("UPDATE batches SET completed = completed + 1 - ?3, failed "
                                       "= failed + ?3 WHERE id = ?1 AND server = ?2 "
                                       "RETURNING id"));
    PARVIS_ASSIGN_OR_RETURN(const bool ours, count.Bind(1, batch.id)
                                                 .Bind(2, batch.server)
                                                 .Bind(3, int64_t{result.failed ? 1 : 0})
                                                 .Step());
    if (!ours) return NotOurs(batch);
  }
  {
    PARVIS_ASSIGN_OR_RETURN(
        auto insert,
        database_->Prepare("INSERT INTO batch_lines(batch, line, organisation, owner, failed, "
                           "result) VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(batch, line) DO "
                           "UPDATE SET failed = excluded.failed, result = excluded.result WHERE "
                           "batch_lines.result = '' RETURNING line"));
    PARVIS_ASSIGN_OR_RETURN(const bool first, insert.Bind(1, batch.id)
                                                  .Bind(2, result.line)
                                                  .Bind(3, batch.caller.organisation)
                                                  .Bind(4, batch.caller.owner)
                                                  .Bind(5, int64_t{result.failed ? 1 : 0})
                                                  .Bind(6, result.text)
                                                  .Step());
    if (!first) return {};  // nor is it counted
  }
  return transaction.Commit();
}

Result<std::set<int64_t>> BatchStore::LinesDone(const std::string& id) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(
      auto list,
      database_->Prepare("SELECT line FROM batch_lines WHERE batch = ?1 AND result <> ''"));
  list.Bind(1, id);
  std::set<int64_t> lines;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, list.Step());
    if (!row) return lines;
    lines.insert(list.Int(0));
  }
}

Result<std::vector<LineResult>> BatchStore::Results(const std::string& id, int64_t from,
                                                    int64_t most) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(
      auto list,
      database_->Prepare("SELECT line, failed, result FROM batch_lines WHERE batch = ?1 AND line "
                         ">= ?2 AND result <> '' ORDER BY line LIMIT ?3"));
  list.Bind(1, id).Bind(2, from).Bind(3, most);
  std::vector<LineResult> results;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, list.Step());
    if (!row) return results;
    results.push_back({list.Int(0), list.Int(1) != 0, list.Text(2)});
  }
}

Status BatchStore::Finish(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto transaction, store::Transaction::Begin(*database_));
  PARVIS_RETURN_IF_ERROR(Write(batch));
  for (const std::string& id : {batch.output_file, batch.error_file}) {
    if (!id.empty()) PARVIS_RETURN_IF_ERROR(ShowFile(*database_, id));
  }
  {
    PARVIS_ASSIGN_OR_RETURN(auto remove,
                            database_->Prepare("DELETE FROM batch_lines WHERE batch = ?1"));
    PARVIS_RETURN_IF_ERROR(remove.Bind(1, batch.id).Run());
  }
  return transaction.Commit();
}

}  // namespace parvis::service
