#include "parvis/governance/password.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "fmt/format.h"
#include "parvis/core/base64.h"

namespace parvis::governance {
namespace {

constexpr size_t kSaltBytes = 16, kHashBytes = 32;
constexpr std::string_view kHead = "$argon2id$v=19$";
// A row that somebody else wrote must not take all memory.
constexpr HashCost kMost{1 << 20, 16, 16};

struct Kept {
  HashCost cost;
  std::string salt, hash;
};

// PHC's base64: without padding.
std::string Unpadded(std::string_view bytes) {
  std::string text = ToBase64(bytes);
  std::erase(text, '=');
  return text;
}

std::optional<std::string> FromUnpadded(std::string_view text) {
  std::string padded(text);
  padded.resize((text.size() + 3) / 4 * 4, '=');
  return FromBase64(padded);
}

// "m=65536," → 65536 and past the end of it.
bool TakeNumber(std::string_view& text, std::string_view name, char after, uint32_t& value) {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const size_t used = static_cast<size_t>(read.ptr - text.data());
  if (read.ec != std::errc() || used >= text.size() || text[used] != after) return false;
  text.remove_prefix(used + 1);
  return true;
}

Result<Kept> Parse(std::string_view text) {
  const Status wrong = DataLoss("a password's hash is not one that we know");
  if (!text.starts_with(kHead)) return wrong;
  text.remove_prefix(kHead.size());
  Kept kept;
  if (!TakeNumber(text, "m=", ',', kept.cost.memory_kib) ||
      !TakeNumber(text, "t=", ',', kept.cost.passes) ||
      !TakeNumber(text, "p=", '$', kept.cost.lanes)) {
    return wrong;
  }
  const size_t end = text.find('$');
  if (end == std::string_view::npos) return wrong;
  const auto salt = FromUnpadded(text.substr(0, end)), hash = FromUnpadded(text.substr(end + 1));
  if (!salt || !hash || salt->size() < 8 || salt->size() > 64 || hash->size() != kHashBytes) {
    return wrong;
  }
  const bool fits = kept.cost.memory_kib <= kMost.memory_kib && kept.cost.passes <= kMost.passes &&
                    kept.cost.lanes <= kMost.lanes;
  if (!fits) return DataLoss("a password's hash costs more than we allow");
  kept.salt = *salt;
  kept.hash = *hash;
  return kept;
}

uint8_t* Bytes(std::string_view text) {  // argon2_context takes what it does not change as mutable
  return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data()));
}

bool Repeats(std::string_view text, size_t period) {
  for (size_t i = period; i < text.size(); ++i) {
    if (text[i] != text[i - period]) return false;
  }
  return true;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

}  // namespace

Result<std::string> Argon2id(std::string_view password, std::string_view salt,
                             std::string_view secret, std::string_view associated_data,
                             const HashCost& cost) {
  std::string hash(kHashBytes, '\0');
  argon2_context context = {};
  context.out = Bytes(hash);
  context.outlen = static_cast<uint32_t>(hash.size());
  context.pwd = Bytes(password);
  context.pwdlen = static_cast<uint32_t>(password.size());
  context.salt = Bytes(salt);
  context.saltlen = static_cast<uint32_t>(salt.size());
  context.secret = Bytes(secret);
  context.secretlen = static_cast<uint32_t>(secret.size());
  context.ad = Bytes(associated_data);
  context.adlen = static_cast<uint32_t>(associated_data.size());
  context.t_cost = cost.passes;
  context.m_cost = cost.memory_kib;
  context.lanes = cost.lanes;
  context.threads = 1;  // the hash is the same, and models keep their processors
  context.version = ARGON2_VERSION_13;
  const int error = argon2id_ctx(&context);
  if (error == ARGON2_MEMORY_ALLOCATION_ERROR) {
    return Status(StatusCode::kUnavailable, "no memory for a password's hash");
  }
  if (error != ARGON2_OK) return Internal(argon2_error_message(error));
  return hash;
}

PasswordHasher::PasswordHasher(const Pepper& pepper, HashCost cost)
    : secret_(pepper.MacOf("password", "")), cost_(cost) {}

Result<std::string> PasswordHasher::Hash(std::string_view password,
                                         std::string_view user_id) const {
  PARVIS_ASSIGN_OR_RETURN(const std::string salt, RandomBytes(kSaltBytes));
  PARVIS_ASSIGN_OR_RETURN(const std::string hash,
                          Argon2id(password, salt, secret_, user_id, cost_));
  return fmt::format("{}m={},t={},p={}${}${}", kHead, cost_.memory_kib, cost_.passes, cost_.lanes,
                     Unpadded(salt), Unpadded(hash));
}

Result<PasswordHasher::Verdict> PasswordHasher::Check(std::string_view password,
                                                      std::string_view user_id,
                                                      const std::string& kept_text) const {
  Kept kept{cost_, std::string(kSaltBytes, '\0'), {}};
  if (!kept_text.empty()) {
    PARVIS_ASSIGN_OR_RETURN(kept, Parse(kept_text));
  }
  PARVIS_ASSIGN_OR_RETURN(const std::string hash,
                          Argon2id(password, kept.salt, secret_, user_id, kept.cost));
  if (kept_text.empty()) return Verdict{};
  Verdict verdict;
  verdict.right = CRYPTO_memcmp(hash.data(), kept.hash.data(), kHashBytes) == 0;
  verdict.outdated = verdict.right && !(kept.cost == cost_);
  return verdict;
}

Result<std::string> NormalisedPassword(std::string_view typed) {
  if (typed.size() > kMaxPasswordBytes) {
    return InvalidArgument(fmt::format("a password has at most {} bytes", kMaxPasswordBytes));
  }
  utf8proc_uint8_t* text = nullptr;
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(typed.data()),
                   static_cast<utf8proc_ssize_t>(typed.size()), &text, options);
  if (size < 0) return InvalidArgument("a password is UTF-8");
  std::string normalised(reinterpret_cast<char*>(text), static_cast<size_t>(size));
  OPENSSL_cleanse(text, static_cast<size_t>(size));
  std::free(text);  // NOLINT(cppcoreguidelines-no-malloc): utf8proc's
  return normalised;
}

Status CheckNewPassword(std::string_view password, std::string_view user_name) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  const auto characters = std::count_if(password.begin(), password.end(), begins);
  if (characters < kMinPasswordCharacters) {
    return InvalidArgument(
        fmt::format("a password has at least {} characters; several words are easy to keep in mind",
                    kMinPasswordCharacters));
  }
  const std::string lower = LowerCase(password);
  bool guessed = false;
  for (size_t period = 1; period <= lower.size() / 2; ++period) guessed |= Repeats(lower, period);
  for (const std::string_view row :
       {"01234567890123456789", "12345678901234567890", "abcdefghijklmnopqrstuvwxyz",
        "qwertyuiopasdfghjklzxcvbnm", "azertyuiopqsdfghjklmwxcvbn", "1q2w3e4r5t6y7u8i9o0p",
        "correcthorsebatterystaple", "correct horse battery staple"}) {
    guessed |= row.find(lower) != std::string_view::npos;
  }
  guessed |=
      lower.find(LowerCase(user_name)) != std::string::npos && lower.size() < user_name.size() + 8;
  if (guessed) return InvalidArgument("that is one of the first passwords that somebody tries");
  return {};
}

}  // namespace parvis::governance
