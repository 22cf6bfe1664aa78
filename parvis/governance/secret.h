#ifndef PARVIS_GOVERNANCE_SECRET_H_
#define PARVIS_GOVERNANCE_SECRET_H_

#include <string>
#include <string_view>

#include "parvis/core/result.h"
#include "parvis/core/sha256.h"

namespace parvis::governance {

// `count` random bytes of the system's own, and these in hexadecimal: for ids.
Result<std::string> RandomBytes(size_t count);
Result<std::string> RandomHex(size_t count);

// A new API key: "pv-" and 256 random bits in base64url.
Result<std::string> NewApiKeyText();
// What a browser shows for a session: "pvs-" and 256 random bits.
Result<std::string> NewSessionText();
// What of a key may be shown again, to tell keys apart: "pv-Ab3d".
std::string VisiblePrefix(std::string_view api_key);

// The secret with which digests of API keys are made. It lies beside the database and not in it:
// whoever can only write to the database cannot make a row that lets a key of theirs in.
class Pepper {
 public:
  // Takes the file's, or makes one. Refuses a file that others can read.
  static Result<Pepper> Open(const std::string& path);
  static Pepper ForTest(std::string_view text);

  const std::string& id() const { return id_; }  // which one it is; says nothing about it
  // HMAC-SHA-256 of the key's SHA-256; so a database that had only the latter can be brought to
  // the former without the key.
  Sha256Digest DigestOf(std::string_view api_key) const { return DigestOf(Sha256(api_key)); }
  Sha256Digest DigestOf(const Sha256Digest& sha256_of_key) const;
  // 32 bytes that only who has the secret can make of `text`; another `purpose`, other bytes.
  std::string MacOf(std::string_view purpose, std::string_view text) const;

 private:
  explicit Pepper(std::string secret);
  std::string secret_, id_;
};

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_SECRET_H_
