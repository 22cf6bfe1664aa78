// Who somebody is elsewhere.

#include <utility>

#include "fmt/format.h"
#include "parvis/core/clock.h"
#include "parvis/core/sha256.h"
#include "parvis/governance/directory.h"

namespace parvis::governance {
namespace {

// Empty: nobody's.
Result<std::string> OwnerOf(store::Database& database, const std::string& organisation,
                            const std::string& issuer, const std::string& subject) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select, database.Prepare("SELECT owner FROM user_identities WHERE organisation = ?1 "
                                    "AND issuer = ?2 AND subject = ?3"));
  PARVIS_ASSIGN_OR_RETURN(const bool found,
                          select.Bind(1, organisation).Bind(2, issuer).Bind(3, subject).Step());
  return found ? select.Text(0) : std::string();
}

Status Insert(store::Database& database, const User& user, const std::string& issuer,
              const std::string& subject) {
  PARVIS_ASSIGN_OR_RETURN(
      auto insert,
      database.Prepare("INSERT INTO user_identities(organisation, issuer, subject, owner, "
                       "created_ms) VALUES(?1, ?2, ?3, ?4, ?5)"));
  return insert.Bind(1, user.organisation)
      .Bind(2, issuer)
      .Bind(3, subject)
      .Bind(4, user.id)
      .Bind(5, WallClockMs())
      .Run();
}

}  // namespace

Result<User> Directory::UserOfIdentity(const std::string& organisation, const std::string& issuer,
                                       const std::string& subject) {
  std::string owner;
  {
    const std::lock_guard lock(mutex_);
    PARVIS_ASSIGN_OR_RETURN(owner, OwnerOf(*database_, organisation, issuer, subject));
  }
  if (owner.empty()) return NotFound("nobody here has this identity");
  return FindUser(organisation, owner);
}

Status Directory::LinkIdentity(const User& user, const std::string& issuer,
                               const std::string& subject) {
  if (user.service) return InvalidArgument("a service has keys and does not sign in");
  if (issuer.empty() || subject.empty()) return InvalidArgument("say issuer and subject");
  return Write([&](store::Database& database) -> Status {
    PARVIS_ASSIGN_OR_RETURN(const std::string owner,
                            OwnerOf(database, user.organisation, issuer, subject));
    if (owner == user.id) return {};
    if (!owner.empty()) return InvalidArgument(fmt::format("that is {} already", owner));
    return Insert(database, user, issuer, subject);
  });
}

Status Directory::UnlinkIdentities(const User& user) {
  return Write([&](store::Database& database) -> Status {
    PARVIS_RETURN_IF_ERROR(EndSessionsIn(database, user.organisation, user.id));
    PARVIS_ASSIGN_OR_RETURN(
        auto remove,
        database.Prepare("DELETE FROM user_identities WHERE organisation = ?1 AND owner = ?2"));
    return remove.Bind(1, user.organisation).Bind(2, user.id).Run();
  });
}

// Two that sign in at the same moment for the first time are one user: the second finds the first.
Result<User> Directory::AddUserOfIdentity(User user, const std::string& issuer,
                                          const std::string& subject) {
  PARVIS_RETURN_IF_ERROR(CheckName(user.name));
  PARVIS_ASSIGN_OR_RETURN(const std::string id, RandomHex(12));
  user.id = "user_" + id;
  user.created_ms = WallClockMs();
  std::string owner;
  PARVIS_RETURN_IF_ERROR(Write([&](store::Database& database) -> Status {
    PARVIS_ASSIGN_OR_RETURN(owner, OwnerOf(database, user.organisation, issuer, subject));
    if (!owner.empty()) return {};
    owner = user.id;
    bool taken = false;
    {
      PARVIS_ASSIGN_OR_RETURN(
          auto select,
          database.Prepare("SELECT 1 FROM users WHERE organisation = ?1 AND name = ?2"));
      PARVIS_ASSIGN_OR_RETURN(taken, select.Bind(1, user.organisation).Bind(2, user.name).Step());
    }
    if (taken) user.name += " " + Sha256Hex(issuer + "\n" + subject).substr(0, 12);
    PARVIS_RETURN_IF_ERROR(InsertUser(database, user));
    return Insert(database, user, issuer, subject);
  }));
  return owner == user.id ? Result<User>(std::move(user)) : FindUser(user.organisation, owner);
}

Result<bool> Directory::UseOnce(const std::string& digest, int64_t until_ms) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto transaction, store::Transaction::Begin(*database_));
  {
    PARVIS_ASSIGN_OR_RETURN(auto forget,
                            database_->Prepare("DELETE FROM used_once WHERE expires_ms < ?1"));
    PARVIS_RETURN_IF_ERROR(forget.Bind(1, WallClockMs()).Run());
    PARVIS_ASSIGN_OR_RETURN(auto select,
                            database_->Prepare("SELECT 1 FROM used_once WHERE digest = ?1"));
    PARVIS_ASSIGN_OR_RETURN(const bool used, select.Bind(1, digest).Step());
    if (used) return false;
  }
  PARVIS_ASSIGN_OR_RETURN(
      auto insert, database_->Prepare("INSERT INTO used_once(digest, expires_ms) VALUES(?1, ?2)"));
  PARVIS_RETURN_IF_ERROR(insert.Bind(1, digest).Bind(2, until_ms).Run());
  PARVIS_RETURN_IF_ERROR(transaction.Commit());
  return true;
}

}  // namespace parvis::governance
