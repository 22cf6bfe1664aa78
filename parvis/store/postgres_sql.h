#ifndef PARVIS_STORE_POSTGRES_SQL_H_
#define PARVIS_STORE_POSTGRES_SQL_H_

#include <string>
#include <string_view>

namespace parvis::store {

// Our statements as PostgreSQL writes them: parameters are $1 for ?1, and of a table's columns
// INTEGER (64 bits) is BIGINT, BLOB is BYTEA, and STRICT says nothing. What stands in quotes or
// after "--" stays as it is.
std::string PostgresSql(std::string_view sql);

}  // namespace parvis::store

#endif  // PARVIS_STORE_POSTGRES_SQL_H_
