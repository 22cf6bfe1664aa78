#include "parvis/server/router.h"

#include <algorithm>
#include <set>

namespace parvis::server {
namespace {

std::vector<std::string_view> PartsOf(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const size_t end = std::min(path.find('/'), path.size());
    parts.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing for "%" without two digits, and for what would end a C string.
std::optional<std::string> Decoded(std::string_view part) {
  std::string text;
  for (size_t i = 0; i < part.size(); ++i) {
    if (part[i] != '%') {
      text += part[i];
      continue;
    }
    const int high = i + 2 < part.size() ? HexDigit(part[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(part[i + 2]) : -1;
    if (low < 0 || high * 16 + low == 0) return std::nullopt;
    text += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return text;
}

bool IsCapture(std::string_view part) { return part.starts_with('{'); }
bool IsRest(std::string_view part) { return part.ends_with("*}"); }

bool Matches(std::string_view pattern, const std::vector<std::string_view>& parts,
             std::vector<std::string>& captures) {
  const std::vector<std::string_view> wanted = PartsOf(pattern);
  captures.clear();
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (i >= parts.size()) return false;
    if (!IsCapture(wanted[i])) {
      if (wanted[i] != parts[i]) return false;
      continue;
    }
    std::string all;
    const size_t end = IsRest(wanted[i]) ? parts.size() : i + 1;
    for (size_t j = i; j < end; ++j) {
      const auto part = Decoded(parts[j]);
      if (!part || part->empty()) return false;
      all += (j > i ? "/" : "") + *part;
    }
    captures.push_back(std::move(all));
    if (IsRest(wanted[i])) return true;
  }
  return parts.size() == wanted.size();
}

}  // namespace

Result<Router> Router::Make(std::vector<Route> routes) {
  std::set<std::string> seen;
  for (const Route& route : routes) {
    const std::string name = route.method + " " + route.pattern;
    if (route.policy.kind == Policy::Kind::kUndeclared) {
      return Internal(name + ": the route declares no policy");
    }
    if (!seen.insert(name).second) return Internal(name + ": the route is there twice");
    if (!route.pattern.starts_with('/') || !route.handler) {
      return Internal(name + ": the route has no path or no handler");
    }
    if ((route.body == nullptr) != (route.max_body_bytes == 0)) {
      return Internal(name + ": a body needs a shape and a limit");
    }
  }
  return Router(std::move(routes));
}

Router::Match Router::Find(std::string_view method, std::string_view path) const {
  Match match;
  if (!path.starts_with('/')) return match;
  const std::vector<std::string_view> parts = PartsOf(path);
  for (const Route& route : routes_) {
    std::vector<std::string> captures;
    if (!Matches(route.pattern, parts, captures)) continue;
    if (route.method == method || (method == "HEAD" && route.method == "GET")) {
      match.route = &route;
      match.captures = std::move(captures);
      return match;
    }
    match.allow += (match.allow.empty() ? "" : ", ") + route.method;
  }
  return match;
}

}  // namespace parvis::server
