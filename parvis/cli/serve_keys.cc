#include "parvis/cli/serve_keys.h"

#include <chrono>
#include <utility>

#include "parvis/cli/store_folder.h"
#include "parvis/governance/secret.h"

namespace parvis::cli {

Result<ServeKeys> ServeKeys::Open(const ServeOptions& options, const std::string& database,
                                  const std::string& address) {
  ServeKeys keys;
  PARVIS_ASSIGN_OR_RETURN(keys.directory, OpenDirectory(database, options.data));
  PARVIS_ASSIGN_OR_RETURN(const auto pepper, governance::Pepper::Open(PepperPath(options.data)));
  PARVIS_ASSIGN_OR_RETURN(
      keys.ring,
      governance::KeyRing::Open(
          database, pepper, {.session_idle = std::chrono::minutes(options.session_idle_minutes)}));
  const service::SignInSettings settings{.session_life = std::chrono::hours(options.session_hours),
                                         .wrong_per_minute = options.wrong_keys_per_minute};
  keys.sign_in = std::make_unique<service::SignIn>(*keys.directory, *keys.ring, pepper, settings);
  if (!options.oidc.empty()) {
    PARVIS_ASSIGN_OR_RETURN(const auto providers, OidcSettingsOf(options.oidc, options.master_key));
    PARVIS_RETURN_IF_ERROR(CheckOidc(providers, *keys.directory));
    keys.oidc = std::make_unique<service::OidcSignIn>(
        service::OidcSignIn::Settings{
            providers, options.http.public_url.empty() ? address : options.http.public_url,
            options.wrong_keys_per_minute},
        OidcNetworkOf(), *keys.directory, *keys.sign_in, pepper);
  }
  return keys;
}

Result<std::optional<std::string>> ServeKeys::NewOperatorKey(bool replace) const {
  std::optional<std::string> key;
  if (replace) {
    PARVIS_ASSIGN_OR_RETURN(key, directory->ReplaceOperatorKey());
  } else {
    PARVIS_ASSIGN_OR_RETURN(key, directory->EnsureOperatorKey());
  }
  PARVIS_RETURN_IF_ERROR(ring->Refresh());
  return key;
}

}  // namespace parvis::cli
