#ifndef PARVIS_GOVERNANCE_KEY_RING_H_
#define PARVIS_GOVERNANCE_KEY_RING_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/governance/directory.h"
#include "parvis/governance/limit.h"
#include "parvis/governance/permission.h"
#include "parvis/governance/secret.h"
#include "parvis/store/database.h"

namespace parvis::governance {

// Who holds a key, or sits at a browser, with all that follows from it.
struct Principal {
  std::string organisation, owner, group;  // ids; the group may be empty
  std::string key;                         // the id of the key, or of the session
  bool session = false;
  std::string plan;                      // by which they pay; empty: none
  Permissions permissions;               // role's and key's, without what is denied
  std::vector<std::string> models;       // that the key may name; none: all
  std::vector<std::string> plan_models;  // that the plan has; none: all
  int priority = kUsualPriority;         // the plan's, as is what follows
  Features features = Features::All();
  int64_t context_length = 0;  // 0: the model's
  int64_t expires_ms = 0;      // 0: never
  int64_t used_ms = 0;         // of a session: as the table had it
};

// What the tables said at one moment. Immutable.
struct IdentitySnapshot {
  int64_t changes = 0;  // schema.h: the count that it has
  std::unordered_map<std::string, std::shared_ptr<const Principal>> by_digest, by_id;
  std::map<std::string, Plan> plans;
  LimitTable limits;
};

struct KeyRingSettings {
  std::chrono::milliseconds poll{200};       // how often the database is looked at for changes
  std::chrono::milliseconds stale{5000};     // not looked at for so long: nobody is let in
  std::chrono::milliseconds note_use{5000};  // how often the time of keys' last use is written
  std::chrono::milliseconds session_idle{
      std::chrono::hours(2)};  // a session unused so long is over
};

// All keys and sessions that are worth something, in memory, so that finding one waits for nothing.
// A thread looks for changes by whomever, this process or another; what was changed counts within
// `poll`. Keys of another pepper are as good as none.
//
// Safe to call from several threads.
class KeyRing {
 public:
  using Settings = KeyRingSettings;
  // REQUIRES: the file has schema.h's tables.
  static Result<std::unique_ptr<KeyRing>> Open(const std::string& path, Pepper pepper,
                                               Settings settings = {});
  ~KeyRing();  // writes what it knows of keys' use
  KeyRing(const KeyRing&) = delete;
  KeyRing& operator=(const KeyRing&) = delete;

  // `credential`: a key's text or a session's. kNotFound: none is like that, or it is over.
  // kUnavailable: what is known is too old to be trusted.
  Result<std::shared_ptr<const Principal>> Find(std::string_view credential);
  // Who holds the key, or has the session, of this id now, if anybody does.
  Result<std::shared_ptr<const Principal>> FindById(const std::string& id);
  std::shared_ptr<const IdentitySnapshot> snapshot() const;
  // Looks now; what was changed before the call counts after it.
  Status Refresh();

 private:
  KeyRing(std::unique_ptr<store::Database> database, Pepper pepper, Settings settings);
  void Loop();
  Status LookLocked();
  Status WriteUseLocked();
  Status ReadSessionUseLocked();
  bool Fresh() const;
  bool Over(const Principal& principal, int64_t now_ms) const;  // REQUIRES: mutex_ held

  const Pepper pepper_;
  const Settings settings_;
  std::mutex database_mutex_;  // guards the database
  const std::unique_ptr<store::Database> database_;

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const IdentitySnapshot> snapshot_;
  std::chrono::steady_clock::time_point looked_at_;
  std::map<std::string, int64_t> used_;                    // keys' ids and when, not yet written
  std::unordered_map<std::string, int64_t> session_used_;  // when each was, here or elsewhere
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_KEY_RING_H_
