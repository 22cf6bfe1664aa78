#ifndef PARVIS_GOVERNANCE_PASSWORD_H_
#define PARVIS_GOVERNANCE_PASSWORD_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "parvis/core/result.h"
#include "parvis/governance/secret.h"

namespace parvis::governance {

// What a guess costs: the second choice that RFC 9106 (section 4) recommends, well over OWASP's
// least.
struct HashCost {
  uint32_t memory_kib = 64 << 10;
  uint32_t passes = 3;
  uint32_t lanes = 4;
  bool operator==(const HashCost&) const = default;
};

// 32 bytes of RFC 9106, version 0x13.
Result<std::string> Argon2id(std::string_view password, std::string_view salt,
                             std::string_view secret, std::string_view associated_data,
                             const HashCost& cost);

// Argon2id of passwords. The pepper is its secret: a copy of the database alone lets
// nobody guess. The user's id is its associated data: a row that is copied to another user fits
// nobody. The cost is kept with each hash, so it can rise.
//
// Each call takes the cost's memory and some tenths of a second: never on an I/O thread. Safe to
// call from several threads.
class PasswordHasher {
 public:
  explicit PasswordHasher(const Pepper& pepper, HashCost cost = {});

  // "$argon2id$v=19$m=65536,t=3,p=4$SALT$HASH", with a new salt.
  Result<std::string> Hash(std::string_view password, std::string_view user_id) const;

  struct Verdict {
    bool right = false;
    bool outdated = false;  // right, and kept at another cost than today's
  };
  // `kept`: what Hash gave. Empty: there is none; takes the same time as for one that is wrong.
  Result<Verdict> Check(std::string_view password, std::string_view user_id,
                        const std::string& kept) const;

 private:
  const std::string secret_;
  const HashCost cost_;
};

// NIST SP 800-63B-4: length counts, what it is made of does not. Spaces and all of Unicode are
// welcome; written in different ways, the same characters are the same password (NFKC).
inline constexpr int kMinPasswordCharacters = 15;
inline constexpr size_t kMaxPasswordBytes = 1024;
// What is hashed of a typed password. Refuses what is not UTF-8 or too long.
Result<std::string> NormalisedPassword(std::string_view typed);
// Whether a new one (normalised) is long enough, and not what is guessed first: one character or
// one word again and again, a row of the keyboard, the user's own name.
Status CheckNewPassword(std::string_view password, std::string_view user_name);

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_PASSWORD_H_
