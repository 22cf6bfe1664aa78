#ifndef PARVIS_SERVER_SESSION_COOKIE_H_
#define PARVIS_SERVER_SESSION_COOKIE_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "parvis/server/http.h"
#include "parvis/server/http_server.h"
#include "parvis/service/refusal.h"

// How a browser shows a session: a cookie that pages cannot read and other sites cannot set, and,
// for what changes something, a CSRF token that other sites cannot know and the page's own origin.
namespace parvis::server {

struct CookieRules {
  bool secure = false;     // browsers reach us by TLS
  std::string public_url;  // where they find us, if not as we listen
};
CookieRules CookieRulesOf(const HttpServerSettings& settings);

// "__Host-parvis-NAME", which browsers take by TLS, for our host and all its paths alone; without
// TLS "parvis-NAME", which promises nothing.
std::string CookieName(std::string_view name, const CookieRules& rules);
inline constexpr std::string_view kSessionCookie = "session";
inline constexpr std::string_view kDeviceCookie = "device";

// The cookie's value; empty if there is none, or if there are several: somebody else's may be one.
std::string CookieOf(const HttpRequest& request, std::string_view name, const CookieRules& rules);
// The set-cookie header of one that goes to us alone and that no script sees. `life` 0: it goes.
std::pair<std::string, std::string> SetCookie(std::string_view name, std::string_view value,
                                              std::chrono::seconds life, const CookieRules& rules);

// What a page of ours sends as x-csrf-token: of this session alone, and it says nothing about it.
std::string CsrfTokenOf(std::string_view session);

// Whether a page of ours sent the request: its origin is there and is our own.
bool FromOwnPage(const HttpRequest& request, const CookieRules& rules);

// Why a request with this session is not done: it changes something and is not our page's doing.
std::optional<service::Refusal> CheckCsrf(const HttpRequest& request, std::string_view session,
                                          const CookieRules& rules);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_SESSION_COOKIE_H_
