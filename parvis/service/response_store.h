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
  // Of Get: whether a server beside this one, or this one among several, is there and still makes
  // it in the background. Never where nobody shares the database: there who makes it knows.
  bool under_way = false;
};

struct ResponseLimits {
  int64_t owner_responses = 10'000;                     // the oldest of an owner go first
  int64_t keep_ms = int64_t{30} * 24 * 60 * 60 * 1000;  // 0: for ever
};

// Answers that callers want kept, until they delete them or their time is over. Each belongs to who
// asked for it; for everybody else it does not exist. What is deleted is overwritten in the file.
//
// Safe to call from several threads; calls wait for the disk.
class ResponseStore {
 public:
  // The file of records.h, whose schema it needs.
  static Result<std::unique_ptr<ResponseStore>> Open(const std::string& path,
                                                     const ResponseLimits& limits = {});

  // On the disk when it returns. REQUIRES: the request is on record.
  Status Put(const Caller& owner, const StoredResponse& response);
  // The answer anew, if it was not deleted meanwhile.
  Status Update(const Caller& owner, const std::string& id, const std::string& response);
  Result<std::optional<StoredResponse>> Get(const Caller& owner, const std::string& id);
  // Whoever makes it in the background need not go on; IsUnwanted tells them, wherever they are.
  Status MarkUnwanted(const Caller& owner, const std::string& id);
  Result<bool> IsUnwanted(const std::string& id);
  // Who made it ended before it was kept: its request costs nothing (undelivered.h).
  Status MarkLost(const StoredResponse& response);
  // False: there is none.
  Result<bool> Delete(const Caller& owner, const std::string& id);
  // Deletes what is older than may be kept (until then it is not found, either), and empties the
  // log of that and of what made room for newer ones. To be called now and then.
  Status Expire(int64_t now_ms);
  bool is_shared() const { return is_shared_; }  // the database

 private:
  ResponseStore(std::unique_ptr<store::Database> database, const ResponseLimits& limits,
                bool is_shared)
      : database_(std::move(database)), limits_(limits), is_shared_(is_shared) {}
  int64_t Oldest(int64_t now_ms) const;  // that is still kept
  Status MakeRoom(const Caller& owner);  // for one more
  Result<std::optional<StoredResponse>> Find(const Caller& owner, const std::string& id);
  Status Remove(store::Statement& remove);
  Status ForgetDeleted();

  std::mutex mutex_;  // guards the database
  const std::unique_ptr<store::Database> database_;
  const ResponseLimits limits_;
  const bool is_shared_;
  bool log_has_deleted_ = false;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_RESPONSE_STORE_H_
