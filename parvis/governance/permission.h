#ifndef PARVIS_GOVERNANCE_PERMISSION_H_
#define PARVIS_GOVERNANCE_PERMISSION_H_

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"

namespace parvis::governance {

// What somebody may do. Every route names one; a route without one does not exist. Their numbers
// are kept in databases: new ones go to the end.
enum class Permission : uint8_t {
  kSeeModels,            // which models there are
  kUseModels,            // have them compute
  kSeeMetrics,           // counts and times of the whole service
  kManage,               // load and unload models, see what others run
  kSeeUsage,             // what everybody in the organisation used
  kSeeIdentity,          // users, groups and keys of the organisation, never a key's text
  kManageIdentity,       // make, change and end them
  kManageOrganisations,  // all organisations, plans and prices
};
inline constexpr int kNumPermissions = 8;
std::string_view PermissionName(Permission permission);  // "use_models"

class Permissions {
 public:
  constexpr Permissions() = default;
  static constexpr Permissions All() { return Permissions((uint32_t{1} << kNumPermissions) - 1); }
  static constexpr Permissions FromBits(uint32_t bits) { return Permissions(bits & All().bits_); }
  constexpr Permissions With(Permission permission) const {
    return Permissions(bits_ | uint32_t{1} << static_cast<int>(permission));
  }
  constexpr Permissions And(Permissions other) const { return Permissions(bits_ & other.bits_); }
  constexpr Permissions Or(Permissions other) const { return Permissions(bits_ | other.bits_); }
  constexpr Permissions Without(Permissions other) const {
    return Permissions(bits_ & ~other.bits_);
  }
  constexpr bool Has(Permission permission) const {
    return ((bits_ >> static_cast<int>(permission)) & 1) != 0;
  }
  constexpr bool HasAll(Permissions others) const { return (others.bits_ & ~bits_) == 0; }
  constexpr uint32_t bits() const { return bits_; }  // for what is kept
  constexpr bool operator==(const Permissions&) const = default;

  std::vector<std::string> Names() const;  // in the order above
  // Refuses a name that is none.
  static Result<Permissions> Named(const std::vector<std::string>& names);

 private:
  constexpr explicit Permissions(uint32_t bits) : bits_(bits) {}
  uint32_t bits_ = 0;
};

// What a person or a service is in its organisation. What each may is in permission.cc.
enum class Role : uint8_t { kOperator, kSteward, kAuditor, kMaker, kMember, kGuest };
std::string_view RoleName(Role role);  // "steward"
Result<Role> RoleNamed(std::string_view name);
std::vector<std::string> RoleNames();

// What a role may. Permissions that concern the whole service (metrics, models in memory, other
// organisations) count in the host's own organisation only: being an operator of a guest's
// organisation gives nothing over others.
Permissions PermissionsOf(Role role, bool host);

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_PERMISSION_H_
