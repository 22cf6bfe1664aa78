#include "parvis/cli/serve_store.h"

#include <string>
#include <utility>

#include "parvis/core/clock.h"
#include "parvis/governance/shared_quota.h"
#include "parvis/service/file_import.h"
#include "parvis/service/quota_budget.h"
#include "parvis/store/database.h"

namespace parvis::cli {
namespace {

constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;

// Records, batches and budgets of one server.
Status OpenOwn(const std::string& path, const ServeOptions& options, ServeStore& store) {
  PARVIS_ASSIGN_OR_RETURN(store.records, service::Records::Open(path));
  PARVIS_RETURN_IF_ERROR(service::TakeInFiles(path, options.data + "/files"));
  PARVIS_ASSIGN_OR_RETURN(store.batches, service::BatchStore::Open(path));
  auto book = std::make_unique<governance::MemoryQuotaBook>();
  PARVIS_RETURN_IF_ERROR(service::LoadUsed(path, WallClockMs(), *book));
  store.book = std::move(book);
  return {};
}

// … and of one among several.
Status OpenShared(const std::string& where, ServeStore& store) {
  {
    PARVIS_ASSIGN_OR_RETURN(const auto database, store::Database::Open(where));
    PARVIS_RETURN_IF_ERROR(service::MigrateServiceTables(*database).In(where));
  }
  PARVIS_ASSIGN_OR_RETURN(store.servers, service::Servers::Join(where));
  const auto id = [&servers = *store.servers] { return servers.id(); };
  PARVIS_ASSIGN_OR_RETURN(auto book, governance::SharedQuotaBook::Open(where, id));
  store.servers->Settle(*book);
  store.book = std::move(book);
  PARVIS_ASSIGN_OR_RETURN(store.records, service::Records::Open(where, id));
  PARVIS_ASSIGN_OR_RETURN(store.batches, service::BatchStore::Open(where, id));
  return {};
}

}  // namespace

Result<ServeStore> ServeStore::Open(const ServeOptions& options) {
  const std::string& where = options.database;
  const bool shared = store::Database::IsShared(where);
  ServeStore store;
  PARVIS_RETURN_IF_ERROR(shared ? OpenShared(where, store) : OpenOwn(where, options, store));
  PARVIS_ASSIGN_OR_RETURN(store.usage, service::UsageBook::Open(where));
  PARVIS_ASSIGN_OR_RETURN(store.invoices, service::InvoiceBook::Open(where));
  PARVIS_ASSIGN_OR_RETURN(store.responses, service::ResponseStore::Open(
                                               where, {.owner_responses = options.response_quota,
                                                       .keep_ms = options.response_days * kDayMs}));
  service::ServerName server = nullptr;
  if (shared) server = [&servers = *store.servers] { return servers.id(); };
  PARVIS_ASSIGN_OR_RETURN(store.files,
                          service::FileStore::Open(where,
                                                   {.owner_bytes = options.file_quota_mib << 20,
                                                    .keep_ms = options.file_days * kDayMs},
                                                   std::move(server)));
  return store;
}

}  // namespace parvis::cli
