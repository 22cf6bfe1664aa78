#ifndef PARVIS_GOVERNANCE_DIRECTORY_H_
#define PARVIS_GOVERNANCE_DIRECTORY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "parvis/core/priority.h"
#include "parvis/core/result.h"
#include "parvis/governance/feature.h"
#include "parvis/governance/limit.h"
#include "parvis/governance/money.h"
#include "parvis/governance/permission.h"
#include "parvis/governance/secret.h"
#include "parvis/store/database.h"

namespace parvis::governance {

struct Organisation {
  std::string id, name;
  std::string plan;    // empty: none
  Permissions denied;  // to everybody in it
  bool disabled = false;
  int64_t created_ms = 0;
};

// Users who belong together: a class, a ward.
struct Group {
  std::string id, organisation, name;
  std::string plan;  // empty: the organisation's
  Permissions denied;
  int64_t created_ms = 0;
};

struct User {
  std::string id, organisation;
  std::string group;  // an id; empty: none
  std::string name;
  bool service = false;  // a program, not a person
  Role role = Role::kMember;
  std::string plan;  // empty: the group's, else the organisation's
  Permissions denied;
  bool disabled = false;
  int64_t created_ms = 0;
};

struct ApiKey {
  std::string id, organisation;
  std::string owner;  // a user's id
  std::string name;
  std::string prefix;                       // "pv-Ab3d": all of it that is known
  Permissions scopes = Permissions::All();  // what of its owner's permissions it has
  std::vector<std::string> models;          // that it may name; none: all
  int64_t created_ms = 0;
  std::optional<int64_t> expires_ms, revoked_ms;
  std::optional<int64_t> last_used_ms;  // some seconds old
  std::string replaces;                 // the key whose place it took; may be empty
};
// What a key is worth at a moment: "active", "expired" or "revoked".
std::string_view StateOf(const ApiKey& key, int64_t now_ms);

struct NewKey {
  ApiKey key;
  std::string secret;  // its text, never to be had again
};

// A person at a browser, from their signing in to their end.
struct Session {
  std::string id, organisation;
  std::string owner;   // a user's id
  std::string method;  // how they showed who they are: "password", "oidc:NAME"
  int64_t created_ms = 0;
  int64_t used_ms = 0;     // some seconds old
  int64_t expires_ms = 0;  // whatever happens
  std::optional<int64_t> ended_ms;
};

struct NewSession {
  Session session;
  std::string secret;  // what the browser shows, never to be had again
};

// What users get by a plan's name, with what they pay.
struct Plan {
  std::string name, currency;
  std::vector<std::string> models;  // that it has; none: all
  int64_t context_length = 0;       // prompt and answer together; 0: the model's
  int priority = kUsualPriority;    // kLeastPriority to kMostPriority
  Features features = Features::All();
  std::vector<std::pair<std::string, Price>> prices;  // by model; "*": of all others
  int64_t created_ms = 0;
};

// Who there is, what they may and how much: the tables of schema.h, one transaction a change.
// Everything but organisations and plans is asked for with its organisation: what another one has
// is not found. `who` is an id or a name.
//
// Safe to call from several threads and several processes; calls wait for the disk.
class Directory {
 public:
  // REQUIRES: the file has schema.h's tables. Brings digests that had no pepper to this one.
  static Result<std::unique_ptr<Directory>> Open(const std::string& path, Pepper pepper);

  Result<Organisation> AddOrganisation(const std::string& name, const std::string& plan);
  Result<std::vector<Organisation>> Organisations();
  Result<Organisation> FindOrganisation(const std::string& who);
  Status Change(const Organisation& organisation);  // all but id and time

  Result<Group> AddGroup(const std::string& organisation, const std::string& name,
                         const std::string& plan);
  Result<std::vector<Group>> Groups(const std::string& organisation);
  Result<Group> FindGroup(const std::string& organisation, const std::string& who);
  Status Change(const Group& group);
  Status RemoveGroup(const std::string& organisation, const std::string& id);  // has no users

