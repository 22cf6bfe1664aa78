#include "parvis/governance/permission.h"

#include <iterator>

#include "fmt/format.h"
#include "fmt/ranges.h"

namespace parvis::governance {
namespace {

constexpr std::string_view kNames[] = {"see_models",      "use_models",          "see_metrics",
                                       "manage",          "see_usage",           "see_identity",
                                       "manage_identity", "manage_organisations"};
static_assert(std::size(kNames) == kNumPermissions);

constexpr Permissions kGuest =
    Permissions().With(Permission::kSeeModels).With(Permission::kUseModels);
constexpr Permissions kAuditor = Permissions()
                                     .With(Permission::kSeeModels)
                                     .With(Permission::kSeeMetrics)
                                     .With(Permission::kSeeUsage)
                                     .With(Permission::kSeeIdentity);
constexpr Permissions kSteward = kGuest.With(Permission::kSeeUsage)
                                     .With(Permission::kSeeIdentity)
                                     .With(Permission::kManageIdentity);
constexpr Permissions kOfTheService = Permissions()
                                          .With(Permission::kSeeMetrics)
                                          .With(Permission::kManage)
                                          .With(Permission::kManageOrganisations);

struct RoleRow {
  Role role;
  std::string_view name;
  Permissions permissions;
};
constexpr RoleRow kRoles[] = {
    {Role::kOperator, "operator", Permissions::All()},
    {Role::kSteward, "steward", kSteward},
    {Role::kAuditor, "auditor", kAuditor},  // sees, and computes nothing
    {Role::kMaker, "maker", kGuest.With(Permission::kManage)},
    {Role::kMember, "member", kGuest},
    {Role::kGuest, "guest", kGuest},
};

}  // namespace

std::string_view PermissionName(Permission permission) {
  return kNames[static_cast<int>(permission)];
}

std::vector<std::string> Permissions::Names() const {
  std::vector<std::string> names;
  for (int i = 0; i < kNumPermissions; ++i) {
    if (Has(static_cast<Permission>(i))) names.emplace_back(kNames[i]);
  }
  return names;
}

Result<Permissions> Permissions::Named(const std::vector<std::string>& names) {
  Permissions permissions;
  for (const std::string& name : names) {
    int i = 0;
    while (i < kNumPermissions && kNames[i] != name) ++i;
    if (i == kNumPermissions) {
      return InvalidArgument(
          fmt::format("'{}' is no permission; there are {}", name, fmt::join(kNames, ", ")));
    }
    permissions = permissions.With(static_cast<Permission>(i));
  }
  return permissions;
}

std::string_view RoleName(Role role) { return kRoles[static_cast<int>(role)].name; }

std::vector<std::string> RoleNames() {
  std::vector<std::string> names;
  for (const RoleRow& row : kRoles) names.emplace_back(row.name);
  return names;
}

Result<Role> RoleNamed(std::string_view name) {
  for (const RoleRow& row : kRoles) {
    if (row.name == name) return row.role;
  }
  return InvalidArgument(
      fmt::format("'{}' is no role; there are {}", name, fmt::join(RoleNames(), ", ")));
}

Permissions PermissionsOf(Role role, bool host) {
  const Permissions all = kRoles[static_cast<int>(role)].permissions;
  return host ? all : all.Without(kOfTheService);
}

}  // namespace parvis::governance
