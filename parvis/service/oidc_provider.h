#ifndef PARVIS_SERVICE_OIDC_PROVIDER_H_
#define PARVIS_SERVICE_OIDC_PROVIDER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/governance/jws.h"
#include "parvis/governance/permission.h"

namespace parvis::service {

// One service that says who people are, and what is made of its word.
struct OidcSettings {
  std::string name;           // here: "school"
  std::string issuer;         // "https://login.example/realms/school", as it calls itself
  std::string client_id;      // what we are called there
  std::string client_secret;  // empty: we have none
  std::string scopes = "openid profile";
  std::string organisation = "local";        // whose users they are, by id or name
  std::string name_claim = "name";           // what somebody new is called
  std::string require_claim, require_value;  // only who has this; empty: all whom it knows
  bool new_users = false;                    // whom we do not know becomes a user
  governance::Role new_role = governance::Role::kMember;
  std::string new_group;  // by id or name; empty: none
};

struct OidcCall {
  std::string url;
  std::string form;           // of a POST; empty: a GET
  std::string authorization;  // the header's value; may be empty
};
struct OidcReply {
  int status = 0;
  std::string body;
};
// Who carries it is told from outside; nothing on this floor opens a connection. Bounds size and
// time, follows no redirection.
struct OidcNetwork {
  std::function<Result<OidcReply>(const OidcCall&)> send;
  std::function<Status(const std::string& url)> check;  // whether a secret may go there
  std::function<std::chrono::steady_clock::time_point()> now = &std::chrono::steady_clock::now;
};

// What a provider says of itself (OpenID Connect Discovery 1.0), its keys, and the exchange of a
// code for an ID token that is checked. All that it sends is untrusted.
//
// Keys and description are kept for an hour. An ID token by a key that is not among them has the
// keys read anew, once a minute at most; after a failure nothing is asked for ten seconds.
//
// Safe to call from several threads; calls wait for the network.
class OidcProvider {
 public:
  OidcProvider(OidcSettings settings, OidcNetwork network);
  const OidcSettings& settings() const { return settings_; }

  struct Start {
    std::string redirect_uri, state, nonce, verifier;
  };
  // Where a browser is sent.
  Result<std::string> AuthorizationUrl(const Start& start);
  // Whether an answer with this `iss` (RFC 9207) can be this provider's.
  Result<bool> IsFrom(const std::optional<std::string>& issuer);
  // The claims of an ID token whose signature and claims are right.
  Result<Json> Redeem(const std::string& code, const Start& start);

 private:
  struct Description {
    std::string authorization, token, keys;  // URLs
    bool secret_in_form = false;
    bool names_itself = false;  // its answers have "iss"
  };
  using Time = std::chrono::steady_clock::time_point;
  Result<Json> Fetch(const OidcCall& call);
  // REQUIRES: mutex_ held
  Status Describe();
  Status ReadKeys();
  const governance::PublicKey* Find(const governance::Jws& jws) const;

  Result<governance::PublicKey> KeyOf(const governance::Jws& jws);
  OidcCall TokenCall(const Description& description, const std::string& code,
                     const Start& start) const;

  const OidcSettings settings_;
  const OidcNetwork network_;
  std::mutex mutex_;  // guards what follows
  std::optional<Description> description_;
  std::vector<governance::PublicKey> keys_;
  std::optional<Time> described_at_, keys_at_, failed_at_;
};

// "a b" → "a%20b"
std::string PercentEncoded(std::string_view text);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_OIDC_PROVIDER_H_