  Result<User> AddUser(User user);  // id and time are made here; its group is an id
  Result<std::vector<User>> Users(const std::string& organisation);
  Result<User> FindUser(const std::string& organisation, const std::string& who);
  Status Change(const User& user);

  // Id, prefix and time are made here; its owner is an id.
  Result<NewKey> AddKey(ApiKey key);
  Result<std::vector<ApiKey>> Keys(const std::string& organisation);
  Result<ApiKey> FindKey(const std::string& organisation, const std::string& id);
  // Worth nothing from now on. Ok if it was before.
  Status RevokeKey(const std::string& organisation, const std::string& id);
  // Another key with the same rights; the old one ends after `overlap_ms`.
  Result<NewKey> RotateKey(const std::string& organisation, const std::string& id,
                           int64_t overlap_ms);

  // Whether keys of ours are worth something here: refuses a database all of whose keys were made
  // with another pepper.
  Status CheckPepper();

  // What PasswordHasher made; empty: they have none any more. Ends their sessions. Services have
  // keys and no passwords.
  Status SetPasswordHash(const User& user, const std::string& hash);
  // Another hash of the same password. Nothing happens if `from` is not theirs any more.
  Status ReplacePasswordHash(const User& user, const std::string& from, const std::string& to);
  Result<std::string> PasswordHashOf(const User& user);  // empty: none

  // Whose the identity is that an issuer gave, in this organisation.
  Result<User> UserOfIdentity(const std::string& organisation, const std::string& issuer,
                              const std::string& subject);
  Status LinkIdentity(const User& user, const std::string& issuer, const std::string& subject);
  Status UnlinkIdentities(const User& user);  // all of them; ends the user's sessions
  // As AddUser, with the identity; with another name if theirs is taken.
  Result<User> AddUserOfIdentity(User user, const std::string& issuer, const std::string& subject);
  // True the first time. `digest` is remembered until then.
  Result<bool> UseOnce(const std::string& digest, int64_t until_ms);

  // Id, times and secret are made here. Refuses who is disabled, as they are now. A user has
  // kMaxSessions at most: the oldest end.
  Result<NewSession> AddSession(const User& user, const std::string& method, int64_t life_ms);
  Result<std::vector<Session>> Sessions(const std::string& organisation);  // that did not end
  // Ok if it was over before.
  Status EndSession(const std::string& organisation, const std::string& id);
  Status EndSessionsOf(const User& user);
  static constexpr int kMaxSessions = 20;

  // A key of the first user's, if none of theirs is worth anything; else nothing.
  Result<std::optional<std::string>> EnsureOperatorKey();
  // A new one; all that the first user had are revoked.
  Result<std::string> ReplaceOperatorKey();

  Status SetPlan(const Plan& plan);  // made or changed
  Result<std::vector<Plan>> Plans();
  Result<Plan> FindPlan(const std::string& name);
  Status SetLimit(const Limit& limit);
  Status RemoveLimit(const Limit& limit);  // its value does not matter; ok if there was none
  Result<std::vector<Limit>> Limits();

 private:
  using Work = std::function<Status(store::Database&)>;
  Directory(std::unique_ptr<store::Database> database, Pepper pepper)
      : database_(std::move(database)), pepper_(std::move(pepper)) {}
  // One transaction, which others see by the count of changes.
  Status Write(const Work& work);
  Status AddPepper();
  Status InsertKey(store::Database& database, ApiKey& key, std::string& secret);
  Status CheckPlan(store::Database& database, const std::string& name);
  // REQUIRES: a transaction; `user` has its id.
  Status InsertUser(store::Database& database, const User& user);
  // Of a user; `owner` empty: of the whole organisation.
  static Status EndSessionsIn(store::Database& database, const std::string& organisation,
                              const std::string& owner);

  std::mutex mutex_;  // guards the database
  const std::unique_ptr<store::Database> database_;
  const Pepper pepper_;
};

// Shared by the files of this class.
std::string JoinLines(const std::vector<std::string>& lines);
std::vector<std::string> SplitLines(const std::string& text);
// Names are for people: 1 to 64 bytes, no control characters, nothing that looks like an id or a
// flag.
Status CheckName(const std::string& name);

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_DIRECTORY_H_
