#include "parvis/server/http_head.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "parvis/core/check.h"

namespace parvis::server {
namespace {

using service::Refusal;
using service::RefusalKind;

Refusal Malformed(std::string message) {
  return {RefusalKind::kInvalid, std::move(message), {}, "bad_request", {}};
}

char Lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool EqualNames(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "example.org:8080" → "example.org"; "[::1]:80" → "::1".
std::string_view NameOfHost(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

bool IsAddress(std::string_view name) {
  std::array<unsigned char, 16> bytes;
  const std::string text(name);
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 303:
      return "See Other";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

}  // namespace

std::optional<Refusal> CheckHead(std::string_view head) {
  if (head.find('\0') != std::string_view::npos) return Malformed("The head has a zero byte.");
  int lengths = 0, encodings = 0, hosts = 0;
  bool first = true;
  while (!head.empty()) {
    const size_t end = head.find('\n');
    if (end == 0 || end == std::string_view::npos || head[end - 1] != '\r') {
      return Malformed("A line of the head does not end with CR LF.");
    }
    const std::string_view line = head.substr(0, end - 1);
    head.remove_prefix(end + 1);
    if (line.find('\r') != std::string_view::npos)
      return Malformed("A line of the head has a CR in it.");
    if (line.empty() || first) {
      first = false;
      continue;
    }
    if (line.front() == ' ' || line.front() == '\t') {
      return Malformed("A header goes on on the next line.");
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return Malformed("A header has no colon.");
    const std::string_view name = line.substr(0, colon);
    if (EqualNames(name, "content-length")) {
      ++lengths;
      const std::string_view digits = Trimmed(line.substr(colon + 1));
      if (digits.empty() || digits.size() > 18 ||
          digits.find_first_not_of("0123456789") != std::string_view::npos) {
        return Malformed("The body's length is not a plain number.");
      }
    }
    if (EqualNames(name, "host")) ++hosts;
    if (EqualNames(name, "transfer-encoding")) {
      ++encodings;
      if (!EqualNames(Trimmed(line.substr(colon + 1)), "chunked")) {
        return Malformed("A transfer encoding other than 'chunked' is not taken.");
      }
    }
  }
  if (lengths + encodings > 1) return Malformed("The head tells the body's length more than once.");
  if (hosts > 1) return Malformed("The head names more than one host.");
  return std::nullopt;
}

bool HostAllowed(std::string_view host, const std::vector<std::string>& allowed) {
  const std::string_view name = NameOfHost(host);
  if (EqualNames(name, "localhost") || IsAddress(name)) return true;
  return std::any_of(allowed.begin(), allowed.end(),
                     [name](const std::string& other) { return EqualNames(name, other); });
}

bool OriginAllowed(std::string_view origin, std::string_view host,
                   const std::vector<std::string>& allowed) {
  if (origin.empty()) return true;
  if (std::find(allowed.begin(), allowed.end(), origin) != allowed.end()) return true;
  const size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && EqualNames(origin.substr(scheme + 3), host);
}

service::OrRefusal<std::string> CredentialOf(const HttpRequest& request) {
  constexpr std::string_view kBearer = "bearer ";
  std::string credential;
  const std::string_view authorization = request.Header("authorization");
  if (authorization.size() > kBearer.size() &&
      EqualNames(authorization.substr(0, kBearer.size()), kBearer)) {
    credential = Trimmed(authorization.substr(kBearer.size()));
  }
  const std::string_view key = request.Header("x-api-key");
  if (!key.empty() && !credential.empty() && key != credential) {
    return Refusal{RefusalKind::kUnauthenticated,
                   "'Authorization' and 'x-api-key' hold different keys.",
                   {},
                   "invalid_api_key",
                   {}};
  }
  if (credential.empty()) credential = key;
  return credential;
}

std::string HeadOf(const HttpResponse& response, const HeadForm& form) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, ReasonOf(response.status));
  const auto add = [&head](std::string_view name, std::string_view value) {
    head += fmt::format("{}: {}\r\n", name, value);
  };
  add("server", "parvis");
  if (!response.content_type.empty()) add("content-type", response.content_type);
  if (form.chunked) {
    add("transfer-encoding", "chunked");
    add("cache-control", "no-cache");
    add("x-accel-buffering", "no");
  } else {
    add("content-length", std::to_string(form.body_bytes));
    add("cache-control", "no-store");
  }
  add("x-content-type-options", "nosniff");
  add("x-request-id", form.request_id);
  add("openai-processing-ms", fmt::format("{:.0f}", form.seconds * 1000.0));
  add("openai-version", "2020-10-01");
  if (!form.trace_parent.empty()) add("traceparent", form.trace_parent);
  if (!form.server_timing.empty()) add("server-timing", form.server_timing);
  if (!form.keep_alive) add("connection", "close");
  for (const auto& [name, value] : response.headers) add(name, value);
  head += "\r\n";
  return head;
}

std::string NewRequestId() {
  std::array<unsigned char, 12> bytes;
  PARVIS_CHECK(RAND_bytes(bytes.data(), bytes.size()) == 1);
  std::string id = "req_";
  for (const unsigned char byte : bytes) id += fmt::format("{:02x}", byte);
  return id;
}

}  // namespace parvis::server
