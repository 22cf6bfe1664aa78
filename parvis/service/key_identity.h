#ifndef PARVIS_SERVICE_KEY_IDENTITY_H_
#define PARVIS_SERVICE_KEY_IDENTITY_H_

#include "parvis/governance/key_ring.h"
#include "parvis/service/guess_limiter.h"
#include "parvis/service/identity.h"

namespace parvis::service {

struct KeyIdentitySettings {
  int64_t wrong_keys_per_minute = 60;  // from one address; 0: no limit
  // Lets anyone in who sends no known key, as a guest who may use models and nothing else. Only for
  // loopback, and only if the operator asked for it.
  bool anyone = false;
};

// Identity by API keys and sessions, as governance knows them.
class KeyIdentity : public Identity {
 public:
  KeyIdentity(governance::KeyRing& keys, const KeyIdentitySettings& settings)
      : keys_(keys), settings_(settings), guesses_(settings.wrong_keys_per_minute) {}

  OrRefusal<Caller> Identify(std::string_view credential, std::string_view peer) override;
  OrRefusal<Caller> Again(const Caller& caller) override;

 private:
  governance::KeyRing& keys_;
  const KeyIdentitySettings settings_;
  GuessLimiter guesses_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_KEY_IDENTITY_H_
