#ifndef PARVIS_SERVICE_USAGE_H_
#define PARVIS_SERVICE_USAGE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/store/database.h"

namespace parvis::service {

// By what use is told apart. Days are UTC's.
struct UsageGrouping {
  bool user = false, group = false, key = false, model = false;
  int64_t bucket_ms = 0;  // 0: all of the time together
};

struct UsageQuery {
  std::string organisation;        // empty: of all
  int64_t from_ms = 0, to_ms = 0;  // of when requests came; the second is not part of it
  UsageGrouping by;
  std::string user, group, api_key, model;  // only of this one; empty: of all
};

// What was used by requests that are alike. What is not told apart is empty.
struct UsageRow {
  int64_t begin_ms = 0;  // of the bucket
  std::string organisation, user, group, api_key, model, currency;
  int64_t requests = 0;
  int64_t input_tokens = 0, cached_tokens = 0, output_tokens = 0;
  int64_t charged_micros = 0;
};

// What was used, out of the records of requests and answers. Safe to call from several threads;
// calls wait for the disk.
class UsageBook {
 public:
  // The file of records.h.
  static Result<std::unique_ptr<UsageBook>> Open(const std::string& path);
  // By bucket, then by what is told apart; at most `max_rows`, one more tells that there are
  // others.
  Result<std::vector<UsageRow>> Sum(const UsageQuery& query, int64_t max_rows);

 private:
  explicit UsageBook(std::unique_ptr<store::Database> database) : database_(std::move(database)) {}
  std::mutex mutex_;  // guards the database
  const std::unique_ptr<store::Database> database_;
};

// A field of a CSV file (RFC 4180) that no spreadsheet takes for a formula: what begins like one
// gets an apostrophe before it.
std::string CsvField(const std::string& text);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_USAGE_H_
