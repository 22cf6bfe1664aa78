#ifndef PARVIS_GOVERNANCE_SCHEMA_H_
#define PARVIS_GOVERNANCE_SCHEMA_H_

#include "parvis/store/sql.h"

// The tables of this floor, as steps for Database::Migrate. Whoever opens a whole database
// (service/records.cc) puts them in order with those of the other floors.
namespace parvis::governance {

// The organisation and the user that the first key belongs to; they cannot be disabled.
inline constexpr const char kHostOrganisation[] = "local";
inline constexpr const char kFirstUser[] = "operator";

// Who there is, and which keys they hold. `changes` counts: whoever keeps a copy in memory sees
// there that it is old. Lists of models are lines of text; none: all.
inline constexpr store::Sql kIdentityTables = R"(
CREATE TABLE plans(
  name           TEXT PRIMARY KEY,
  currency       TEXT NOT NULL,
  models         TEXT NOT NULL,
  context_length INTEGER NOT NULL,
  created_ms     INTEGER NOT NULL
) STRICT;
CREATE TABLE prices(
  plan          TEXT NOT NULL REFERENCES plans(name),
  model         TEXT NOT NULL,
  input_micros  INTEGER NOT NULL,
  cached_micros INTEGER NOT NULL,
  output_micros INTEGER NOT NULL,
  PRIMARY KEY(plan, model)
) STRICT;
CREATE TABLE organisations(
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  plan       TEXT NOT NULL,
  denied     INTEGER NOT NULL,
  disabled   INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE user_groups(
  id           TEXT PRIMARY KEY,
  organisation TEXT NOT NULL REFERENCES organisations(id),
  name         TEXT NOT NULL,
  plan         TEXT NOT NULL,
  denied       INTEGER NOT NULL,
  created_ms   INTEGER NOT NULL,
  UNIQUE(organisation, name)
) STRICT;
CREATE TABLE users(
  id           TEXT PRIMARY KEY,
  organisation TEXT NOT NULL REFERENCES organisations(id),
  user_group   TEXT REFERENCES user_groups(id),
  name         TEXT NOT NULL,
  kind         TEXT NOT NULL,
  role         TEXT NOT NULL,
  plan         TEXT NOT NULL,
  denied       INTEGER NOT NULL,
  disabled     INTEGER NOT NULL,
  created_ms   INTEGER NOT NULL,
  UNIQUE(organisation, name)
) STRICT;
CREATE TABLE user_keys(
  id           TEXT PRIMARY KEY,
  organisation TEXT NOT NULL REFERENCES organisations(id),
  owner        TEXT NOT NULL REFERENCES users(id),
  name         TEXT NOT NULL,
  prefix       TEXT NOT NULL,
  digest       BLOB NOT NULL UNIQUE,
  pepper       TEXT NOT NULL,
  scopes       INTEGER NOT NULL,
  models       TEXT NOT NULL,
  created_ms   INTEGER NOT NULL,
  expires_ms   INTEGER,
  revoked_ms   INTEGER,
  last_used_ms INTEGER,
  replaces     TEXT
) STRICT;
CREATE INDEX user_keys_by_owner ON user_keys(organisation, owner);
CREATE TABLE limits(
  organisation TEXT NOT NULL,
  scope        TEXT NOT NULL,
  subject      TEXT NOT NULL,
  metric       TEXT NOT NULL,
  value        INTEGER NOT NULL,
  PRIMARY KEY(organisation, scope, subject, metric)
) STRICT;
CREATE TABLE changes(
  what  TEXT PRIMARY KEY,
  count INTEGER NOT NULL
) STRICT;
INSERT INTO changes VALUES('identity', 1);
INSERT INTO organisations VALUES('local', 'local', '', 0, 0, 0);
INSERT INTO users VALUES('operator', 'local', NULL, 'operator', 'person', 'operator', '', 0, 0, 0);
)";

// The one key that there was before there were users: its digest is its plain SHA-256 until the
// next Directory::Open, which knows the pepper.
inline constexpr store::Sql kMoveOperatorKey = R"(
INSERT INTO user_keys(id, organisation, owner, name, prefix, digest, pepper, scopes, models,
                      created_ms)
  SELECT id, 'local', 'operator', 'operator', 'pv-', digest, '', 4294967295, '', created_ms
  FROM api_keys;
DROP TABLE api_keys;
)";

// What else a plan says (directory.h, feature.h). Those that there were lack nothing.
inline constexpr store::Sql kPlanExtras = R"(
ALTER TABLE plans ADD COLUMN priority INTEGER NOT NULL DEFAULT 5;
ALTER TABLE plans ADD COLUMN features TEXT NOT NULL DEFAULT '*';
)";

// The servers that share a database (service/servers.h), and their books (shared_quota.h).
// `minute`, `places`: as text.
inline constexpr store::Sql kSharedQuotaTables = R"(
CREATE TABLE servers(
  id         TEXT PRIMARY KEY,
  lock       INTEGER NOT NULL UNIQUE,
  started_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE quota_accounts(
  name         TEXT PRIMARY KEY,
  minute       TEXT NOT NULL,
  first_entry  INTEGER NOT NULL,
  day          INTEGER NOT NULL,
  day_tokens   INTEGER NOT NULL,
  month        INTEGER NOT NULL,
  month_micros INTEGER NOT NULL,
  running      INTEGER NOT NULL
) STRICT;
CREATE TABLE quota_holds(
  request TEXT PRIMARY KEY,
  server  TEXT NOT NULL,
  tokens  INTEGER NOT NULL,
  micros  INTEGER NOT NULL,
  places  TEXT NOT NULL
) STRICT;
)";

// How people sign in (password.h), and where they did. `used_ms` is some seconds old.
inline constexpr store::Sql kSignInTables = R"(
CREATE TABLE user_passwords(
  owner      TEXT PRIMARY KEY REFERENCES users(id),
  pepper     TEXT NOT NULL,
  hash       TEXT NOT NULL,
  changed_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE sessions(
  id           TEXT PRIMARY KEY,
  organisation TEXT NOT NULL REFERENCES organisations(id),
  owner        TEXT NOT NULL REFERENCES users(id),
  method       TEXT NOT NULL,
  digest       BLOB NOT NULL UNIQUE,
  pepper       TEXT NOT NULL,
  created_ms   INTEGER NOT NULL,
  used_ms      INTEGER NOT NULL,
  expires_ms   INTEGER NOT NULL,
  ended_ms     INTEGER
) STRICT;
CREATE INDEX sessions_by_owner ON sessions(organisation, owner);
)";

// Who somebody is at a provider, by its issuer's subject; and what counts once, until then.
inline constexpr store::Sql kOidcTables = R"(
CREATE TABLE user_identities(
  organisation TEXT NOT NULL REFERENCES organisations(id),
  issuer       TEXT NOT NULL,
  subject      TEXT NOT NULL,
  owner        TEXT NOT NULL REFERENCES users(id),
  created_ms   INTEGER NOT NULL,
  PRIMARY KEY(organisation, issuer, subject)
) STRICT;
CREATE INDEX user_identities_by_owner ON user_identities(owner);
CREATE TABLE used_once(
  digest     TEXT PRIMARY KEY,
  expires_ms INTEGER NOT NULL
) STRICT;
)";

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_SCHEMA_H_
