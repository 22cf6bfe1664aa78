#include "parvis/governance/id_token.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace parvis::governance {
namespace {

constexpr int64_t kLeewaySeconds = 60;
constexpr int64_t kMaxAgeSeconds = 600;
constexpr size_t kMaxSubjectBytes = 255;
constexpr double kLastSecond = 253402300799.0;  // of the year 9999

Status Wrong(const char* why) {
  return {StatusCode::kPermissionDenied, std::string("the ID token ") + why};
}

std::optional<std::string> Text(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// Nothing, if it is missing or no time.
std::optional<int64_t> Seconds(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const double value = found->get<double>();
  if (!(value >= 0.0 && value <= kLastSecond)) return std::nullopt;
  return static_cast<int64_t>(value);
}

// One audience is us; of several we must be one, and the one that it was made for.
Status CheckAudience(const Json& claims, const std::string& client_id) {
  const auto audience = claims.find("aud");
  const auto party = claims.find("azp");
  const bool named = party != claims.end();
  if (named && (!party->is_string() || *party != client_id)) return Wrong("is for another party");
  if (audience == claims.end()) return Wrong("is for nobody");
  if (audience->is_string()) {
    return *audience == client_id ? Status() : Wrong("is for somebody else");
  }
  const bool ours =
      audience->is_array() && !audience->empty() &&
      std::all_of(audience->begin(), audience->end(),
                  [](const Json& one) { return one.is_string(); }) &&
      std::find(audience->begin(), audience->end(), Json(client_id)) != audience->end();
  if (!ours) return Wrong("is for somebody else");
  return audience->size() == 1 || named ? Status() : Wrong("is for several, and does not say whom");
}

Status CheckTimes(const Json& claims, int64_t now) {
  const auto expires = Seconds(claims, "exp"), issued = Seconds(claims, "iat");
  if (!expires || *expires + kLeewaySeconds <= now) return Wrong("is over");
  if (!issued || *issued > now + kLeewaySeconds) return Wrong("is from the future");
  if (*issued + kMaxAgeSeconds < now) return Wrong("was issued too long ago");
  if (claims.contains("nbf")) {
    const auto begins = Seconds(claims, "nbf");
    if (!begins || *begins > now + kLeewaySeconds) return Wrong("counts later only");
  }
  return {};
}

}  // namespace

Status CheckIdToken(const Json& claims, const IdTokenRules& rules) {
  if (!claims.is_object()) return Wrong("holds no claims");
  if (rules.issuer.empty() || Text(claims, "iss") != rules.issuer) {
    return Wrong("is of another issuer");
  }
  PARVIS_RETURN_IF_ERROR(CheckAudience(claims, rules.client_id));
  PARVIS_RETURN_IF_ERROR(CheckTimes(claims, rules.now_s));
  if (rules.nonce.empty() || Text(claims, "nonce") != rules.nonce) {
    return Wrong("is of another sign-in");
  }
  const std::string subject = Text(claims, "sub").value_or("");
  const auto printable = [](unsigned char c) { return c > 0x20 && c < 0x7f; };
  if (subject.empty() || subject.size() > kMaxSubjectBytes ||
      !std::all_of(subject.begin(), subject.end(), printable)) {
    return Wrong("says not who it is about");
  }
  return {};
}

std::string SubjectOf(const Json& claims) { return claims.at("sub").get<std::string>(); }

}  // namespace parvis::governance
