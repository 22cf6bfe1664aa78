#include "parvis/service/oidc_provider.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "parvis/core/base64.h"
#include "parvis/core/clock.h"
#include "parvis/core/sha256.h"
#include "parvis/governance/id_token.h"
#include "parvis/governance/secret.h"

namespace parvis::service {
namespace {

using std::chrono::hours, std::chrono::minutes, std::chrono::seconds;

constexpr JsonLimits kReply{.max_bytes = size_t{256} << 10, .max_depth = 16, .max_values = 20'000};

Status Wrong(const std::string& why) { return {StatusCode::kUnavailable, why}; }

std::string Text(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Whether a list of the description has it; a list that is not there says nothing against it.
bool Has(const Json& json, const char* name, const char* value, bool if_missing) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_array()) return if_missing;
  return std::find(found->begin(), found->end(), Json(value)) != found->end();
}

using Form = std::vector<std::pair<const char*, std::string>>;

std::string FormOf(const Form& fields) {
  std::string text;
  for (const auto& [name, value] : fields) {
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, PercentEncoded(value));
  }
  return text;
}

// RFC 7636: what is told first of what is shown later.
std::string ChallengeOf(const std::string& verifier) {
  const Sha256Digest digest = Sha256(verifier);
  return ToBase64Url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

std::string PercentEncoded(std::string_view text) {
  std::string encoded;
  for (const unsigned char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    encoded += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  }
  return encoded;
}

OidcProvider::OidcProvider(OidcSettings settings, OidcNetwork network)
    : settings_(std::move(settings)), network_(std::move(network)) {}

Result<Json> OidcProvider::Fetch(const OidcCall& call) {
  PARVIS_RETURN_IF_ERROR(network_.check(call.url));
  PARVIS_ASSIGN_OR_RETURN(const OidcReply reply, network_.send(call));
  if (reply.status != 200) return Wrong(fmt::format("the provider says {}", reply.status));
  auto json = ParseJson(reply.body, kReply);
  if (!json.ok() || !json->is_object()) return Wrong("the provider says what is no JSON object");
  return json;
}

// What is old is taken where nothing newer can be had.
Status OidcProvider::Describe() {
  const Time now = network_.now();
  if (description_ && now - *described_at_ < hours(1)) return {};
  if (failed_at_ && now - *failed_at_ < seconds(10)) {
    return description_ ? Status() : Wrong("the provider did not answer a moment ago");
  }
  Description made;
  const Status status = [&]() -> Status {
    std::string url = settings_.issuer;
    while (url.ends_with('/')) url.pop_back();
    PARVIS_ASSIGN_OR_RETURN(const Json json, Fetch({url + "/.well-known/openid-configuration"}));
    if (Text(json, "issuer") != settings_.issuer) return Wrong("the provider is another issuer");
    made.authorization = Text(json, "authorization_endpoint");
    made.token = Text(json, "token_endpoint");
    made.keys = Text(json, "jwks_uri");
    for (const std::string& one : {made.authorization, made.token, made.keys}) {
      PARVIS_RETURN_IF_ERROR(network_.check(one));
    }
    if (!Has(json, "code_challenge_methods_supported", "S256", true)) {
      return Wrong("the provider does not know PKCE by S256");
    }
    const char* const kMethods = "token_endpoint_auth_methods_supported";
    made.secret_in_form = !Has(json, kMethods, "client_secret_basic", true) &&
                          Has(json, kMethods, "client_secret_post", false);
    const auto names = json.find("authorization_response_iss_parameter_supported");
    made.names_itself = names != json.end() && *names == true;
    return {};
  }();
  if (!status.ok()) {
    failed_at_ = now;
    return description_ ? Status() : status;
  }
  description_ = std::move(made);
  described_at_ = now;
  return {};
}

Status OidcProvider::ReadKeys() {
  PARVIS_RETURN_IF_ERROR(Describe());
  const Time now = network_.now();
  if (failed_at_ && now - *failed_at_ < seconds(10)) {
    return Wrong("the provider did not answer a moment ago");
  }
  const Status status = [&]() -> Status {
    PARVIS_RETURN_IF_ERROR(network_.check(description_->keys));
    PARVIS_ASSIGN_OR_RETURN(const OidcReply reply, network_.send({description_->keys}));
    if (reply.status != 200) return Wrong("the provider shows no keys");
    PARVIS_ASSIGN_OR_RETURN(keys_, governance::ReadKeySet(reply.body));
    return {};
  }();
  if (status.ok()) {
    keys_at_ = now;
  } else {
    failed_at_ = now;
  }
  return status;
}

// An ID token that does not name its key has the only one that fits.
const governance::PublicKey* OidcProvider::Find(const governance::Jws& jws) const {
  const governance::PublicKey* found = nullptr;
  for (const governance::PublicKey& key : keys_) {
    if (!governance::Fits(key, jws) || (!jws.key_id.empty() && key.id != jws.key_id)) continue;
    if (found != nullptr) return nullptr;
    found = &key;
  }
  return found;
}

Result<governance::PublicKey> OidcProvider::KeyOf(const governance::Jws& jws) {
  const std::lock_guard lock(mutex_);
  if (!keys_at_ || network_.now() - *keys_at_ >= hours(1)) {
    const Status status = ReadKeys();
    if (!status.ok()) return status;  // keys that were taken back must not count for ever
  }
  if (const auto* key = Find(jws)) return *key;
  if (network_.now() - *keys_at_ >= minutes(1)) {
    PARVIS_RETURN_IF_ERROR(ReadKeys());
    if (const auto* key = Find(jws)) return *key;
  }
  return Status(StatusCode::kPermissionDenied, "the ID token is by no key of the provider's");
}

Result<std::string> OidcProvider::AuthorizationUrl(const Start& start) {
  std::string url;
  {
    const std::lock_guard lock(mutex_);
    PARVIS_RETURN_IF_ERROR(Describe());
    url = description_->authorization;
  }
  return url + (url.find('?') == std::string::npos ? "?" : "&") +
         FormOf({{"response_type", "code"},
                 {"client_id", settings_.client_id},
                 {"redirect_uri", start.redirect_uri},
                 {"scope", settings_.scopes},
                 {"state", start.state},
                 {"nonce", start.nonce},
                 {"code_challenge", ChallengeOf(start.verifier)},
                 {"code_challenge_method", "S256"}});
}

Result<bool> OidcProvider::IsFrom(const std::optional<std::string>& issuer) {
  if (issuer) return *issuer == settings_.issuer;
  const std::lock_guard lock(mutex_);
  PARVIS_RETURN_IF_ERROR(Describe());
  return !description_->names_itself;
}

OidcCall OidcProvider::TokenCall(const Description& description, const std::string& code,
                                 const Start& start) const {
  Form form = {{"grant_type", "authorization_code"},
               {"code", code},
               {"redirect_uri", start.redirect_uri},
               {"code_verifier", start.verifier}};
  OidcCall call{description.token, {}, {}};
  const bool basic = !settings_.client_secret.empty() && !description.secret_in_form;
  if (basic) {
    call.authorization = "Basic " + ToBase64(PercentEncoded(settings_.client_id) + ":" +
                                             PercentEncoded(settings_.client_secret));
  } else {
    form.emplace_back("client_id", settings_.client_id);
    if (!settings_.client_secret.empty()) {
      form.emplace_back("client_secret", settings_.client_secret);
    }
  }
  call.form = FormOf(form);
  return call;
}

Result<Json> OidcProvider::Redeem(const std::string& code, const Start& start) {
  Description description;
  {
    const std::lock_guard lock(mutex_);
    PARVIS_RETURN_IF_ERROR(Describe());
    description = *description_;
  }
  PARVIS_ASSIGN_OR_RETURN(const Json answer, Fetch(TokenCall(description, code, start)));
  PARVIS_ASSIGN_OR_RETURN(governance::Jws jws, governance::ReadJws(Text(answer, "id_token")));
  PARVIS_ASSIGN_OR_RETURN(const governance::PublicKey key, KeyOf(jws));
  PARVIS_RETURN_IF_ERROR(governance::VerifySignature(key, jws));
  const governance::IdTokenRules rules{settings_.issuer, settings_.client_id, start.nonce,
                                       WallClockMs() / 1000};
  PARVIS_RETURN_IF_ERROR(governance::CheckIdToken(jws.payload, rules));
  return std::move(jws.payload);
}

}  // namespace parvis::service
