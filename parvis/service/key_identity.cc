#include "parvis/service/key_identity.h"

#include "parvis/governance/schema.h"

namespace parvis::service {
namespace {

Refusal Unknown(bool sent) {
  return {RefusalKind::kUnauthenticated,
          sent ? "The API key is not known here, or the session is over."
               : "No API key was sent; 'Authorization: Bearer KEY'.",
          {},
          "invalid_api_key",
          {}};
}

Refusal Unavailable() {
  return {RefusalKind::kUnavailable, "Nobody can be identified now.", {}, {}, 1000};
}

Caller CallerOf(const governance::Principal& principal) {
  return {principal.organisation, principal.owner,    principal.key,      principal.permissions,
          principal.group,        principal.plan,     principal.models,   principal.plan_models,
          principal.session,      principal.priority, principal.features, principal.context_length};
}

Caller Guest() {
  return {governance::kHostOrganisation, "guest", kNoKey,
          governance::PermissionsOf(governance::Role::kGuest, true)};
}

}  // namespace

OrRefusal<Caller> KeyIdentity::Identify(std::string_view credential, std::string_view peer) {
  const auto found = keys_.Find(credential);
  if (found.ok()) return CallerOf(**found);
  if (settings_.anyone) return Guest();
  if (found.status().code() == StatusCode::kUnavailable) return Unavailable();
  const bool sent = !credential.empty();
  if (sent) {
    if (const auto wait_ms = guesses_.Note(peer)) {
      return Refusal{RefusalKind::kRateLimited,
                     "Too many wrong API keys came from this address.",
                     {},
                     "rate_limit_exceeded",
                     wait_ms};
    }
  }
  return Unknown(sent);
}

OrRefusal<Caller> KeyIdentity::Again(const Caller& caller) {
  if (settings_.anyone && caller.key == kNoKey) return Guest();
  const auto found = keys_.FindById(caller.key);
  if (found.ok() && (*found)->owner == caller.owner) return CallerOf(**found);
  if (!found.ok() && found.status().code() == StatusCode::kUnavailable) return Unavailable();
  return Unknown(true);
}

}  // namespace parvis::service
