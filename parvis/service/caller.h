#ifndef PARVIS_SERVICE_CALLER_H_
#define PARVIS_SERVICE_CALLER_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace parvis::service {

// What a caller may do. Every route names one; a route without one does not exist.
enum class Permission : uint8_t {
  kSeeModels,   // which models there are
  kUseModels,   // have them compute
  kSeeMetrics,  // counts and times of the whole service
  kManage,      // load and unload models, see what others run
};
std::string_view PermissionName(Permission permission);  // "use_models"

class Permissions {
 public:
  constexpr Permissions() = default;
  static constexpr Permissions All() { return Permissions(~uint32_t{0}); }
  constexpr Permissions With(Permission permission) const {
    return Permissions(bits_ | uint32_t{1} << static_cast<int>(permission));
  }
  constexpr uint32_t bits() const { return bits_; }  // for what is kept
  static constexpr Permissions FromBits(uint32_t bits) { return Permissions(bits); }
  constexpr bool Has(Permission permission) const {
    return ((bits_ >> static_cast<int>(permission)) & 1) != 0;
  }

 private:
  constexpr explicit Permissions(uint32_t bits) : bits_(bits) {}
  uint32_t bits_ = 0;
};

// Who asks, as identity found out. Everything that is kept names organisation and owner.
struct Caller {
  std::string organisation;
  std::string owner;  // a person or a service of that organisation
  std::string key;    // id of the credential, never the credential
  Permissions permissions;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_CALLER_H_
