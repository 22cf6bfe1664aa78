// One call through libcurl.

#include "parvis/net/http_client.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>

#include "parvis/core/wipe.h"
#include "parvis/net/curl_call.h"

namespace parvis::net {
namespace {

constexpr size_t kMaxHeaders = 256;
constexpr int64_t kMostRetryAfter = 86'400;
constexpr int kMostWaitMs = 1000;  // then HttpCall::stopped is asked

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string_view Trimmed(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

struct Running {
  const HttpCall& call;
  HttpReply reply;
  Status status;
  bool told_head = false;
};

size_t TakeHeader(char* data, size_t one, size_t count, void* opaque) {
  auto& running = *static_cast<Running*>(opaque);
  const std::string_view line = Trimmed({data, one * count});
  if (line.starts_with("HTTP/")) {  // of "100 Continue" and the like, too: the last one counts
    running.reply.headers.clear();
    const size_t space = line.find(' ');
    running.reply.status = 0;
    for (size_t i = space + 1; space != std::string_view::npos && i < line.size(); ++i) {
      if (std::isdigit(static_cast<unsigned char>(line[i])) == 0 || running.reply.status > 99)
        break;
      running.reply.status = running.reply.status * 10 + (line[i] - '0');
    }
    return one * count;
  }
  if (line.empty() && running.reply.status >= 200 && running.call.head && !running.told_head) {
    running.told_head = true;  // lines behind the body are no head
    running.status = running.call.head(running.reply);
    return running.status.ok() ? one * count : 0;
  }
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos && running.reply.headers.size() < kMaxHeaders) {
    running.reply.headers[LowerCase(std::string(line.substr(0, colon)))] =
        Trimmed(line.substr(colon + 1));
  }
  return one * count;
}

size_t TakeBody(char* data, size_t one, size_t count, void* opaque) {
  auto& running = *static_cast<Running*>(opaque);
  const std::string_view bytes(data, one * count);
  if (running.call.take) {
    running.status = running.call.take(running.reply, bytes);
    return running.status.ok() ? bytes.size() : CURL_WRITEFUNC_ERROR;
  }
  if (running.reply.body.size() + bytes.size() > running.call.max_body) {
    running.status = {StatusCode::kInvalidArgument, "the answer is too long"};
    return CURL_WRITEFUNC_ERROR;
  }
  running.reply.body += bytes;
  return bytes.size();
}

int AskStopped(void* opaque, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& running = *static_cast<const Running*>(opaque);
  return running.call.stopped && running.call.stopped() ? 1 : 0;
}

struct FreeEasy {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using List = std::unique_ptr<curl_slist, FreeList>;
using UrlHandle = std::unique_ptr<CURLU, FreeUrl>;

void StartCurl() {
  static std::once_flag once;
  std::call_once(once, [] {
    // What it gives back is wiped if that is what the process does: it carries prompts to others.
    curl_global_init_mem(CURL_GLOBAL_DEFAULT, &std::malloc, &WipingFree, &WipingRealloc, &::strdup,
                         &std::calloc);
  });
}

List HeadersOf(const HttpCall& call) {
  List list;
  const auto add = [&list](const std::string& line) {
    list.reset(curl_slist_append(list.release(), line.c_str()));
  };
  for (const auto& [name, value] : call.headers) add(name + ": " + value);
  add("Expect:");  // no waiting for "100 Continue"
  return list;
}

void SetUp(CURL* curl, const HttpCall& call, const Url& url, Running& running) {
  curl_easy_setopt(curl, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_NETRC, 0L);
  curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "parvis");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(call.connect_time.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, static_cast<long>(call.whole_time.count()));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(call.stall_time.count()));
  const bool loopback =
      url.host == "localhost" || url.host == "[::1]" || url.host.starts_with("127.");
  if (loopback) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  if (call.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  if (!call.body.empty()) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  }
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &TakeHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &running);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &TakeBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &running);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &AskStopped);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &running);
}

