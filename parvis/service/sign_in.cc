#include "parvis/service/sign_in.h"

#include <openssl/crypto.h>

#include <memory>
#include <utility>

#include "fmt/format.h"
#include "parvis/core/base64.h"
#include "parvis/core/sha256.h"

namespace parvis::service {
namespace {

using governance::User;

// NIST SP 800-63B-4 allows a hundred in a row; ten, and then one a minute, are fewer in a day than
// what a good password needs by many orders.
constexpr GuessRate kOfAccount{10, 1};

Refusal Wrong() {
  return {RefusalKind::kUnauthenticated,
          "The organisation, the name or the password is wrong.",
          {},
          "invalid_credentials",
          {}};
}

Refusal Unavailable() {
  return {RefusalKind::kUnavailable, "Nobody can sign in now.", {}, {}, 1000};
}

Refusal Busy() { return {RefusalKind::kOverloaded, "Many sign in at this moment.", {}, {}, 1000}; }

Refusal TooMany(int64_t wait_ms) {
  return {RefusalKind::kRateLimited,
          "There were too many wrong passwords.",
          {},
          "rate_limit_exceeded",
          wait_ms};
}

// Where a try counts: takes one of each, and gives them back if it was right.
struct Taken {
  std::vector<std::pair<GuessLimiter*, std::string>> from;

