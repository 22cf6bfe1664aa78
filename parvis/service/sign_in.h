#ifndef PARVIS_SERVICE_SIGN_IN_H_
#define PARVIS_SERVICE_SIGN_IN_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "parvis/governance/directory.h"
#include "parvis/governance/key_ring.h"
#include "parvis/governance/password.h"
#include "parvis/service/bounded_workers.h"
#include "parvis/service/guess_limiter.h"
#include "parvis/service/refusal.h"

namespace parvis::service {

struct SignInSettings {
  std::chrono::milliseconds session_life{std::chrono::hours(24)};
  int64_t wrong_per_minute = 60;  // passwords from one address; 0: no limit
  int hashes = 2;                 // at a time: each takes the cost's memory
  int waiting = 32;               // for one of them; others are sent away
  governance::HashCost cost = {};
};

struct PasswordTry {
  std::string organisation, user;  // ids or names
  std::string password;            // as typed
  std::string peer;                // the address that it comes from
  std::string device;              // SignedIn's of an earlier time; empty: none
};

struct SignedIn {
  governance::User user;
  governance::NewSession session;
  std::string device;  // what this browser shows when it tries again
};

// How people come in: they show who they are and get a session.
//
// Guessing passwords is slowed three ways: by address, by account, and by browser. Who has signed
// in before shows a mark of that browser and counts by it alone, so that strangers who use up the
// tries of an account do not lock its owner out. A try takes the same time whether there is such a
// user or not. Hashes are computed on threads of their own, a few at a time.
//
// Safe to call from several threads.
class SignIn {
 public:
  // Both outlive it.
  SignIn(governance::Directory& directory, governance::KeyRing& keys, governance::Pepper pepper,
         const SignInSettings& settings);

  // `done` is called once, perhaps from another thread.
  void ByPassword(PasswordTry attempt, std::function<void(OrRefusal<SignedIn>)> done);
  // Of somebody who showed elsewhere who they are. Waits for the disk.
  OrRefusal<SignedIn> Enter(const governance::User& user, const std::string& method);

  // Of who shows the old one: their tries count as those of signing in.
  void ChangePassword(PasswordTry attempt, std::string password,
                      std::function<void(std::optional<Refusal>)> done);
  // A new password; ends the user's sessions.
  void SetPassword(governance::User user, std::string password,
                   std::function<void(std::optional<Refusal>)> done);

 private:
  // Who it is, if the password is theirs.
  OrRefusal<governance::User> Try(const PasswordTry& attempt);
  std::optional<Refusal> Set(const governance::User& user, const std::string& password);
  OrRefusal<std::optional<governance::User>> Find(const PasswordTry& attempt);
  bool KnowsDevice(const std::string& device, const std::string& user_id, std::string& name) const;

  governance::Directory& directory_;
  governance::KeyRing& keys_;
  const governance::Pepper pepper_;
  const SignInSettings settings_;
  const governance::PasswordHasher hasher_;
  GuessLimiter of_address_, of_account_, of_device_;
  BoundedWorkers workers_;  // the last: ends before what its jobs use
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_SIGN_IN_H_
