// Organisations, groups and users; keys stand in directory_keys.cc, plans in directory_plans.cc.

#include "parvis/governance/directory.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "parvis/core/clock.h"
#include "parvis/governance/schema.h"

namespace parvis::governance {
namespace {

#define PARVIS_ORGANISATION_COLUMNS \
  "SELECT id, name, plan, denied, disabled, created_ms FROM organisations "
#define PARVIS_GROUP_COLUMNS \
  "SELECT id, organisation, name, plan, denied, created_ms FROM user_groups "
#define PARVIS_USER_COLUMNS                                                                    \
  "SELECT id, organisation, user_group, name, kind, role, plan, denied, disabled, created_ms " \
  "FROM users "

Permissions BitsOf(const store::Statement& row, int column) {
  return Permissions::FromBits(static_cast<uint32_t>(row.Int(column)));
}

Organisation OrganisationOf(const store::Statement& row) {
  return {row.Text(0), row.Text(1), row.Text(2), BitsOf(row, 3), row.Int(4) != 0, row.Int(5)};
}

Group GroupOf(const store::Statement& row) {
  return {row.Text(0), row.Text(1), row.Text(2), row.Text(3), BitsOf(row, 4), row.Int(5)};
}

Result<User> UserOf(const store::Statement& row) {
  PARVIS_ASSIGN_OR_RETURN(const Role role, RoleNamed(row.Text(5)));
  return User{row.Text(0), row.Text(1), row.Text(2),    row.Text(3),     row.Text(4) == "service",
              role,        row.Text(6), BitsOf(row, 7), row.Int(8) != 0, row.Int(9)};
}

Status Exists(const char* what, const std::string& name) {
  return InvalidArgument(fmt::format("the {} '{}' exists already", what, name));
}

Status None(const char* what, const std::string& who) {
  return NotFound(fmt::format("there is no {} '{}'", what, who.substr(0, 80)));
}

Result<Organisation> OneOrganisation(store::Database& database, const std::string& who) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select, database.Prepare(PARVIS_ORGANISATION_COLUMNS "WHERE id = ?1 OR name = ?1"));
  PARVIS_ASSIGN_OR_RETURN(const bool found, select.Bind(1, who).Step());
  if (!found) return None("organisation", who);
  return OrganisationOf(select);
}

Result<Group> OneGroup(store::Database& database, const std::string& organisation,
                       const std::string& who) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database.Prepare(PARVIS_GROUP_COLUMNS "WHERE organisation = ?1 AND (id = ?2 OR name = ?2)"));
  PARVIS_ASSIGN_OR_RETURN(const bool found, select.Bind(1, organisation).Bind(2, who).Step());
  if (!found) return None("group", who);
  return GroupOf(select);
}

Result<User> OneUser(store::Database& database, const std::string& organisation,
                     const std::string& who) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database.Prepare(PARVIS_USER_COLUMNS "WHERE organisation = ?1 AND (id = ?2 OR name = ?2)"));
  PARVIS_ASSIGN_OR_RETURN(const bool found, select.Bind(1, organisation).Bind(2, who).Step());
  if (!found) return None("user", who);
  return UserOf(select);
}

// A name that another row has; the row itself may keep its own.
template <typename T>
Status CheckFree(const char* what, const Result<T>& named, const std::string& name,
                 const std::string& own_id) {
  if (named.ok()) return named->id == own_id ? Status() : Exists(what, name);
  return named.status().code() == StatusCode::kNotFound ? Status() : named.status();
}

Status BindUser(store::Statement& statement, const User& user) {
  statement.Bind(1, user.id).Bind(2, user.organisation);
  if (user.group.empty()) {
    statement.BindNull(3);
  } else {
    statement.Bind(3, user.group);
  }
  return statement.Bind(4, user.name)
      .Bind(5, user.service ? "service" : "person")
      .Bind(6, RoleName(user.role))
      .Bind(7, user.plan)
      .Bind(8, int64_t{user.denied.bits()})
      .Bind(9, int64_t{user.disabled})
      .Bind(10, user.created_ms)
      .Run();
}

}  // namespace

std::string JoinLines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

std::vector<std::string> SplitLines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

Status CheckName(const std::string& name) {
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (name.empty() || name.size() > 64 || std::any_of(name.begin(), name.end(), control)) {
    return InvalidArgument("a name has 1 to 64 bytes and no control characters");
  }
  for (const std::string_view taken : {"org_", "group_", "user_", "key_", "-"}) {
    if (name.starts_with(taken)) {
      return InvalidArgument(fmt::format("a name does not begin with '{}'", taken));
    }
  }
  return {};
}

Result<std::unique_ptr<Directory>> Directory::Open(const std::string& path, Pepper pepper) {
  PARVIS_ASSIGN_OR_RETURN(auto database, store::Database::Open(path));
  auto directory =
      std::unique_ptr<Directory>(new Directory(std::move(database), std::move(pepper)));
  PARVIS_RETURN_IF_ERROR(directory->AddPepper().In(path));
  return directory;
}

