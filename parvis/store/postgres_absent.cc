// In place of postgres.cc where its library is not there.

#include "parvis/store/database.h"

namespace parvis::store {

Result<std::unique_ptr<Database>> OpenPostgres(const std::string&) {
  return Unimplemented(
      "this Parvis was built without PostgreSQL; install libpq-dev and build it again");
}

}  // namespace parvis::store
