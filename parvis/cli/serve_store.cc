#include "parvis/cli/serve_store.h"

#include <utility>

#include "parvis/core/clock.h"
#include "parvis/governance/shared_quota.h"
#include "parvis/service/quota_budget.h"

namespace parvis::cli {
namespace {

Result<ServeStore> OpenFile(const std::string& path) {
  ServeStore store{.where = path};
  PARVIS_ASSIGN_OR_RETURN(store.records, service::Records::Open(path));
  auto book = std::make_unique<governance::MemoryQuotaBook>();
  PARVIS_RETURN_IF_ERROR(service::LoadUsed(path, WallClockMs(), *book));
  store.book = std::move(book);
  return store;
}

Result<ServeStore> OpenShared(const std::string& where) {
  {
    PARVIS_ASSIGN_OR_RETURN(const auto database, store::Database::Open(where));
    PARVIS_RETURN_IF_ERROR(service::MigrateServiceTables(*database).In(where));
  }
  ServeStore store{.where = where};
  PARVIS_ASSIGN_OR_RETURN(store.servers, service::Servers::Join(where));
  const auto id = [&servers = *store.servers] { return servers.id(); };
  PARVIS_ASSIGN_OR_RETURN(auto book, governance::SharedQuotaBook::Open(where, id));
  store.servers->Settle(*book);
  store.book = std::move(book);
  PARVIS_ASSIGN_OR_RETURN(store.records, service::Records::Open(where, id));
  return store;
}

}  // namespace

Result<ServeStore> ServeStore::Open(const std::string& where) {
  return store::Database::IsShared(where) ? OpenShared(where) : OpenFile(where);
}

}  // namespace parvis::cli
