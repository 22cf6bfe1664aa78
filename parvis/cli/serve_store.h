#ifndef PARVIS_CLI_SERVE_STORE_H_
#define PARVIS_CLI_SERVE_STORE_H_

#include <memory>

#include "parvis/cli/serve_options.h"
#include "parvis/core/result.h"
#include "parvis/governance/quota.h"
#include "parvis/service/batch_store.h"
#include "parvis/service/file_store.h"
#include "parvis/service/invoice_book.h"
#include "parvis/service/records.h"
#include "parvis/service/response_store.h"
#include "parvis/service/servers.h"
#include "parvis/service/usage.h"

namespace parvis::cli {

// What a server keeps, in a file of its own or in a database that several share (options.database).
// The later ones end first.
struct ServeStore {
  std::unique_ptr<governance::QuotaBook> book;
  std::unique_ptr<service::Servers> servers;  // null: nobody shares the file
  std::unique_ptr<service::Records> records;
  std::unique_ptr<service::UsageBook> usage;
  std::unique_ptr<service::InvoiceBook> invoices;
  std::unique_ptr<service::ResponseStore> responses;
  std::unique_ptr<service::FileStore> files;
  std::unique_ptr<service::BatchStore> batches;

  static Result<ServeStore> Open(const ServeOptions& options);
};

}  // namespace parvis::cli

#endif  // PARVIS_CLI_SERVE_STORE_H_
