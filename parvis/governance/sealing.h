#ifndef PARVIS_GOVERNANCE_SEALING_H_
#define PARVIS_GOVERNANCE_SEALING_H_

#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"

// Secrets that stand in files, encrypted under a master key that stands elsewhere. A sealed secret
// is one word of text:
//
//   sealed:v1:upstream.mistral:1f0c9a52:…
//
// its name (what it is the secret of), which key sealed it, and nonce, ciphertext and tag of
// AES-256-GCM in base64url. The name is authenticated: a secret that is moved to another place
// does not open there.
namespace parvis::governance {

bool IsSealed(std::string_view text);

// Master keys: the first one seals, each of them opens what it sealed. Immutable.
class MasterKeys {
 public:
  // The file's lines, 64 hexadecimal digits each. Refuses a file that others can read; of one in
  // $CREDENTIALS_DIRECTORY systemd shows a right of the group that nobody has.
  static Result<MasterKeys> Read(const std::string& path);
  // $CREDENTIALS_DIRECTORY/parvis.master, if there is one; else empty.
  static std::string CredentialPath();
  // Makes the file with a new key, or puts a new one before those that it has.
  static Status AddNew(const std::string& path);

  // `name`: 1 to 80 of a-z, A-Z, 0-9, ".", "_", "-", ":".
  Result<std::string> Seal(const std::string& name, std::string_view secret) const;
  // kInvalidArgument: it is the secret of something else, or of no key that is here. kDataLoss: it
  // was changed.
  Result<std::string> Open(const std::string& name, std::string_view sealed) const;
  // Every sealed secret of a text, sealed anew under the first key; `count`: how many there were.
  Result<std::string> Reseal(std::string_view text, int* count) const;

 private:
  struct Key {
    std::string id, bytes;
  };
  explicit MasterKeys(std::vector<Key> keys) : keys_(std::move(keys)) {}
  std::vector<Key> keys_;  // at least one
};

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_SEALING_H_
