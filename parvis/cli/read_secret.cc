#include "parvis/cli/read_secret.h"

#include <algorithm>
#include <utility>

#include "parvis/core/file.h"
#include "parvis/governance/sealing.h"

namespace parvis::cli {
namespace {

constexpr size_t kMaxSecretBytes = 4096;

Result<std::string> Opened(const std::string& name, const std::string& sealed,
                           const std::string& master_key) {
  const std::string path =
      master_key.empty() ? governance::MasterKeys::CredentialPath() : master_key;
  if (path.empty()) return InvalidArgument("is sealed, and there is no master key (--master-key)");
  PARVIS_ASSIGN_OR_RETURN(const auto keys, governance::MasterKeys::Read(path));
  return keys.Open(name, sealed);
}

}  // namespace

Result<std::string> ReadSecret(const std::string& name, const std::string& value,
                               const std::string& file, const std::string& master_key) {
  std::string secret = value;
  const std::string place = file.empty() ? "key" : file;
  if (!file.empty()) {
    PARVIS_ASSIGN_OR_RETURN(secret, ReadFile(file, kMaxSecretBytes));
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  } else if (secret.empty()) {
    return secret;
  }
  if (governance::IsSealed(secret)) {
    auto opened = Opened(name, secret, master_key);
    if (!opened.ok()) return opened.status().In(place);
    secret = *std::move(opened);
  }
  const bool printable = std::all_of(secret.begin(), secret.end(),
                                     [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (secret.empty() || !printable) return InvalidArgument(place + ": holds no key in one line");
  return secret;
}

}  // namespace parvis::cli
