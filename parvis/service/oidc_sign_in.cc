#include "parvis/service/oidc_sign_in.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "fmt/format.h"
#include "parvis/core/base64.h"
#include "parvis/core/clock.h"
#include "parvis/core/sha256.h"
#include "parvis/governance/id_token.h"

namespace parvis::service {
namespace {

using governance::User;

constexpr int64_t kTicketMs = 600'000;
constexpr size_t kMaxText = 4096;
constexpr int kThreads = 4, kWaiting = 32;

Refusal Refused(std::string message) {
  return {RefusalKind::kForbidden, std::move(message), {}, "sign_in_refused", {}};
}

Refusal Unavailable() {
  return {RefusalKind::kUnavailable, "Nobody can sign in now.", {}, {}, 1000};
}

// What the provider did, or did not. The message is of ours and holds nothing of its own.
Refusal OfProvider(const Status& status) {
  if (status.code() == StatusCode::kPermissionDenied) {
    return Refused("The provider's word is not taken: " + status.message() + ".");
  }
  return {RefusalKind::kUpstreamFailed,
          "The provider does not do what it should: " + status.message() + "."};
}

Refusal NoProvider() { return {RefusalKind::kNotFound, "There is no such provider."}; }

Refusal NoTicket() {
  return {RefusalKind::kInvalid,
          "This sign-in was not begun in this browser, took longer than ten minutes, or is done. "
          "Begin again.",
          {},
          "sign_in_expired",
          {}};
}

// "login_required"; whatever else it says is not repeated.
std::string ErrorWord(const std::string& error) {
  const bool plain = !error.empty() && error.size() <= 40 &&
                     std::all_of(error.begin(), error.end(),
                                 [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return plain ? error : "an error";
}

// A name that CheckName takes, out of whatever a provider says; empty: it says none.
std::string NameOf(const Json& claims, const std::string& claim) {
  const auto found = claims.find(claim);
  if (found == claims.end() || !found->is_string()) return {};
  std::string name;
  for (const char c : found->get<std::string>()) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) name += c;
  }
  if (name.size() > 48) {  // room for a number behind it
    size_t end = 48;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
    name.resize(end);
  }
  return governance::CheckName(name).ok() ? name : std::string();
}

bool HasClaim(const Json& claims, const std::string& name, const std::string& value) {
  const auto found = claims.find(name);
  if (found == claims.end()) return false;
  if (found->is_array())
    return std::find(found->begin(), found->end(), Json(value)) != found->end();
  return *found == value;
}

std::vector<std::string> Split(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

bool IsOwnPath(const std::string& target) {
  const auto plain = [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '\\'; };
  return target.starts_with('/') && !target.starts_with("//") && target.size() <= 512 &&
         std::all_of(target.begin(), target.end(), plain);
}

struct OidcSignIn::Ticket {
  OidcProvider::Start start;
  std::string target;
  int64_t expires_ms = 0;
};

OidcSignIn::OidcSignIn(const Settings& settings, const OidcNetwork& network,
                       governance::Directory& directory, SignIn& sign_in, governance::Pepper pepper)
    : home_(settings.home),
      directory_(directory),
      sign_in_(sign_in),
      pepper_(std::move(pepper)),
      of_address_(settings.wrong_per_minute),
      workers_(kThreads, kWaiting) {
  for (const OidcSettings& one : settings.providers) {
    providers_.push_back(std::make_unique<OidcProvider>(one, network));
  }
}

std::vector<std::string> OidcSignIn::Providers() const {
  std::vector<std::string> names;
  for (const auto& provider : providers_) names.push_back(provider->settings().name);
  return names;
}

OidcProvider* OidcSignIn::Find(const std::string& name) {
  for (const auto& provider : providers_) {
    if (provider->settings().name == name) return provider.get();
  }
  return nullptr;
}

std::string OidcSignIn::RedirectUri(const std::string& provider) const {
  return home_ + "/v1/oidc/" + provider + "/callback";
}

void OidcSignIn::Begin(const std::string& name, const std::string& target, const std::string& peer,
                       std::function<void(OrRefusal<Begun>)> done) {
  OidcProvider* const provider = Find(name);
  if (provider == nullptr) return done(NoProvider());
  if (!IsOwnPath(target)) {
    return done(Invalid("to", "'to' must be a path of this server, such as /", "invalid_value"));
  }
  if (const auto wait = of_address_.Note(peer)) {
    return done(
        Refusal{RefusalKind::kRateLimited, "Too many tries.", {}, "rate_limit_exceeded", wait});
  }
  const bool posted =
      workers_.Post([this, provider, target, done] { done(Begin(*provider, target)); });
  if (!posted) done(Unavailable());
}

OrRefusal<OidcSignIn::Begun> OidcSignIn::Begin(OidcProvider& provider, const std::string& target) {
  const auto state = governance::RandomBytes(32), nonce = governance::RandomBytes(32),
             verifier = governance::RandomBytes(32);
  if (!state.ok() || !nonce.ok() || !verifier.ok()) return Unavailable();
  const std::string& name = provider.settings().name;
  const OidcProvider::Start start{RedirectUri(name), ToBase64Url(*state), ToBase64Url(*nonce),
                                  ToBase64Url(*verifier)};
  auto url = provider.AuthorizationUrl(start);
  if (!url.ok()) return OfProvider(url.status());
  const std::string ticket =
      fmt::format("{}.{}.{}.{}.{}.{}", name, start.state, start.nonce, start.verifier,
                  WallClockMs() + kTicketMs, ToBase64Url(target));
  return Begun{std::move(url).value(), ticket + "." + ToBase64Url(pepper_.MacOf("oidc", ticket))};
}

// The ticket, if we gave it, it is this provider's and this answer's, and its time is not over.
OrRefusal<OidcSignIn::Ticket> OidcSignIn::Open(const std::string& text,
                                               const OidcAnswer& answer) const {
  const size_t last = text.rfind('.');
  if (last == std::string::npos || text.size() > kMaxText) return NoTicket();
  const std::string mac = ToBase64Url(pepper_.MacOf("oidc", text.substr(0, last)));
  const std::string shown = text.substr(last + 1);
  if (shown.size() != mac.size() || CRYPTO_memcmp(shown.data(), mac.data(), mac.size()) != 0) {
    return NoTicket();
  }
  const std::vector<std::string> parts = Split(text.substr(0, last), '.');
  if (parts.size() != 6 || parts[0] != answer.provider) return NoTicket();
  Ticket ticket{{RedirectUri(parts[0]), parts[1], parts[2], parts[3]}, {}, 0};
  std::from_chars(parts[4].data(), parts[4].data() + parts[4].size(), ticket.expires_ms);
  ticket.target = FromBase64Url(parts[5]).value_or("/");
  const std::string state = answer.state.value_or("");
  const bool same = state.size() == parts[1].size() &&
                    CRYPTO_memcmp(state.data(), parts[1].data(), state.size()) == 0;
  if (!same || ticket.expires_ms <= WallClockMs()) return NoTicket();
  return ticket;
}

void OidcSignIn::Finish(OidcAnswer answer, std::function<void(OrRefusal<Done>)> done) {
  OidcProvider* const provider = Find(answer.provider);
  if (provider == nullptr) return done(NoProvider());
  if (const auto wait = of_address_.Note(answer.peer)) {
    return done(
        Refusal{RefusalKind::kRateLimited, "Too many tries.", {}, "rate_limit_exceeded", wait});
  }
  auto shared = std::make_shared<OidcAnswer>(std::move(answer));
  const bool posted = workers_.Post([this, provider, shared, done] {
    auto finished = Finish(*provider, *shared);
    if (finished.ok()) {  // coming in costs no tries, neither to leave nor to come back
      of_address_.GiveBack(shared->peer);
      of_address_.GiveBack(shared->peer);
    }
    done(std::move(finished));
  });
  if (!posted) done(Unavailable());
}

OrRefusal<OidcSignIn::Done> OidcSignIn::Finish(OidcProvider& provider, const OidcAnswer& answer) {
  const auto ticket = Open(answer.ticket, answer);
  if (!ticket.ok()) return ticket.refusal();
  const auto from = provider.IsFrom(answer.issuer);
  if (!from.ok()) return OfProvider(from.status());
  if (!*from) return Refused("The answer is another provider's.");
  // Once, whatever comes of it.
  const auto first = directory_.UseOnce(Sha256Hex(ticket->start.state), ticket->expires_ms);
  if (!first.ok()) return Unavailable();
  if (!*first) return NoTicket();
  if (answer.error) return Refused("The provider says " + ErrorWord(*answer.error) + ".");
  const std::string code = answer.code.value_or("");
  if (code.empty() || code.size() > kMaxText) return Refused("The provider sent no code.");
  const auto claims = provider.Redeem(code, ticket->start);
  if (!claims.ok()) return OfProvider(claims.status());
  const auto person = Person(provider.settings(), *claims);
  if (!person.ok()) return person.refusal();
  auto in = sign_in_.Enter(*person, "oidc:" + provider.settings().name);
  if (!in.ok()) return in.refusal();
  return Done{*std::move(in), ticket->target};
}

OrRefusal<User> OidcSignIn::Person(const OidcSettings& settings, const Json& claims) {
  if (!settings.require_claim.empty() &&
      !HasClaim(claims, settings.require_claim, settings.require_value)) {
    return Refused("Not everybody whom this provider knows may sign in here.");
  }
  const std::string subject = governance::SubjectOf(claims);
  const auto organisation = directory_.FindOrganisation(settings.organisation);
  if (!organisation.ok()) return Unavailable();
  auto known = directory_.UserOfIdentity(organisation->id, settings.issuer, subject);
  if (known.ok()) return std::move(known).value();
  if (known.status().code() != StatusCode::kNotFound) return Unavailable();
  if (!settings.new_users) {
    return Refused(
        fmt::format("You are not known here. Whoever runs this server can say who you "
                    "are: parvis user link NAME --issuer {} --subject {}",
                    settings.issuer, subject));
  }
  User user{.organisation = organisation->id, .role = settings.new_role};
  if (!settings.new_group.empty()) {
    const auto group = directory_.FindGroup(organisation->id, settings.new_group);
    if (!group.ok()) return Unavailable();
    user.group = group->id;
  }
  user.name = NameOf(claims, settings.name_claim);
  if (user.name.empty()) user.name = "somebody";
  auto made = directory_.AddUserOfIdentity(std::move(user), settings.issuer, subject);
  if (!made.ok()) return Unavailable();
  return std::move(made).value();
}

}  // namespace parvis::service
