#ifndef PARVIS_SERVICE_RESPONSE_STORE_H_
#define PARVIS_SERVICE_RESPONSE_STORE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "parvis/core/result.h"
#include "parvis/service/caller.h"
#include "parvis/store/database.h"

namespace parvis::service {

// An answer that its caller wants kept, with what was asked.
struct StoredResponse {
  std::string id;        // "resp_…"
  std::string request;   // the record's id
  std::string previous;  // the answer that this one goes on from; empty: none
  int64_t created_ms = 0;
  std::string input;     // JSON: what this request added to the conversation
  std::string response;  // JSON: the answer as it was given
};

// Answers that callers want kept, until they delete them. Each belongs to who asked for it; for
// everybody else it does not exist. What is deleted is overwritten in the file.
//
// Safe to call from several threads; calls wait for the disk.
class ResponseStore {
 public:
  // The file of records.h, whose schema it needs.
  static Result<std::unique_ptr<ResponseStore>> Open(const std::string& path);

  // On the disk when it returns. REQUIRES: the request is on record.
  Status Put(const Caller& owner, const StoredResponse& response);
  Result<std::optional<StoredResponse>> Get(const Caller& owner, const std::string& id);
  // False: there is none.
  Result<bool> Delete(const Caller& owner, const std::string& id);

 private:
  explicit ResponseStore(std::unique_ptr<store::Database> database)
      : database_(std::move(database)) {}
  Result<std::optional<StoredResponse>> Find(const Caller& owner, const std::string& id);

  std::mutex mutex_;  // guards the database
  const std::unique_ptr<store::Database> database_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_RESPONSE_STORE_H_