Status Directory::Write(const Work& work) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto transaction, store::Transaction::Begin(*database_));
  PARVIS_RETURN_IF_ERROR(work(*database_));
  PARVIS_RETURN_IF_ERROR(
      database_->Run("UPDATE changes SET count = count + 1 WHERE what = 'identity'"));
  return transaction.Commit();
}

Result<Organisation> Directory::AddOrganisation(const std::string& name, const std::string& plan) {
  PARVIS_RETURN_IF_ERROR(CheckName(name));
  PARVIS_ASSIGN_OR_RETURN(const std::string id, RandomHex(12));
  Organisation organisation{"org_" + id, name, plan, {}, false, WallClockMs()};
  PARVIS_RETURN_IF_ERROR(Write([&](store::Database& database) -> Status {
    PARVIS_RETURN_IF_ERROR(CheckFree("organisation", OneOrganisation(database, name), name, ""));
    PARVIS_RETURN_IF_ERROR(CheckPlan(database, plan));
    PARVIS_ASSIGN_OR_RETURN(
        auto insert, database.Prepare("INSERT INTO organisations(id, name, plan, denied, disabled, "
                                      "created_ms) VALUES(?1, ?2, ?3, 0, 0, ?4)"));
    return insert.Bind(1, organisation.id)
        .Bind(2, name)
        .Bind(3, plan)
        .Bind(4, organisation.created_ms)
        .Run();
  }));
  return organisation;
}

Result<std::vector<Organisation>> Directory::Organisations() {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto select,
                          database_->Prepare(PARVIS_ORGANISATION_COLUMNS "ORDER BY name"));
  std::vector<Organisation> all;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return all;
    all.push_back(OrganisationOf(select));
  }
}

Result<Organisation> Directory::FindOrganisation(const std::string& who) {
  const std::lock_guard lock(mutex_);
  return OneOrganisation(*database_, who);
}

Status Directory::Change(const Organisation& organisation) {
  PARVIS_RETURN_IF_ERROR(CheckName(organisation.name));
  if (organisation.id == kHostOrganisation && organisation.disabled) {
    return InvalidArgument("the host's own organisation cannot be disabled");
  }
  return Write([&](store::Database& database) -> Status {
    PARVIS_RETURN_IF_ERROR(OneOrganisation(database, organisation.id).status());
    PARVIS_RETURN_IF_ERROR(CheckFree("organisation", OneOrganisation(database, organisation.name),
                                     organisation.name, organisation.id));
    PARVIS_RETURN_IF_ERROR(CheckPlan(database, organisation.plan));
    if (organisation.disabled) {
      PARVIS_RETURN_IF_ERROR(EndSessionsIn(database, organisation.id, ""));
    }
    PARVIS_ASSIGN_OR_RETURN(
        auto update, database.Prepare("UPDATE organisations SET name = ?2, plan = ?3, denied = ?4, "
                                      "disabled = ?5 WHERE id = ?1"));
    return update.Bind(1, organisation.id)
        .Bind(2, organisation.name)
        .Bind(3, organisation.plan)
        .Bind(4, int64_t{organisation.denied.bits()})
        .Bind(5, int64_t{organisation.disabled})
        .Run();
  });
}

Result<Group> Directory::AddGroup(const std::string& organisation, const std::string& name,
                                  const std::string& plan) {
  PARVIS_RETURN_IF_ERROR(CheckName(name));
  PARVIS_ASSIGN_OR_RETURN(const std::string id, RandomHex(12));
  Group group{"group_" + id, organisation, name, plan, {}, WallClockMs()};
  PARVIS_RETURN_IF_ERROR(Write([&](store::Database& database) -> Status {
    PARVIS_RETURN_IF_ERROR(OneOrganisation(database, organisation).status());
    PARVIS_RETURN_IF_ERROR(CheckFree("group", OneGroup(database, organisation, name), name, ""));
    PARVIS_RETURN_IF_ERROR(CheckPlan(database, plan));
    PARVIS_ASSIGN_OR_RETURN(
        auto insert,
        database.Prepare("INSERT INTO user_groups(id, organisation, name, plan, denied, "
                         "created_ms) VALUES(?1, ?2, ?3, ?4, 0, ?5)"));
    return insert.Bind(1, group.id)
        .Bind(2, organisation)
        .Bind(3, name)
        .Bind(4, plan)
        .Bind(5, group.created_ms)
        .Run();
  }));
  return group;
}

Result<std::vector<Group>> Directory::Groups(const std::string& organisation) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto select, database_->Prepare(PARVIS_GROUP_COLUMNS
                                                          "WHERE organisation = ?1 ORDER BY name"));
  select.Bind(1, organisation);
  std::vector<Group> all;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return all;
    all.push_back(GroupOf(select));
  }
}

Result<Group> Directory::FindGroup(const std::string& organisation, const std::string& who) {
  const std::lock_guard lock(mutex_);
  return OneGroup(*database_, organisation, who);
}

