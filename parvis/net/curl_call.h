#ifndef PARVIS_NET_CURL_CALL_H_
#define PARVIS_NET_CURL_CALL_H_

#include <curl/curl.h>

#include <memory>

#include "parvis/core/result.h"
#include "parvis/net/http_client.h"

// What the sources of this folder share of libcurl; nobody else includes it.
namespace parvis::net {

struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using Multi = std::unique_ptr<CURLM, FreeMulti>;

// Something that keeps the connection of a call that has ended, one at most, for the next one.
// Everything else of a call (its body, its key, its buffers) ends with it. Null: out of memory.
Multi NewMulti();

// As Send, over `multi`. `kept`: the socket of the connection that is kept now, or
// CURL_SOCKET_BAD.
Result<HttpReply> SendOver(CURLM* multi, const HttpCall& call, curl_socket_t& kept);

}  // namespace parvis::net

#endif  // PARVIS_NET_CURL_CALL_H_
