#ifndef PARVIS_GOVERNANCE_JWS_H_
#define PARVIS_GOVERNANCE_JWS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"

typedef struct evp_pkey_st EVP_PKEY;  // NOLINT(modernize-use-using): OpenSSL's

// What somebody else signed: JSON Web Signatures (RFC 7515) in their compact form, with public keys
// (RFC 7517) and four algorithms (RFC 7518, RFC 8037). All of it is untrusted until it is verified.
namespace parvis::governance {

// The only ones that there are here. None of them takes a secret, so no public key can be taken for
// one, and "none" is no algorithm.
enum class SignatureAlgorithm : uint8_t { kRs256, kPs256, kEs256, kEdDsa };

struct PublicKey {
  enum class Kind : uint8_t { kRsa, kP256, kEd25519 };
  std::string id;         // "kid"; may be empty
  std::string algorithm;  // the only one that it is for, if it says so
  Kind kind = Kind::kRsa;
  std::shared_ptr<EVP_PKEY> key;
};

// The keys of a set that can verify something here; others are passed over, as RFC 7517 says.
// Refuses what is no set, more than 64 keys, and sets with two keys of one id and kind.
Result<std::vector<PublicKey>> ReadKeySet(std::string_view json);

struct Jws {
  SignatureAlgorithm algorithm = SignatureAlgorithm::kRs256;
  std::string key_id;       // "kid"; may be empty
  std::string signed_text;  // header and payload, as they came
  std::string signature;
  Json payload;  // an object
};

// Reads one of at most 16 KiB. Refuses all algorithms but ours, and what must be understood
// ("crit").
Result<Jws> ReadJws(std::string_view compact);

// Whether the key may verify it: its kind and its own word on the algorithm.
bool Fits(const PublicKey& key, const Jws& jws);
// Whether the key's owner signed it. kPermissionDenied: no.
Status VerifySignature(const PublicKey& key, const Jws& jws);

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_JWS_H_
