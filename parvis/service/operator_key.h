#ifndef PARVIS_SERVICE_OPERATOR_KEY_H_
#define PARVIS_SERVICE_OPERATOR_KEY_H_

#include <memory>
#include <optional>
#include <string>

#include "parvis/core/result.h"
#include "parvis/core/sha256.h"
#include "parvis/service/identity.h"
#include "parvis/store/database.h"

namespace parvis::service {

// Identity by one key, the operator's: "pv-" and 256 random bits in base64url. Only its SHA-256 is
// kept (a slow digest would protect nothing: the key cannot be guessed), and compared in a time
// that does not depend on where it differs.
class OperatorKey : public Identity {
 public:
  struct Opened {
    std::unique_ptr<OperatorKey> identity;
    std::optional<std::string> new_key;  // made just now; it is never to be had again
  };
  // Takes the key that the database knows, or makes one. REQUIRES: the schema of records.h.
  static Result<Opened> Open(store::Database& database);
  // Makes a new key; the one before is worth nothing from now on.
  static Result<std::string> Replace(store::Database& database);

  OrRefusal<Caller> Identify(std::string_view credential) const override;

 private:
  OperatorKey(std::string id, Sha256Digest digest) : id_(std::move(id)), digest_(digest) {}
  std::string id_;
  Sha256Digest digest_;
};

// Lets anyone in who reaches the port, as a guest who may use models and nothing else; the
// operator's key still makes an operator. Only for loopback, and only if the operator asked for it.
class Anyone : public Identity {
 public:
  explicit Anyone(const OperatorKey& keys) : keys_(keys) {}
  OrRefusal<Caller> Identify(std::string_view credential) const override;

 private:
  const OperatorKey& keys_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_OPERATOR_KEY_H_
