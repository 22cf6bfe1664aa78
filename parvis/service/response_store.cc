#include "parvis/service/response_store.h"

#include <algorithm>
#include <utility>

#include "parvis/core/clock.h"
#include "parvis/service/records.h"
#include "parvis/service/undelivered.h"

namespace parvis::service {
namespace {

// How long after its record an answer in the background may not have been kept yet.
constexpr int64_t kKeptWithinMs = 60'000;

}  // namespace

Result<std::unique_ptr<ResponseStore>> ResponseStore::Open(const std::string& path,
                                                           const ResponseLimits& limits) {
  PARVIS_ASSIGN_OR_RETURN(auto database, store::Database::Open(path));
  PARVIS_RETURN_IF_ERROR(MigrateServiceTables(*database).In(path));
  return std::unique_ptr<ResponseStore>(
      new ResponseStore(std::move(database), limits, store::Database::IsShared(path)));
}

Status ResponseStore::Put(const Caller& owner, const StoredResponse& response) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto transaction, store::Transaction::Begin(*database_));
  PARVIS_RETURN_IF_ERROR(MakeRoom(owner));
  {
    PARVIS_ASSIGN_OR_RETURN(
        auto insert,
        database_->Prepare("INSERT INTO responses(id, request, organisation, owner, previous, "
                           "created_ms, input, response) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
    PARVIS_RETURN_IF_ERROR(insert.Bind(1, response.id)
                               .Bind(2, response.request)
                               .Bind(3, owner.organisation)
                               .Bind(4, owner.owner)
                               .Bind(5, response.previous)
                               .Bind(6, response.created_ms)
                               .Bind(7, response.input)
                               .Bind(8, response.response)
                               .Run());
  }
  return transaction.Commit();
}

Status ResponseStore::Update(const Caller& owner, const std::string& id,
                             const std::string& response) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto update,
                          database_->Prepare("UPDATE responses SET response = ?1 WHERE id = ?2 AND "
                                             "organisation = ?3 AND owner = ?4"));
  return update.Bind(1, response)
      .Bind(2, id)
      .Bind(3, owner.organisation)
      .Bind(4, owner.owner)
      .Run();
}

Status ResponseStore::MarkUnwanted(const Caller& owner, const std::string& id) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto update,
                          database_->Prepare("UPDATE responses SET unwanted = 1 WHERE id = ?1 AND "
                                             "organisation = ?2 AND owner = ?3"));
  return update.Bind(1, id).Bind(2, owner.organisation).Bind(3, owner.owner).Run();
}

Result<bool> ResponseStore::IsUnwanted(const std::string& id) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(
      auto select, database_->Prepare("SELECT 1 FROM responses WHERE id = ?1 AND unwanted = 1"));
  return select.Bind(1, id).Step();
}

Status ResponseStore::MarkLost(const StoredResponse& response) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto transaction,
                          store::Transaction::Begin(*database_, store::Access::kTogether));
  PARVIS_RETURN_IF_ERROR(MarkUndelivered(*database_, response.request));
  return transaction.Commit();
}

Status ResponseStore::MakeRoom(const Caller& owner) {
  PARVIS_ASSIGN_OR_RETURN(
      auto remove,
      database_->Prepare("DELETE FROM responses WHERE id IN (SELECT id FROM responses WHERE "
                         "organisation = ?1 AND owner = ?2 ORDER BY created_ms DESC, id DESC "
                         "LIMIT 9223372036854775807 OFFSET ?3) RETURNING 1"));
  remove.Bind(1, owner.organisation)
      .Bind(2, owner.owner)
      .Bind(3, std::max<int64_t>(0, limits_.owner_responses - 1));
  return Remove(remove);
}

// Runs a statement that tells a row for each that it deletes.
Status ResponseStore::Remove(store::Statement& remove) {
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, remove.Step());
    if (!row) return {};
    log_has_deleted_ = true;
  }
}

int64_t ResponseStore::Oldest(int64_t now_ms) const {
  return limits_.keep_ms == 0 ? 0 : now_ms - limits_.keep_ms;
}

Status ResponseStore::Expire(int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (limits_.keep_ms > 0) {
    PARVIS_ASSIGN_OR_RETURN(
        auto remove, database_->Prepare("DELETE FROM responses WHERE created_ms < ?1 RETURNING 1"));
    PARVIS_RETURN_IF_ERROR(Remove(remove.Bind(1, Oldest(now_ms))));
  }
  return log_has_deleted_ ? ForgetDeleted() : Status();
}

Result<std::optional<StoredResponse>> ResponseStore::Get(const Caller& owner,
                                                         const std::string& id) {
  const std::lock_guard lock(mutex_);
  return Find(owner, id);
}

Result<std::optional<StoredResponse>> ResponseStore::Find(const Caller& owner,
                                                          const std::string& id) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database_->Prepare("SELECT request, previous, created_ms, input, response, "
                         "(SELECT count(*) FROM requests r WHERE r.id = responses.request AND "
                         "r.server IN (SELECT id FROM servers) AND NOT EXISTS (SELECT 1 FROM "
                         "answers a WHERE a.request = r.id AND (a.finish = 'interrupted' OR "
                         "a.finished_ms < ?5))) FROM responses WHERE id = ?1 AND organisation = ?2 "
                         "AND owner = ?3 AND "
                         "created_ms >= ?4"));
  select.Bind(1, id)
      .Bind(2, owner.organisation)
      .Bind(3, owner.owner)
      .Bind(4, Oldest(WallClockMs()))
      .Bind(5, WallClockMs() - kKeptWithinMs);
  PARVIS_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return std::optional<StoredResponse>();
  return std::optional(StoredResponse{id, select.Text(0), select.Text(1), select.Int(2),
                                      select.Text(3), select.Text(4), select.Int(5) > 0});
}

Result<bool> ResponseStore::Delete(const Caller& owner, const std::string& id) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(const auto found, Find(owner, id));
  if (!found) return false;
  {
    PARVIS_ASSIGN_OR_RETURN(auto transaction, store::Transaction::Begin(*database_));
    {
      PARVIS_ASSIGN_OR_RETURN(
          auto remove,
          database_->Prepare(
              "DELETE FROM responses WHERE id = ?1 AND organisation = ?2 AND owner = ?3"));
      PARVIS_RETURN_IF_ERROR(
          remove.Bind(1, id).Bind(2, owner.organisation).Bind(3, owner.owner).Run());
    }
    PARVIS_RETURN_IF_ERROR(transaction.Commit());
  }
  PARVIS_RETURN_IF_ERROR(ForgetDeleted());
  return true;
}

Status ResponseStore::ForgetDeleted() {
  PARVIS_RETURN_IF_ERROR(database_->ForgetDeleted());
  log_has_deleted_ = false;
  return {};
}

}  // namespace parvis::service
