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
  // `credential`: as the caller sent it; empty: none was sent. `peer`: the address that it came
  // from. Same answer and about the same time for a wrong one and for none. Safe to call from
  // several threads; must not block.
  virtual OrRefusal<Caller> Identify(std::string_view credential, std::string_view peer) = 0;
  // The caller as they are now: what was recorded of one may have ended since. For work that goes
  // on without them.
  virtual OrRefusal<Caller> Again(const Caller& caller) = 0;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_IDENTITY_H_
