#ifndef PARVIS_SERVICE_UNDELIVERED_H_
#define PARVIS_SERVICE_UNDELIVERED_H_

#include <string>

#include "parvis/core/result.h"
#include "parvis/store/database.h"

namespace parvis::service {

// Of a request that was answered, and whose answer nobody got anything of: it ends as "interrupted"
// after all, costs nothing and counts nothing. Does nothing if it has no answer on record, or was
// interrupted. Within the caller's transaction. Books in memory (MemoryQuotaBook) are not told:
// they count it until they are read anew.
Status MarkUndelivered(store::Database& database, const std::string& request);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_UNDELIVERED_H_
