#ifndef PARVIS_CLI_SERVE_KEYS_H_
#define PARVIS_CLI_SERVE_KEYS_H_

#include <memory>
#include <optional>
#include <string>

#include "parvis/cli/serve_options.h"
#include "parvis/core/result.h"
#include "parvis/governance/directory.h"
#include "parvis/governance/key_ring.h"
#include "parvis/service/oidc_sign_in.h"
#include "parvis/service/sign_in.h"

namespace parvis::cli {

// Who may ask a server, and how they sign in.
struct ServeKeys {
  std::unique_ptr<governance::Directory> directory;
  std::unique_ptr<governance::KeyRing> ring;
  std::unique_ptr<service::SignIn> sign_in;
  std::unique_ptr<service::OidcSignIn> oidc;  // null: there are no providers

  // `address`: where browsers find the server, if the options do not say it.
  static Result<ServeKeys> Open(const ServeOptions& options, const std::string& database,
                                const std::string& address);
  // The operator's key if it is new. One that nobody saw would be lost: all that can make a start
  // vain comes before this.
  Result<std::optional<std::string>> NewOperatorKey(bool replace) const;
};

}  // namespace parvis::cli

#endif  // PARVIS_CLI_SERVE_KEYS_H_
