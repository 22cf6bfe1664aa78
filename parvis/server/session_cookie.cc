#include "parvis/server/session_cookie.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "parvis/core/base64.h"
#include "parvis/governance/secret.h"

namespace parvis::server {
namespace {

bool EqualNames(std::string_view a, std::string_view b) {
  const auto same = [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), same);
}

}  // namespace

CookieRules CookieRulesOf(const HttpServerSettings& settings) {
  return {!settings.certificate.empty() || settings.public_url.starts_with("https://"),
          settings.public_url};
}

std::string CookieName(std::string_view name, const CookieRules& rules) {
  return fmt::format("{}parvis-{}", rules.secure ? "__Host-" : "", name);
}

std::string CookieOf(const HttpRequest& request, std::string_view name, const CookieRules& rules) {
  const std::string wanted = CookieName(name, rules);
  std::string_view all = request.Header("cookie");
  std::string value;
  while (!all.empty()) {
    const size_t end = std::min(all.find(';'), all.size());
    std::string_view one = all.substr(0, end);
    all.remove_prefix(std::min(end + 1, all.size()));
    while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
    const size_t equals = one.find('=');
    if (equals == std::string_view::npos || one.substr(0, equals) != wanted) continue;
    if (!value.empty()) return {};
    value = one.substr(equals + 1);
  }
  return value;
}

std::pair<std::string, std::string> SetCookie(std::string_view name, std::string_view value,
                                              std::chrono::seconds life, const CookieRules& rules) {
  return {"set-cookie", fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{}",
                                    CookieName(name, rules), value, life.count(),
                                    rules.secure ? "; Secure" : "")};
}

std::string CsrfTokenOf(std::string_view session) {
  constexpr std::string_view kPurpose = "parvis x-csrf-token";
  std::array<unsigned char, 32> mac;
  unsigned int size = 0;
  HMAC(EVP_sha256(), session.data(), static_cast<int>(session.size()),
       reinterpret_cast<const unsigned char*>(kPurpose.data()), kPurpose.size(), mac.data(), &size);
  return ToBase64Url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

bool FromOwnPage(const HttpRequest& request, const CookieRules& rules) {
  const std::string_view origin = request.Header("origin");
  if (!rules.public_url.empty() && origin == rules.public_url) return true;
  const size_t colon = origin.find("://");
  if (colon == std::string_view::npos) return false;
  // Without TLS of our own a proxy may have taken it off.
  const std::string_view scheme = origin.substr(0, colon);
  if (scheme != "https" && (rules.secure || scheme != "http")) return false;
  return EqualNames(origin.substr(colon + 3), request.Header("host"));
}

std::optional<service::Refusal> CheckCsrf(const HttpRequest& request, std::string_view session,
                                          const CookieRules& rules) {
  if (request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS") {
    return std::nullopt;
  }
  const service::Refusal refusal{
      service::RefusalKind::kForbidden,
      "A session changes something only from a page of this server: 'Origin' must be its own, and "
      "'x-csrf-token' the session's.",
      {},
      "invalid_csrf_token",
      {}};
  const std::string token = CsrfTokenOf(session);
  const std::string_view shown = request.Header("x-csrf-token");
  const bool same =
      shown.size() == token.size() && CRYPTO_memcmp(shown.data(), token.data(), token.size()) == 0;
  if (!same || !FromOwnPage(request, rules)) return refusal;
  return std::nullopt;
}

}  // namespace parvis::server
