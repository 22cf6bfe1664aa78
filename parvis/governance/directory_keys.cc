#include <algorithm>
#include <cstring>
#include <utility>

#include "fmt/format.h"
#include "parvis/core/clock.h"
#include "parvis/governance/directory.h"
#include "parvis/governance/schema.h"

namespace parvis::governance {
namespace {

#define PARVIS_KEY_COLUMNS                                                                 \
  "SELECT id, organisation, owner, name, prefix, scopes, models, created_ms, expires_ms, " \
  "revoked_ms, last_used_ms, replaces FROM user_keys "

constexpr size_t kMaxModels = 256;

std::string_view BytesOf(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

ApiKey KeyOf(const store::Statement& row) {
  ApiKey key{row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4)};
  key.scopes = Permissions::FromBits(static_cast<uint32_t>(row.Int(5)));
  key.models = SplitLines(row.Text(6));
  key.created_ms = row.Int(7);
  key.expires_ms = row.IntOrNull(8);
  key.revoked_ms = row.IntOrNull(9);
  key.last_used_ms = row.IntOrNull(10);
  key.replaces = row.Text(11);
  return key;
}

Result<ApiKey> OneKey(store::Database& database, const std::string& organisation,
                      const std::string& id) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select, database.Prepare(PARVIS_KEY_COLUMNS "WHERE organisation = ?1 AND id = ?2"));
  PARVIS_ASSIGN_OR_RETURN(const bool found, select.Bind(1, organisation).Bind(2, id).Step());
  if (!found) return NotFound(fmt::format("there is no key '{}'", id.substr(0, 80)));
  return KeyOf(select);
}

Status Revoke(store::Database& database, const std::string& id) {
  PARVIS_ASSIGN_OR_RETURN(auto update, database.Prepare("UPDATE user_keys SET revoked_ms = ?2 "
                                                        "WHERE id = ?1 AND revoked_ms IS NULL"));
  return update.Bind(1, id).Bind(2, WallClockMs()).Run();
}

Status CheckModels(const std::vector<std::string>& models) {
  if (models.size() > kMaxModels) return InvalidArgument("too many models");
  for (const std::string& model : models) {
    if (model.empty() || model.size() > 256 || model.find('\n') != std::string::npos) {
      return InvalidArgument("a model's name has 1 to 256 bytes in one line");
    }
  }
  return {};
}

}  // namespace

std::string_view StateOf(const ApiKey& key, int64_t now_ms) {
  if (key.revoked_ms) return "revoked";
  return key.expires_ms && *key.expires_ms <= now_ms ? "expired" : "active";
}

// A file that was made by an older Parvis has SHA-256 alone.
Status Directory::AddPepper() {
  struct Old {
    std::string id;
    Sha256Digest digest;
  };
  std::vector<Old> old;
  {
    const std::lock_guard lock(mutex_);
    PARVIS_ASSIGN_OR_RETURN(
        auto select, database_->Prepare("SELECT id, digest FROM user_keys WHERE pepper = ''"));
    while (true) {
      PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      Old key{select.Text(0), {}};
      const std::string bytes = select.Text(1);
      if (bytes.size() != key.digest.size()) {
        return DataLoss("user_keys: a digest is not 32 bytes long");
      }
      std::memcpy(key.digest.data(), bytes.data(), bytes.size());
      old.push_back(std::move(key));
    }
  }
  if (old.empty()) return {};
  return Write([&](store::Database& database) -> Status {
    for (const Old& key : old) {
      PARVIS_ASSIGN_OR_RETURN(auto update,
                              database.Prepare("UPDATE user_keys SET digest = ?2, pepper = ?3 "
                                               "WHERE id = ?1 AND pepper = ''"));
      const Sha256Digest digest = pepper_.DigestOf(key.digest);
      PARVIS_RETURN_IF_ERROR(
          update.Bind(1, key.id).BindBytes(2, BytesOf(digest)).Bind(3, pepper_.id()).Run());
    }
    return {};
  });
}

Status Directory::InsertKey(store::Database& database, ApiKey& key, std::string& secret) {
  PARVIS_ASSIGN_OR_RETURN(const std::string id, RandomHex(12));
  PARVIS_ASSIGN_OR_RETURN(secret, NewApiKeyText());
  key.id = "key_" + id;
  key.prefix = VisiblePrefix(secret);
  key.created_ms = WallClockMs();
  const Sha256Digest digest = pepper_.DigestOf(secret);
  PARVIS_ASSIGN_OR_RETURN(
      auto insert,
      database.Prepare("INSERT INTO user_keys(id, organisation, owner, name, prefix, digest, "
                       "pepper, scopes, models, created_ms, expires_ms, replaces) "
                       "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"));
  return insert.Bind(1, key.id)
      .Bind(2, key.organisation)
      .Bind(3, key.owner)
      .Bind(4, key.name)
      .Bind(5, key.prefix)
      .BindBytes(6, BytesOf(digest))
      .Bind(7, pepper_.id())
      .Bind(8, int64_t{key.scopes.bits()})
      .Bind(9, JoinLines(key.models))
      .Bind(10, key.created_ms)
      .Bind(11, key.expires_ms)
      .Bind(12, key.replaces)
      .Run();
}

