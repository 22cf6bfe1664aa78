#ifndef PARVIS_STORE_COPY_H_
#define PARVIS_STORE_COPY_H_

#include <cstdint>
#include <map>
#include <string>

#include "parvis/core/result.h"

namespace parvis::store {

// What a database holds, to tell whether a copy is one.
struct DatabaseFacts {
  int64_t version = 0;                  // of its schema (Database::Migrate)
  std::map<std::string, int64_t> rows;  // by table
  bool operator==(const DatabaseFacts&) const = default;
};

// Copies the database at `from` as it is at one moment, while others read and write it. The copy is
// one file for its owner only; it has `to`'s name when it was found good, and not before.
Result<DatabaseFacts> CopyDatabase(const std::string& from, const std::string& to);

// Looks through a database that nobody else has open: every page, every reference between tables.
// kDataLoss: it is damaged.
Result<DatabaseFacts> CheckDatabase(const std::string& path);

}  // namespace parvis::store

#endif  // PARVIS_STORE_COPY_H_
