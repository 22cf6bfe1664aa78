#ifndef PARVIS_SERVICE_OIDC_SIGN_IN_H_
#define PARVIS_SERVICE_OIDC_SIGN_IN_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parvis/service/bounded_workers.h"
#include "parvis/service/guess_limiter.h"
#include "parvis/service/oidc_provider.h"
#include "parvis/service/refusal.h"
#include "parvis/service/sign_in.h"

namespace parvis::service {

// What a browser brings back from a provider.
struct OidcAnswer {
  std::string provider;  // by the route
  std::optional<std::string> code, state, error, issuer;
  std::string ticket;  // Begun's
  std::string peer;
};

// Signing in at somebody else's: authorization code with PKCE (RFC 7636), state and nonce (OpenID
// Connect Core 1.0). Between leaving and coming back nothing is kept here: the browser has a
// ticket, signed by the pepper, that holds for ten minutes and once.
//
// Who it is, the issuer's subject says, and never a name or an address of mail: those change hands.
//
// Safe to call from several threads.
class OidcSignIn {
 public:
  struct Settings {
    std::vector<OidcSettings> providers;
    std::string home;               // "https://parvis.example", where browsers find us
    int64_t wrong_per_minute = 60;  // tries that led to nothing, from one address; 0: no limit
  };
  // `directory` and `sign_in` outlive it.
  OidcSignIn(const Settings& settings, const OidcNetwork& network, governance::Directory& directory,
             SignIn& sign_in, governance::Pepper pepper);

  std::vector<std::string> Providers() const;

  struct Begun {
    std::string url;     // where the browser goes
    std::string ticket;  // what it brings back
  };
  // `target`: a path here, where the browser ends. `done` is called once, from another thread.
  void Begin(const std::string& provider, const std::string& target, const std::string& peer,
             std::function<void(OrRefusal<Begun>)> done);

  struct Done {
    SignedIn in;
    std::string target;
  };
  void Finish(OidcAnswer answer, std::function<void(OrRefusal<Done>)> done);

 private:
  struct Ticket;
  OidcProvider* Find(const std::string& name);
  std::string RedirectUri(const std::string& provider) const;
  OrRefusal<Begun> Begin(OidcProvider& provider, const std::string& target);
  OrRefusal<Ticket> Open(const std::string& text, const OidcAnswer& answer) const;
  OrRefusal<Done> Finish(OidcProvider& provider, const OidcAnswer& answer);
  OrRefusal<governance::User> Person(const OidcSettings& settings, const Json& claims);

  std::vector<std::unique_ptr<OidcProvider>> providers_;
  const std::string home_;
  governance::Directory& directory_;
  SignIn& sign_in_;
  const governance::Pepper pepper_;
  GuessLimiter of_address_;
  BoundedWorkers workers_;  // the last: ends before what its jobs use
};

// Whether a path is one of ours, and no other server's: "/a?b", not "//evil" nor "/\evil".
bool IsOwnPath(const std::string& target);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_OIDC_SIGN_IN_H_
