#ifndef PARVIS_SERVICE_CALLER_H_
#define PARVIS_SERVICE_CALLER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "parvis/core/priority.h"
#include "parvis/governance/feature.h"
#include "parvis/governance/permission.h"

namespace parvis::service {

using governance::Feature;
using governance::Features;
using governance::Permission;
using governance::PermissionName;
using governance::Permissions;

// Caller::key of who has none (`parvis serve --no-key`).
inline constexpr const char* kNoKey = "none";

// Who asks, as identity found out. Everything that is kept names organisation and owner.
struct Caller {
  std::string organisation;
  std::string owner;  // a person or a service of that organisation
  std::string key;    // id of the credential (a key or a session), never the credential
  Permissions permissions;
  std::string group = {};  // of the owner; empty: none
  std::string plan = {};   // by which they pay; empty: none
  // That the key may name, and that the plan has; none: all.
  std::vector<std::string> models = {}, plan_models = {};
  bool session = false;                 // signed in at a browser, rather than by a key
  int priority = kUsualPriority;        // the plan's, or that of a batch
  Features features = Features::All();  // that the plan has
  int64_t context_length = 0;           // that the plan gives; 0: the model's
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_CALLER_H_
