#ifndef PARVIS_CLI_SERVE_OIDC_H_
#define PARVIS_CLI_SERVE_OIDC_H_

#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/service/oidc_sign_in.h"

// Services that say who people are, as the configuration's file names them.
namespace parvis {
class TomlReader;
}

namespace parvis::cli {

struct OidcOptions {
  service::OidcSettings settings;  // without the secret
  std::string secret_file;         // the secret is its only line, sealed or not; empty: none
};

// [oidc.NAME] of the file. A message names file, line and key.
Status ReadOidcTables(TomlReader& top, const std::string& file, std::vector<OidcOptions>& all);

// Whether two say the same; secrets are not looked at.
bool SameOidc(const std::vector<OidcOptions>& a, const std::vector<OidcOptions>& b);

// Reads the secrets, and opens those that are sealed (read_secret.h). Messages never hold one.
Result<std::vector<service::OidcSettings>> OidcSettingsOf(const std::vector<OidcOptions>& all,
                                                          const std::string& master_key);

// Whether the organisations and groups that they name are there.
Status CheckOidc(const std::vector<service::OidcSettings>& all, governance::Directory& directory);

// How they are asked: https, and http on this machine only; no redirections, little at a time.
service::OidcNetwork OidcNetworkOf();

}  // namespace parvis::cli

#endif  // PARVIS_CLI_SERVE_OIDC_H_