  std::optional<int64_t> Take(GuessLimiter& limiter, std::string key) {
    const auto wait = limiter.Note(key);
    if (!wait) from.emplace_back(&limiter, std::move(key));
    return wait;
  }
  void GiveBack() {
    for (auto& [limiter, key] : from) limiter->GiveBack(key);
  }
};

}  // namespace

SignIn::SignIn(governance::Directory& directory, governance::KeyRing& keys,
               governance::Pepper pepper, const SignInSettings& settings)
    : directory_(directory),
      keys_(keys),
      pepper_(std::move(pepper)),
      settings_(settings),
      hasher_(pepper_, settings.cost),
      of_address_(settings.wrong_per_minute),
      of_account_(kOfAccount),
      of_device_(kOfAccount),
      workers_(settings.hashes, settings.waiting) {}

void SignIn::ByPassword(PasswordTry attempt, std::function<void(OrRefusal<SignedIn>)> done) {
  auto shared = std::make_shared<PasswordTry>(std::move(attempt));
  const bool posted = workers_.Post([this, shared, done] {
    const auto user = Try(*shared);
    done(user.ok() ? Enter(*user, "password") : user.refusal());
    OPENSSL_cleanse(shared->password.data(), shared->password.size());
  });
  if (!posted) done(Busy());
}

// Nobody, if there is no such user or organisation.
OrRefusal<std::optional<User>> SignIn::Find(const PasswordTry& attempt) {
  const auto missing = [](const Status& status) { return status.code() == StatusCode::kNotFound; };
  const auto organisation = directory_.FindOrganisation(attempt.organisation);
  if (!organisation.ok()) {
    return missing(organisation.status()) ? OrRefusal<std::optional<User>>(std::optional<User>())
                                          : Unavailable();
  }
  auto user = directory_.FindUser(organisation->id, attempt.user);
  if (user.ok()) return std::optional(std::move(user).value());
  return missing(user.status()) ? OrRefusal<std::optional<User>>(std::optional<User>())
                                : Unavailable();
}

// "user_….NAME.MAC"
bool SignIn::KnowsDevice(const std::string& device, const std::string& user_id,
                         std::string& name) const {
  const size_t first = device.find('.'), last = device.rfind('.');
  if (first == std::string::npos || first == last || device.substr(0, first) != user_id) {
    return false;
  }
  const std::string signed_part = device.substr(0, last);
  const std::string mac = ToBase64Url(pepper_.MacOf("device", signed_part));
  const std::string shown = device.substr(last + 1);
  name = signed_part;
  return shown.size() == mac.size() && CRYPTO_memcmp(shown.data(), mac.data(), mac.size()) == 0;
}

OrRefusal<User> SignIn::Try(const PasswordTry& attempt) {
  const auto user = Find(attempt);
  if (!user.ok()) return user.refusal();
  const std::string id = *user ? (*user)->id : std::string();
  Taken taken;
  std::string device;
  std::optional<int64_t> wait;
  if (*user && KnowsDevice(attempt.device, id, device)) {
    wait = taken.Take(of_device_, device);
  } else {
    wait = taken.Take(of_address_, attempt.peer);
    const std::string account = *user ? id : Sha256Hex(attempt.organisation + '\0' + attempt.user);
    if (!wait) wait = taken.Take(of_account_, account);
  }
  if (wait) return TooMany(*wait);
  const auto typed = governance::NormalisedPassword(attempt.password);
  if (!typed.ok()) return Wrong();
  std::string kept;
  if (*user) {
    auto read = directory_.PasswordHashOf(**user);
    if (!read.ok()) return Unavailable();
    kept = std::move(read).value();
  }
  const auto verdict = hasher_.Check(*typed, id, kept);
  if (!verdict.ok()) return Unavailable();
  if (!verdict->right) return Wrong();
  taken.GiveBack();
  if (verdict->outdated) {
    const auto hash = hasher_.Hash(*typed, id);
    if (hash.ok()) (void)directory_.ReplacePasswordHash(**user, kept, *hash);  // else next time
  }
  return **user;
}

OrRefusal<SignedIn> SignIn::Enter(const User& user, const std::string& method) {
  auto session = directory_.AddSession(user, method, settings_.session_life.count());
  if (!session.ok() && session.status().code() == StatusCode::kPermissionDenied) {
    return Refusal{
        RefusalKind::kForbidden, "This user may not sign in.", {}, "permission_denied", {}};
  }
  const auto name = governance::RandomHex(8);
  if (!session.ok() || !name.ok() || !keys_.Refresh().ok()) return Unavailable();
  const std::string device = user.id + "." + *name;
  return SignedIn{user, std::move(session).value(),
                  device + "." + ToBase64Url(pepper_.MacOf("device", device))};
}

std::optional<Refusal> SignIn::Set(const User& user, const std::string& password) {
  const Status status = [&]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const std::string typed, governance::NormalisedPassword(password));
    PARVIS_RETURN_IF_ERROR(governance::CheckNewPassword(typed, user.name));
    PARVIS_ASSIGN_OR_RETURN(const std::string hash, hasher_.Hash(typed, user.id));
    PARVIS_RETURN_IF_ERROR(directory_.SetPasswordHash(user, hash));
    return keys_.Refresh();
  }();
  if (status.ok()) return std::nullopt;
  return status.code() == StatusCode::kInvalidArgument
             ? Invalid("password", "Not this one: " + status.message() + ".")
             : Unavailable();
}

void SignIn::SetPassword(User user, std::string password,
                         std::function<void(std::optional<Refusal>)> done) {
  auto shared = std::make_shared<std::string>(std::move(password));
  const bool posted = workers_.Post([this, user = std::move(user), shared, done] {
    done(Set(user, *shared));
    OPENSSL_cleanse(shared->data(), shared->size());
  });
  if (!posted) done(Busy());
}

void SignIn::ChangePassword(PasswordTry attempt, std::string password,
                            std::function<void(std::optional<Refusal>)> done) {
  auto shared = std::make_shared<std::pair<PasswordTry, std::string>>(std::move(attempt),
                                                                      std::move(password));
  const bool posted = workers_.Post([this, shared, done] {
    auto& [old, fresh] = *shared;
    const auto user = Try(old);
    done(user.ok() ? Set(*user, fresh) : user.refusal());
    OPENSSL_cleanse(old.password.data(), old.password.size());
    OPENSSL_cleanse(fresh.data(), fresh.size());
  });
  if (!posted) done(Busy());
}

}  // namespace parvis::service
