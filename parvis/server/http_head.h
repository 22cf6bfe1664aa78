#ifndef PARVIS_SERVER_HTTP_HEAD_H_
#define PARVIS_SERVER_HTTP_HEAD_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/server/http.h"
#include "parvis/service/refusal.h"

// What is checked of a request's head beside its grammar, and how an answer's head is written.
namespace parvis::server {

// What two readers of a head could read differently: a line end that is not CR LF, a line that goes
// on on the next one, zero bytes, several lengths or hosts, a length beside a transfer encoding, an
// encoding that is not "chunked". `head` ends with the empty line.
std::optional<service::Refusal> CheckHead(std::string_view head);

// Whether a client may call us by this name (HttpServerSettings::allowed_hosts), and whether a page
// of this origin may.
bool HostAllowed(std::string_view host, const std::vector<std::string>& allowed);
bool OriginAllowed(std::string_view origin, std::string_view host,
                   const std::vector<std::string>& allowed);

// The credential of a request, in any of its forms: "Authorization: Bearer X", "x-api-key: X".
// Several that differ are a refusal, so that no form can hide another.
service::OrRefusal<std::string> CredentialOf(const HttpRequest& request);

struct HeadForm {
  std::string_view request_id;
  double seconds = 0;  // since the request came
  bool keep_alive = true;
  bool chunked = false;  // a stream; else the body's length is told
  size_t body_bytes = 0;
  std::string trace_parent = {}, server_timing = {};  // headers of those names; empty: none
};
std::string HeadOf(const HttpResponse& response, const HeadForm& form);

// "req_" and 24 random hexadecimal digits.
std::string NewRequestId();

}  // namespace parvis::server

#endif  // PARVIS_SERVER_HTTP_HEAD_H_