// Waits for the end of `curl`. `kept` as of SendOver.
CURLcode Perform(CURLM* multi, CURL* curl, curl_socket_t& kept) {
  if (curl_multi_add_handle(multi, curl) != CURLM_OK) return CURLE_FAILED_INIT;
  CURLMcode status = CURLM_OK;
  int running = 1;
  while (status == CURLM_OK && running > 0) {
    status = curl_multi_perform(multi, &running);
    if (status == CURLM_OK && running > 0) {
      status = curl_multi_poll(multi, nullptr, 0, kMostWaitMs, nullptr);
    }
  }
  CURLcode code = CURLE_FAILED_INIT;
  int left = 0;
  const CURLMsg* const said = curl_multi_info_read(multi, &left);
  if (status == CURLM_OK && said != nullptr && said->msg == CURLMSG_DONE) code = said->data.result;
  curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &kept);
  curl_multi_remove_handle(multi, curl);
  return code;
}

// The part of a URL, or empty.
std::string PartOf(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK || text == nullptr) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

}  // namespace

std::optional<std::chrono::seconds> RetryAfterOf(const HttpReply& reply) {
  const std::string text(reply.Header("retry-after"));
  if (text.empty()) return std::nullopt;
  int64_t seconds = 0;
  const char* const end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, seconds);
      read.ec == std::errc() && read.ptr == end) {
    return std::chrono::seconds(std::clamp<int64_t>(seconds, 0, kMostRetryAfter));
  }
  const time_t date = curl_getdate(text.c_str(), nullptr);
  if (date < 0) return std::nullopt;
  return std::chrono::seconds(std::clamp<int64_t>(date - std::time(nullptr), 0, kMostRetryAfter));
}

Result<Url> ParseUrl(const std::string& text) {
  const UrlHandle url(curl_url());
  const auto wrong = [&text](const char* why) { return InvalidArgument(text + ": " + why); };
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    return wrong("not a URL");
  }
  Url parts{PartOf(url.get(), CURLUPART_SCHEME), LowerCase(PartOf(url.get(), CURLUPART_HOST)),
            PartOf(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT),
            PartOf(url.get(), CURLUPART_PATH), PartOf(url.get(), CURLUPART_QUERY)};
  if (parts.scheme != "http" && parts.scheme != "https") return wrong("neither http nor https");
  if (!PartOf(url.get(), CURLUPART_USER).empty() ||
      !PartOf(url.get(), CURLUPART_PASSWORD).empty()) {
    return InvalidArgument("a URL must not hold a user or a password");
  }
  return parts;
}

Result<std::string> ResolveUrl(const std::string& base, const std::string& location) {
  const UrlHandle url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK ||
      curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
    return InvalidArgument(base + ": is sent on to what is no URL");
  }
  return PartOf(url.get(), CURLUPART_URL);
}

Multi NewMulti() {
  StartCurl();
  Multi multi(curl_multi_init());
  if (multi != nullptr) curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, 1L);
  return multi;
}

Result<HttpReply> SendOver(CURLM* multi, const HttpCall& call, curl_socket_t& kept) {
  kept = CURL_SOCKET_BAD;
  PARVIS_ASSIGN_OR_RETURN(const Url url, ParseUrl(call.url));
  const std::unique_ptr<CURL, FreeEasy> curl(curl_easy_init());
  if (curl == nullptr) return Internal("libcurl does not start");
  Running running{call, {}, {}};
  SetUp(curl.get(), call, url, running);
  const List headers = HeadersOf(call);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = Perform(multi, curl.get(), kept);
  if (call.timed_out != nullptr) *call.timed_out = code == CURLE_OPERATION_TIMEDOUT;
  if (!running.status.ok()) return running.status;
  if (code == CURLE_ABORTED_BY_CALLBACK) return Status(StatusCode::kCancelled, "stopped");
  if (code != CURLE_OK) {
    // Not the query, which may hold a signature.
    return Status(StatusCode::kUnavailable, url.scheme + "://" + url.host + ":" + url.port +
                                                url.path + ": " + curl_easy_strerror(code));
  }
  return std::move(running.reply);
}

Result<HttpReply> Send(const HttpCall& call) {
  const Multi multi = NewMulti();
  if (multi == nullptr) return Internal("libcurl does not start");
  curl_socket_t kept = CURL_SOCKET_BAD;
  return SendOver(multi.get(), call, kept);
}

}  // namespace parvis::net
