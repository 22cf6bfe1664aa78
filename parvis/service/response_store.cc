#include "parvis/service/response_store.h"

#include <utility>

#include "parvis/service/records.h"

namespace parvis::service {

Result<std::unique_ptr<ResponseStore>> ResponseStore::Open(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(auto database, store::Database::Open(path));
  PARVIS_RETURN_IF_ERROR(MigrateServiceTables(*database).In(path));
  return std::unique_ptr<ResponseStore>(new ResponseStore(std::move(database)));
}

Status ResponseStore::Put(const Caller& owner, const StoredResponse& response) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto transaction, store::Transaction::Begin(*database_));
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

Result<std::optional<StoredResponse>> ResponseStore::Get(const Caller& owner,
                                                         const std::string& id) {
  const std::lock_guard lock(mutex_);
  return Find(owner, id);
}

Result<std::optional<StoredResponse>> ResponseStore::Find(const Caller& owner,
                                                          const std::string& id) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database_->Prepare("SELECT request, previous, created_ms, input, response FROM responses "
                         "WHERE id = ?1 AND organisation = ?2 AND owner = ?3"));
  select.Bind(1, id).Bind(2, owner.organisation).Bind(3, owner.owner);
  PARVIS_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return std::optional<StoredResponse>();
  return std::optional(StoredResponse{id, select.Text(0), select.Text(1), select.Int(2),
                                      select.Text(3), select.Text(4)});
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
  PARVIS_RETURN_IF_ERROR(database_->ForgetDeleted());
  return true;
}

}  // namespace parvis::service
