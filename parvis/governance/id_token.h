#ifndef PARVIS_GOVERNANCE_ID_TOKEN_H_
#define PARVIS_GOVERNANCE_ID_TOKEN_H_

#include <cstdint>
#include <string>

#include "parvis/core/json.h"
#include "parvis/core/result.h"

namespace parvis::governance {

// For whom and when a provider's word about somebody must be.
struct IdTokenRules {
  std::string issuer;     // as configured, letter by letter
  std::string client_id;  // ours, at that issuer
  std::string nonce;      // of this one sign-in
  int64_t now_s = 0;
};

// Checks the claims of an ID token whose signature was found right (OpenID Connect Core 1.0,
// section 3.1.3.7): issuer, audience, authorised party, times (a minute's error of clocks is let
// pass; what was issued more than ten minutes ago was for somebody else), nonce, subject. The
// message says which one is wrong, in words of ours.
Status CheckIdToken(const Json& claims, const IdTokenRules& rules);

// Who it is, for this issuer. REQUIRES: CheckIdToken.
std::string SubjectOf(const Json& claims);

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_ID_TOKEN_H_
