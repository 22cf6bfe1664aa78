// How people sign in and where they did.

#include <utility>

#include "fmt/format.h"
#include "parvis/core/clock.h"
#include "parvis/governance/directory.h"

namespace parvis::governance {
namespace {

#define PARVIS_SESSION_COLUMNS                                                         \
  "SELECT id, organisation, owner, method, created_ms, used_ms, expires_ms, ended_ms " \
  "FROM sessions "

constexpr int64_t kRememberMs = int64_t{30} * 86'400'000;  // sessions that are over

Session SessionOf(const store::Statement& row) {
  return {row.Text(0), row.Text(1), row.Text(2), row.Text(3),
          row.Int(4),  row.Int(5),  row.Int(6),  row.IntOrNull(7)};
}

// Whether somebody may sign in, at the moment of the transaction that lets them.
Status CheckMayEnter(store::Database& database, const User& user) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database.Prepare("SELECT 1 FROM users u JOIN organisations o ON o.id = u.organisation "
                       "WHERE u.id = ?1 AND u.organisation = ?2 AND u.kind = 'person' AND "
                       "u.disabled = 0 AND o.disabled = 0"));
  PARVIS_ASSIGN_OR_RETURN(const bool found,
                          select.Bind(1, user.id).Bind(2, user.organisation).Step());
  if (!found) return {StatusCode::kPermissionDenied, "this user may not sign in"};
  return {};
}

}  // namespace

Status Directory::EndSessionsIn(store::Database& database, const std::string& organisation,
                                const std::string& owner) {
  PARVIS_ASSIGN_OR_RETURN(
      auto update, database.Prepare("UPDATE sessions SET ended_ms = ?3 WHERE organisation = ?1 AND "
                                    "(?2 = '' OR owner = ?2) AND ended_ms IS NULL"));
  return update.Bind(1, organisation).Bind(2, owner).Bind(3, WallClockMs()).Run();
}

Status Directory::SetPasswordHash(const User& user, const std::string& hash) {
  if (user.service) return InvalidArgument("a service has keys and no password");
  return Write([&](store::Database& database) -> Status {
    {
      PARVIS_ASSIGN_OR_RETURN(
          auto select, database.Prepare("SELECT 1 FROM users WHERE id = ?1 AND organisation = ?2"));
      PARVIS_ASSIGN_OR_RETURN(const bool found,
                              select.Bind(1, user.id).Bind(2, user.organisation).Step());
      if (!found) return NotFound(fmt::format("there is no user '{}'", user.id));
    }
    PARVIS_RETURN_IF_ERROR(EndSessionsIn(database, user.organisation, user.id));
    PARVIS_ASSIGN_OR_RETURN(auto remove,
                            database.Prepare("DELETE FROM user_passwords WHERE owner = ?1"));
    PARVIS_RETURN_IF_ERROR(remove.Bind(1, user.id).Run());
    if (hash.empty()) return {};
    PARVIS_ASSIGN_OR_RETURN(
        auto insert, database.Prepare("INSERT INTO user_passwords(owner, pepper, hash, changed_ms) "
                                      "VALUES(?1, ?2, ?3, ?4)"));
    return insert.Bind(1, user.id).Bind(2, pepper_.id()).Bind(3, hash).Bind(4, WallClockMs()).Run();
  });
}

Status Directory::ReplacePasswordHash(const User& user, const std::string& from,
                                      const std::string& to) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto update, database_->Prepare("UPDATE user_passwords SET hash = ?3 "
                                                          "WHERE owner = ?1 AND hash = ?2"));
  return update.Bind(1, user.id).Bind(2, from).Bind(3, to).Run();
}

Result<std::string> Directory::PasswordHashOf(const User& user) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database_->Prepare("SELECT hash FROM user_passwords WHERE owner = ?1 AND pepper = ?2"));
  PARVIS_ASSIGN_OR_RETURN(const bool found, select.Bind(1, user.id).Bind(2, pepper_.id()).Step());
  return found ? select.Text(0) : std::string();
}

