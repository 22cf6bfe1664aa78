#include "parvis/service/operator_key.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "parvis/core/base64.h"
#include "parvis/core/clock.h"

namespace parvis::service {
namespace {

constexpr std::string_view kPrefix = "pv-";
constexpr size_t kKeyBytes = 32;

// RFC 4648, section 5, without padding.
std::string Base64Url(std::string_view bytes) {
  std::string text = ToBase64(bytes);
  std::erase(text, '=');
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::string_view BytesOf(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Refusal Unknown(bool sent) {
  return {
      RefusalKind::kUnauthenticated,
      sent ? "The API key is not known here." : "No API key was sent; 'Authorization: Bearer KEY'.",
      {},
      "invalid_api_key",
      {}};
}

}  // namespace

Result<std::string> OperatorKey::Replace(store::Database& database) {
  std::array<char, kKeyBytes> secret;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()), kKeyBytes) != 1)
    return Internal("no random bytes to be had");
  const std::string key = std::string(kPrefix) + Base64Url({secret.data(), secret.size()});
  OPENSSL_cleanse(secret.data(), secret.size());
  const Sha256Digest digest = Sha256(key);

  PARVIS_ASSIGN_OR_RETURN(auto transaction, store::Transaction::Begin(database));
  PARVIS_RETURN_IF_ERROR(database.Run("DELETE FROM api_keys WHERE role = 'operator'"));
  {
    PARVIS_ASSIGN_OR_RETURN(
        auto insert,
        database.Prepare("INSERT INTO api_keys(id, organisation, owner, role, digest, created_ms) "
                         "VALUES(?1, 'local', 'operator', 'operator', ?2, ?3)"));
    PARVIS_RETURN_IF_ERROR(insert.Bind(1, "key_" + HexOf(digest).substr(0, 12))
                               .BindBytes(2, BytesOf(digest))
                               .Bind(3, WallClockMs())
                               .Run());
  }
  PARVIS_RETURN_IF_ERROR(transaction.Commit());
  return key;
}

Result<OperatorKey::Opened> OperatorKey::Open(store::Database& database) {
  Opened opened;
  for (int attempt = 0; attempt < 2; ++attempt) {
    PARVIS_ASSIGN_OR_RETURN(
        auto select,
        database.Prepare("SELECT id, digest FROM api_keys WHERE role = 'operator' LIMIT 1"));
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (row) {
      Sha256Digest digest;
      const std::string bytes = select.Text(1);
      if (bytes.size() != digest.size()) return DataLoss("api_keys: a digest is not 32 bytes long");
      std::memcpy(digest.data(), bytes.data(), bytes.size());
      opened.identity.reset(new OperatorKey(select.Text(0), digest));
      return opened;
    }
    PARVIS_ASSIGN_OR_RETURN(opened.new_key, Replace(database));
  }
  return Internal("api_keys: the key that was just made is not there");
}

OrRefusal<Caller> OperatorKey::Identify(std::string_view credential) const {
  const Sha256Digest digest = Sha256(credential);
  if (CRYPTO_memcmp(digest.data(), digest_.data(), digest.size()) != 0) {
    return Unknown(!credential.empty());
  }
  return Caller{"local", "operator", id_, Permissions::All()};
}

OrRefusal<Caller> Anyone::Identify(std::string_view credential) const {
  if (!credential.empty()) {
    if (auto known = keys_.Identify(credential); known.ok()) return known;
  }
  return Caller{"local", "guest", "none",
                Permissions().With(Permission::kSeeModels).With(Permission::kUseModels)};
}

}  // namespace parvis::service
