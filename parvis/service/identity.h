#ifndef PARVIS_SERVICE_IDENTITY_H_
#define PARVIS_SERVICE_IDENTITY_H_

#include <string>
#include <string_view>

#include "parvis/service/caller.h"
#include "parvis/service/refusal.h"

namespace parvis::service {

// The first station: who holds a credential.
class Identity {
 public:
  virtual ~Identity() = default;
  // `credential`: as the caller sent it; empty: none was sent. Same answer and about the same time
  // for a wrong one and for none. Safe to call from several threads; must not block.
  virtual OrRefusal<Caller> Identify(std::string_view credential) const = 0;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_IDENTITY_H_
