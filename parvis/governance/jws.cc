#include "parvis/governance/jws.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <utility>

#include "parvis/core/base64.h"

namespace parvis::governance {
namespace {

constexpr size_t kMaxBytes = size_t{16} << 10;
constexpr size_t kP256Bytes = 32;

struct Row {
  std::string_view name;
  SignatureAlgorithm algorithm;
  PublicKey::Kind kind;
};
constexpr Row kAlgorithms[] = {
    {"RS256", SignatureAlgorithm::kRs256, PublicKey::Kind::kRsa},
    {"PS256", SignatureAlgorithm::kPs256, PublicKey::Kind::kRsa},
    {"ES256", SignatureAlgorithm::kEs256, PublicKey::Kind::kP256},
    {"EdDSA", SignatureAlgorithm::kEdDsa, PublicKey::Kind::kEd25519},
};

const Row& RowOf(SignatureAlgorithm algorithm) {
  return kAlgorithms[static_cast<size_t>(algorithm)];
}

Status Wrong(const char* why) { return InvalidArgument(std::string("the ID token ") + why); }

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeEcdsa {
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

// OpenSSL has r and s in DER; RFC 7518, section 3.4, one after the other.
std::string DerOf(std::string_view signature) {
  if (signature.size() != 2 * kP256Bytes) return {};
  const std::unique_ptr<ECDSA_SIG, FreeEcdsa> pair(ECDSA_SIG_new());
  BIGNUM* const r = BN_bin2bn(Bytes(signature), kP256Bytes, nullptr);
  BIGNUM* const s = BN_bin2bn(Bytes(signature.substr(kP256Bytes)), kP256Bytes, nullptr);
  if (pair == nullptr || r == nullptr || s == nullptr || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  std::string der(static_cast<size_t>(std::max(0, i2d_ECDSA_SIG(pair.get(), nullptr))), '\0');
  auto* at = reinterpret_cast<unsigned char*>(der.data());
  i2d_ECDSA_SIG(pair.get(), &at);
  return der;
}

bool SetPadding(EVP_PKEY_CTX* context, SignatureAlgorithm algorithm) {
  if (algorithm == SignatureAlgorithm::kRs256) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  }
  if (algorithm == SignatureAlgorithm::kPs256) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
  }
  return true;
}

Result<Json> ReadPart(std::string_view part) {
  const auto text = FromBase64Url(part);
  if (!text) return Wrong("is not base64url");
  auto json = ParseJson(*text, {.max_bytes = kMaxBytes, .max_depth = 8, .max_values = 2000});
  if (!json.ok() || !json->is_object()) return Wrong("holds no JSON object");
  return json;
}

}  // namespace

Result<Jws> ReadJws(std::string_view compact) {
  if (compact.size() > kMaxBytes) return Wrong("is too long");
  const size_t first = compact.find('.'), last = compact.rfind('.');
  if (first == std::string_view::npos || first == last || compact.find('.', first + 1) != last) {
    return Wrong("does not have three parts");
  }
  Jws jws;
  PARVIS_ASSIGN_OR_RETURN(const Json header, ReadPart(compact.substr(0, first)));
  const auto algorithm = header.find("alg");
  const auto* const row =
      std::find_if(std::begin(kAlgorithms), std::end(kAlgorithms), [&](const Row& candidate) {
        return algorithm != header.end() && algorithm->is_string() && *algorithm == candidate.name;
      });
  if (row == std::end(kAlgorithms)) return Wrong("is signed by no algorithm that we take");
  jws.algorithm = row->algorithm;
  if (header.contains("crit")) return Wrong("says that we must understand what we do not");
  if (header.contains("b64")) return Wrong("is written in a way that we do not take");
  if (const auto id = header.find("kid"); id != header.end()) {
    if (!id->is_string()) return Wrong("names its key by what is no text");
    jws.key_id = id->get<std::string>();
  }
  PARVIS_ASSIGN_OR_RETURN(jws.payload, ReadPart(compact.substr(first + 1, last - first - 1)));
  const auto signature = FromBase64Url(compact.substr(last + 1));
  if (!signature || signature->empty()) return Wrong("has no signature");
  jws.signature = *signature;
  jws.signed_text = compact.substr(0, last);
  return jws;
}

bool Fits(const PublicKey& key, const Jws& jws) {
  const Row& row = RowOf(jws.algorithm);
  return key.kind == row.kind && (key.algorithm.empty() || key.algorithm == row.name);
}

Status VerifySignature(const PublicKey& key, const Jws& jws) {
  const Status refused(StatusCode::kPermissionDenied, "the ID token's signature is not the key's");
  if (!Fits(key, jws)) return refused;
  std::string signature = jws.signature;
  if (jws.algorithm == SignatureAlgorithm::kEs256) signature = DerOf(signature);
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  if (context == nullptr || signature.empty()) return refused;
  EVP_PKEY_CTX* of_key = nullptr;  // the context's
  const EVP_MD* const digest = jws.algorithm == SignatureAlgorithm::kEdDsa ? nullptr : EVP_sha256();
  const bool valid =
      EVP_DigestVerifyInit(context.get(), &of_key, digest, nullptr, key.key.get()) == 1 &&
      SetPadding(of_key, jws.algorithm) &&
      EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(jws.signed_text),
                       jws.signed_text.size()) == 1;
  return valid ? Status() : refused;
}

}  // namespace parvis::governance
