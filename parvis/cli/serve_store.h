#ifndef PARVIS_CLI_SERVE_STORE_H_
#define PARVIS_CLI_SERVE_STORE_H_

#include <memory>
#include <string>

#include "parvis/core/result.h"
#include "parvis/governance/quota.h"
#include "parvis/service/records.h"
#include "parvis/service/servers.h"

namespace parvis::cli {

// What a server keeps of its requests: in a file of its own, or in a database that several share.
// The later ones end first.
struct ServeStore {
  std::string where;  // as store::Database takes it
  std::unique_ptr<governance::QuotaBook> book;
  std::unique_ptr<service::Servers> servers;  // null: nobody shares the file
  std::unique_ptr<service::Records> records;

  static Result<ServeStore> Open(const std::string& where);
};

}  // namespace parvis::cli

#endif  // PARVIS_CLI_SERVE_STORE_H_