Status Directory::Change(const Group& group) {
  PARVIS_RETURN_IF_ERROR(CheckName(group.name));
  return Write([&](store::Database& database) -> Status {
    PARVIS_RETURN_IF_ERROR(OneGroup(database, group.organisation, group.id).status());
    PARVIS_RETURN_IF_ERROR(CheckFree("group", OneGroup(database, group.organisation, group.name),
                                     group.name, group.id));
    PARVIS_RETURN_IF_ERROR(CheckPlan(database, group.plan));
    PARVIS_ASSIGN_OR_RETURN(
        auto update, database.Prepare("UPDATE user_groups SET name = ?3, plan = ?4, denied = ?5 "
                                      "WHERE id = ?1 AND organisation = ?2"));
    return update.Bind(1, group.id)
        .Bind(2, group.organisation)
        .Bind(3, group.name)
        .Bind(4, group.plan)
        .Bind(5, int64_t{group.denied.bits()})
        .Run();
  });
}

Status Directory::RemoveGroup(const std::string& organisation, const std::string& id) {
  return Write([&](store::Database& database) -> Status {
    PARVIS_RETURN_IF_ERROR(OneGroup(database, organisation, id).status());
    {
      PARVIS_ASSIGN_OR_RETURN(auto users,
                              database.Prepare("SELECT 1 FROM users WHERE user_group = ?1"));
      PARVIS_ASSIGN_OR_RETURN(const bool any, users.Bind(1, id).Step());
      if (any) return InvalidArgument("the group has users");
    }
    PARVIS_ASSIGN_OR_RETURN(
        auto limits, database.Prepare("DELETE FROM limits WHERE scope = 'group' AND subject = ?1"));
    PARVIS_RETURN_IF_ERROR(limits.Bind(1, id).Run());
    PARVIS_ASSIGN_OR_RETURN(
        auto remove,
        database.Prepare("DELETE FROM user_groups WHERE id = ?1 AND organisation = ?2"));
    return remove.Bind(1, id).Bind(2, organisation).Run();
  });
}

Status Directory::InsertUser(store::Database& database, const User& user) {
  PARVIS_RETURN_IF_ERROR(OneOrganisation(database, user.organisation).status());
  PARVIS_RETURN_IF_ERROR(
      CheckFree("user", OneUser(database, user.organisation, user.name), user.name, ""));
  if (!user.group.empty()) {
    PARVIS_RETURN_IF_ERROR(OneGroup(database, user.organisation, user.group).status());
  }
  PARVIS_RETURN_IF_ERROR(CheckPlan(database, user.plan));
  PARVIS_ASSIGN_OR_RETURN(
      auto insert,
      database.Prepare("INSERT INTO users(id, organisation, user_group, name, kind, role, plan, "
                       "denied, disabled, created_ms) "
                       "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"));
  return BindUser(insert, user);
}

Result<User> Directory::AddUser(User user) {
  PARVIS_RETURN_IF_ERROR(CheckName(user.name));
  PARVIS_ASSIGN_OR_RETURN(const std::string id, RandomHex(12));
  user.id = "user_" + id;
  user.created_ms = WallClockMs();
  PARVIS_RETURN_IF_ERROR(
      Write([&](store::Database& database) { return InsertUser(database, user); }));
  return user;
}

Result<std::vector<User>> Directory::Users(const std::string& organisation) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(
      auto select, database_->Prepare(PARVIS_USER_COLUMNS "WHERE organisation = ?1 ORDER BY name"));
  select.Bind(1, organisation);
  std::vector<User> all;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return all;
    PARVIS_ASSIGN_OR_RETURN(User user, UserOf(select));
    all.push_back(std::move(user));
  }
}

Result<User> Directory::FindUser(const std::string& organisation, const std::string& who) {
  const std::lock_guard lock(mutex_);
  return OneUser(*database_, organisation, who);
}

Status Directory::Change(const User& user) {
  PARVIS_RETURN_IF_ERROR(CheckName(user.name));
  if (user.id == kFirstUser && (user.disabled || user.role != Role::kOperator)) {
    return InvalidArgument("the first operator stays what they are");
  }
  return Write([&](store::Database& database) -> Status {
    PARVIS_ASSIGN_OR_RETURN(const User before, OneUser(database, user.organisation, user.id));
    PARVIS_RETURN_IF_ERROR(
        CheckFree("user", OneUser(database, user.organisation, user.name), user.name, user.id));
    if (!user.group.empty()) {
      PARVIS_RETURN_IF_ERROR(OneGroup(database, user.organisation, user.group).status());
    }
    PARVIS_RETURN_IF_ERROR(CheckPlan(database, user.plan));
    if (user.disabled || !before.denied.HasAll(user.denied)) {
      PARVIS_RETURN_IF_ERROR(EndSessionsIn(database, user.organisation, user.id));
    }
    PARVIS_ASSIGN_OR_RETURN(
        auto update,
        database.Prepare("UPDATE users SET user_group = ?3, name = ?4, kind = ?5, role = ?6, "
                         "plan = ?7, denied = ?8, disabled = ?9, created_ms = ?10 "
                         "WHERE id = ?1 AND organisation = ?2"));
    return BindUser(update, user);
  });
}

}  // namespace parvis::governance