Result<NewKey> Directory::AddKey(ApiKey key) {
  PARVIS_RETURN_IF_ERROR(CheckName(key.name));
  PARVIS_RETURN_IF_ERROR(CheckModels(key.models));
  NewKey made{std::move(key), {}};
  PARVIS_RETURN_IF_ERROR(Write([&](store::Database& database) -> Status {
    PARVIS_ASSIGN_OR_RETURN(
        auto owner, database.Prepare("SELECT 1 FROM users WHERE id = ?1 AND organisation = ?2"));
    PARVIS_ASSIGN_OR_RETURN(const bool found,
                            owner.Bind(1, made.key.owner).Bind(2, made.key.organisation).Step());
    if (!found) return NotFound(fmt::format("there is no user '{}'", made.key.owner));
    made.key.replaces.clear();
    return InsertKey(database, made.key, made.secret);
  }));
  return made;
}

Result<std::vector<ApiKey>> Directory::Keys(const std::string& organisation) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database_->Prepare(PARVIS_KEY_COLUMNS "WHERE organisation = ?1 ORDER BY created_ms, id"));
  select.Bind(1, organisation);
  std::vector<ApiKey> all;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return all;
    all.push_back(KeyOf(select));
  }
}

Result<ApiKey> Directory::FindKey(const std::string& organisation, const std::string& id) {
  const std::lock_guard lock(mutex_);
  return OneKey(*database_, organisation, id);
}

Status Directory::RevokeKey(const std::string& organisation, const std::string& id) {
  return Write([&](store::Database& database) -> Status {
    PARVIS_RETURN_IF_ERROR(OneKey(database, organisation, id).status());
    return Revoke(database, id);
  });
}

Result<NewKey> Directory::RotateKey(const std::string& organisation, const std::string& id,
                                    int64_t overlap_ms) {
  NewKey made;
  PARVIS_RETURN_IF_ERROR(Write([&](store::Database& database) -> Status {
    PARVIS_ASSIGN_OR_RETURN(const ApiKey old, OneKey(database, organisation, id));
    const int64_t now = WallClockMs();
    if (StateOf(old, now) != "active") {
      return InvalidArgument(fmt::format("the key is {}: make a new one", StateOf(old, now)));
    }
    made.key = old;
    made.key.replaces = old.id;
    made.key.last_used_ms.reset();
    PARVIS_RETURN_IF_ERROR(InsertKey(database, made.key, made.secret));
    const int64_t ends = std::min(old.expires_ms.value_or(now + overlap_ms), now + overlap_ms);
    PARVIS_ASSIGN_OR_RETURN(auto update,
                            database.Prepare("UPDATE user_keys SET expires_ms = ?2 WHERE id = ?1"));
    PARVIS_RETURN_IF_ERROR(update.Bind(1, old.id).Bind(2, ends).Run());
    // What the old key was limited to, the new one is, too.
    PARVIS_ASSIGN_OR_RETURN(
        auto limits,
        database.Prepare("INSERT INTO limits(organisation, scope, subject, metric, value) "
                         "SELECT organisation, scope, ?2, metric, value FROM limits "
                         "WHERE scope = 'key' AND subject = ?1"));
    return limits.Bind(1, old.id).Bind(2, made.key.id).Run();
  }));
  return made;
}

Status Directory::CheckPepper() {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(
      auto select, database_->Prepare("SELECT count(*), coalesce(sum(CASE WHEN pepper = ?1 THEN 1 "
                                      "ELSE 0 END), 0) FROM user_keys"));
  PARVIS_ASSIGN_OR_RETURN(const bool row, select.Bind(1, pepper_.id()).Step());
  if (!row || select.Int(0) == 0 || select.Int(1) > 0) return {};
  return InvalidArgument(
      "the keys of this database were made with another pepper; copy the file from the server that "
      "made them");
}

Result<std::optional<std::string>> Directory::EnsureOperatorKey() {
  std::optional<std::string> secret;
  PARVIS_RETURN_IF_ERROR(Write([&](store::Database& database) -> Status {
    PARVIS_ASSIGN_OR_RETURN(
        auto select,
        database.Prepare("SELECT 1 FROM user_keys WHERE organisation = ?1 AND owner = ?2 AND "
                         "pepper = ?3 AND revoked_ms IS NULL AND "
                         "(expires_ms IS NULL OR expires_ms > ?4)"));
    select.Bind(1, kHostOrganisation).Bind(2, kFirstUser).Bind(3, pepper_.id());
    PARVIS_ASSIGN_OR_RETURN(const bool found, select.Bind(4, WallClockMs()).Step());
    if (found) return {};
    ApiKey key{.organisation = kHostOrganisation, .owner = kFirstUser, .name = "operator"};
    return InsertKey(database, key, secret.emplace());
  }));
  return secret;
}

Result<std::string> Directory::ReplaceOperatorKey() {
  std::string secret;
  PARVIS_RETURN_IF_ERROR(Write([&](store::Database& database) -> Status {
    PARVIS_ASSIGN_OR_RETURN(auto revoke,
                            database.Prepare("UPDATE user_keys SET revoked_ms = ?3 WHERE "
                                             "organisation = ?1 AND owner = ?2 AND revoked_ms IS "
                                             "NULL"));
    PARVIS_RETURN_IF_ERROR(
        revoke.Bind(1, kHostOrganisation).Bind(2, kFirstUser).Bind(3, WallClockMs()).Run());
    ApiKey key{.organisation = kHostOrganisation, .owner = kFirstUser, .name = "operator"};
    return InsertKey(database, key, secret);
  }));
  return secret;
}

}  // namespace parvis::governance