Result<NewSession> Directory::AddSession(const User& user, const std::string& method,
                                         int64_t life_ms) {
  PARVIS_ASSIGN_OR_RETURN(const std::string id, RandomHex(12));
  const int64_t now = WallClockMs();
  NewSession made{{"sess_" + id, user.organisation, user.id, method, now, now, now + life_ms, {}},
                  {}};
  PARVIS_ASSIGN_OR_RETURN(made.secret, NewSessionText());
  const Sha256Digest digest = pepper_.DigestOf(made.secret);
  PARVIS_RETURN_IF_ERROR(Write([&](store::Database& database) -> Status {
    PARVIS_RETURN_IF_ERROR(CheckMayEnter(database, user));
    PARVIS_ASSIGN_OR_RETURN(auto forget,
                            database.Prepare("DELETE FROM sessions WHERE expires_ms < ?1"));
    PARVIS_RETURN_IF_ERROR(forget.Bind(1, now - kRememberMs).Run());
    PARVIS_ASSIGN_OR_RETURN(
        auto end,
        database.Prepare("UPDATE sessions SET ended_ms = ?3 WHERE organisation = ?1 AND "
                         "owner = ?2 AND ended_ms IS NULL AND id NOT IN (SELECT id FROM sessions "
                         "WHERE organisation = ?1 AND owner = ?2 AND ended_ms IS NULL "
                         "ORDER BY created_ms DESC, id LIMIT ?4)"));
    end.Bind(1, user.organisation).Bind(2, user.id).Bind(3, now);
    PARVIS_RETURN_IF_ERROR(end.Bind(4, int64_t{kMaxSessions - 1}).Run());
    PARVIS_ASSIGN_OR_RETURN(
        auto insert,
        database.Prepare("INSERT INTO sessions(id, organisation, owner, method, digest, pepper, "
                         "created_ms, used_ms, expires_ms) "
                         "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
    return insert.Bind(1, made.session.id)
        .Bind(2, user.organisation)
        .Bind(3, user.id)
        .Bind(4, method)
        .BindBytes(5, {reinterpret_cast<const char*>(digest.data()), digest.size()})
        .Bind(6, pepper_.id())
        .Bind(7, now)
        .Bind(8, now)
        .Bind(9, made.session.expires_ms)
        .Run();
  }));
  return made;
}

Result<std::vector<Session>> Directory::Sessions(const std::string& organisation) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database_->Prepare(PARVIS_SESSION_COLUMNS "WHERE organisation = ?1 AND ended_ms IS NULL "
                                                "AND expires_ms > ?2 ORDER BY created_ms, id"));
  select.Bind(1, organisation).Bind(2, WallClockMs());
  std::vector<Session> all;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return all;
    all.push_back(SessionOf(select));
  }
}

Status Directory::EndSession(const std::string& organisation, const std::string& id) {
  return Write([&](store::Database& database) -> Status {
    {
      PARVIS_ASSIGN_OR_RETURN(
          auto select,
          database.Prepare("SELECT 1 FROM sessions WHERE organisation = ?1 AND id = ?2"));
      PARVIS_ASSIGN_OR_RETURN(const bool found, select.Bind(1, organisation).Bind(2, id).Step());
      if (!found) return NotFound(fmt::format("there is no session '{}'", id.substr(0, 80)));
    }
    PARVIS_ASSIGN_OR_RETURN(auto update, database.Prepare("UPDATE sessions SET ended_ms = ?2 "
                                                          "WHERE id = ?1 AND ended_ms IS NULL"));
    return update.Bind(1, id).Bind(2, WallClockMs()).Run();
  });
}

Status Directory::EndSessionsOf(const User& user) {
  return Write([&](store::Database& database) {
    return EndSessionsIn(database, user.organisation, user.id);
  });
}

}  // namespace parvis::governance
