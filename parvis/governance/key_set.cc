// JSON Web Keys (RFC 7517): public ones, for signatures.

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <set>
#include <utility>

#include "parvis/core/base64.h"
#include "parvis/governance/jws.h"

namespace parvis::governance {
namespace {

constexpr size_t kMaxBytes = size_t{256} << 10;
constexpr size_t kMaxKeys = 64;
constexpr size_t kMinRsaBytes = 256, kMaxRsaBytes = 512;  // 2048 to 4096 bits

struct FreeAny {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
template <typename T>
using Held = std::unique_ptr<T, FreeAny>;
using Key = std::shared_ptr<EVP_PKEY>;

// The member's text; empty if it is missing or no text.
std::string Text(const Json& jwk, const char* name) {
  const auto found = jwk.find(name);
  return found != jwk.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Bytes of a number or a coordinate; empty if there are none.
std::string Number(const Json& jwk, const char* name) {
  return FromBase64Url(Text(jwk, name)).value_or("");
}

Key Made(const char* type, OSSL_PARAM_BLD* builder) {
  const Held<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder));
  const Held<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (parameters == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  Key made(key, &EVP_PKEY_free);
  const Held<EVP_PKEY_CTX> check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return EVP_PKEY_public_check(check.get()) == 1 ? made : nullptr;
}

Key RsaKey(const Json& jwk) {
  const std::string n = Number(jwk, "n"), e = Number(jwk, "e");
  if (n.size() < kMinRsaBytes || n.size() > kMaxRsaBytes || e.empty() || e.size() > 8) {
    return nullptr;
  }
  const auto number = [](const std::string& bytes) {
    return Held<BIGNUM>(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                  static_cast<int>(bytes.size()), nullptr));
  };
  const Held<BIGNUM> modulus = number(n), exponent = number(e);
  const Held<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  const bool built =
      builder != nullptr && modulus != nullptr && exponent != nullptr &&
      BN_num_bits(modulus.get()) >= static_cast<int>(kMinRsaBytes * 8) &&
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1 &&
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1;
  return built ? Made("RSA", builder.get()) : nullptr;
}

Key P256Key(const Json& jwk) {
  const std::string x = Number(jwk, "x"), y = Number(jwk, "y");
  if (Text(jwk, "crv") != "P-256" || x.size() != 32 || y.size() != 32) return nullptr;
  const std::string point = '\4' + x + y;  // not compressed
  const Held<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  const bool built = builder != nullptr &&
                     OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                                     "prime256v1", 0) == 1 &&
                     OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                                      point.data(), point.size()) == 1;
  return built ? Made("EC", builder.get()) : nullptr;
}

Key Ed25519Key(const Json& jwk) {
  const std::string x = Number(jwk, "x");
  if (Text(jwk, "crv") != "Ed25519" || x.size() != 32) return nullptr;
  EVP_PKEY* const key = EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(x.data()), x.size());
  return key != nullptr ? Key(key, &EVP_PKEY_free) : nullptr;
}

// Nothing, if it can verify nothing here.
std::optional<PublicKey> KeyOf(const Json& jwk) {
  if (!jwk.is_object()) return std::nullopt;
  if (const std::string use = Text(jwk, "use"); !use.empty() && use != "sig") return std::nullopt;
  PublicKey key{Text(jwk, "kid"), Text(jwk, "alg"), PublicKey::Kind::kRsa, nullptr};
  const std::string type = Text(jwk, "kty");
  if (type == "RSA") {
    key.key = RsaKey(jwk);
  } else if (type == "EC") {
    key.kind = PublicKey::Kind::kP256;
    key.key = P256Key(jwk);
  } else if (type == "OKP") {
    key.kind = PublicKey::Kind::kEd25519;
    key.key = Ed25519Key(jwk);
  }
  if (key.key == nullptr || key.id.size() > 256) return std::nullopt;
  return key;
}

}  // namespace

Result<std::vector<PublicKey>> ReadKeySet(std::string_view text) {
  PARVIS_ASSIGN_OR_RETURN(
      const Json json,
      ParseJson(text, {.max_bytes = kMaxBytes, .max_depth = 8, .max_values = 20'000}));
  const auto list = json.is_object() ? json.find("keys") : json.end();
  if (!json.is_object() || list == json.end() || !list->is_array()) {
    return InvalidArgument("that is no set of keys");
  }
  if (list->size() > kMaxKeys) return InvalidArgument("the set has too many keys");
  std::vector<PublicKey> keys;
  std::set<std::pair<std::string, PublicKey::Kind>> seen;
  for (const Json& jwk : *list) {
    auto key = KeyOf(jwk);
    if (!key) continue;
    if (!key->id.empty() && !seen.insert({key->id, key->kind}).second) {
      return InvalidArgument("the set has two keys of one name");
    }
    keys.push_back(*std::move(key));
  }
  return keys;
}

}  // namespace parvis::governance
