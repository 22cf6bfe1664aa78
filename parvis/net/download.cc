#include "parvis/net/download.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "parvis/core/file.h"
#include "parvis/core/sha256.h"
#include "parvis/net/http_client.h"

namespace parvis::net {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kMaxText = size_t{64} << 20;

Status SystemError(const std::string& path) {
  return errno == ENOSPC || errno == EDQUOT ? ResourceExhausted(path + ": " + std::strerror(errno))
                                            : IoError(path + ": " + std::strerror(errno));
}

std::optional<int64_t> NumberOf(std::string_view text) {
  int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || number < 0) {
    return std::nullopt;
  }
  return number;
}

// The file's name without the query: it may hold a signature.
std::string NameOf(const std::string& url) { return url.substr(0, url.find_first_of("?#")); }

// What a try came to.
struct Try {
  Status status;
  bool again = false;  // trying again may help
  std::optional<std::chrono::seconds> pause = {};
};

Try Failed(Status status, bool again) { return {std::move(status), again}; }

// What an answer that is no file means.
Try JudgeStatus(const HttpReply& reply, const std::string& url, bool had_token) {
  const std::string where = NameOf(url) + ": ";
  switch (reply.status) {
    case 401:
    case 403:
      return Failed({StatusCode::kPermissionDenied,
                     where + (had_token ? "the token may not read it"
                                        : "needs a token (HF_TOKEN), or is not there")},
                    false);
    case 404:
    case 410:
      return Failed(NotFound(where + "is not there"), false);
    default:
      break;
  }
  Try failed = Failed({StatusCode::kUnavailable, where + fmt::format("status {}", reply.status)},
                      reply.status == 408 || reply.status == 429 || reply.status >= 500);
  if (const auto wait = RetryAfterOf(reply)) failed.pause = *wait;
  return failed;
}

// Sends a request on to where it is sent, at most so often. The token stays with the first origin;
// nothing that was asked for over TLS is read without.
Result<HttpReply> SendOn(HttpCall call, const DownloadSettings& settings) {
  PARVIS_ASSIGN_OR_RETURN(const Url first, ParseUrl(call.url));
  const auto headers = call.headers;
  for (int i = 0; i <= settings.max_redirects; ++i) {
    PARVIS_ASSIGN_OR_RETURN(const Url url, ParseUrl(call.url));
    if (first.scheme == "https" && url.scheme != "https") {
      return Status(StatusCode::kPermissionDenied,
                    NameOf(call.url) + ": would be read without TLS");
    }
    call.headers = headers;
    if (!settings.token.empty() && url.SameOrigin(first)) {
      call.headers.emplace_back("authorization", "Bearer " + settings.token);
    }
    PARVIS_ASSIGN_OR_RETURN(HttpReply reply, Send(call));
    const bool sent_on = reply.status == 301 || reply.status == 302 || reply.status == 303 ||
                         reply.status == 307 || reply.status == 308;
    if (!sent_on) return reply;
    PARVIS_ASSIGN_OR_RETURN(call.url, ResolveUrl(call.url, std::string(reply.Header("location"))));
  }
  return Status(
      StatusCode::kUnavailable,
      NameOf(call.url) + fmt::format(": sent on more than {} times", settings.max_redirects));
}

// Waits, unless stopped. False: stopped.
bool Pause(std::chrono::milliseconds time, const DownloadSettings& settings) {
  const Clock::time_point until = Clock::now() + time;
  while (Clock::now() < until) {
    if (settings.stopped && settings.stopped()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

// Tries until it is done, it makes no sense, or `once` made no headway so often.
template <typename Once, typename Headway>
Status TryOften(const DownloadSettings& settings, Once once, Headway headway) {
  int tries = 0;
  std::chrono::milliseconds pause = settings.pause;
  while (true) {
    const int64_t before = headway();
    Try one = once();
    if (one.status.ok() || !one.again) return one.status;
    if (headway() > before) {
      tries = 0;
      pause = settings.pause;
    }
    if (++tries >= settings.max_tries) return one.status;
    if (one.pause && *one.pause > settings.longest_pause) {
      return one.status.In(fmt::format("the server asks to wait {} s", one.pause->count()));
    }
    const auto wait =
        std::max(pause, std::chrono::milliseconds(one.pause.value_or(std::chrono::seconds(0))));
    if (!Pause(wait, settings)) return Cancelled("stopped");
    pause *= 2;
  }
}

// PATH.incomplete, held by one process. Its etag stands beside it, so that a file that has changed
// meanwhile is not glued to the beginning of the old one.
class Incomplete {
 public:
  static Result<std::unique_ptr<Incomplete>> Open(const std::string& path) {
    std::unique_ptr<Incomplete> file(new Incomplete(path + ".incomplete"));
    file->fd_ = open(file->path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file->fd_ < 0) return SystemError(file->path_);
    if (flock(file->fd_, LOCK_EX | LOCK_NB) != 0) {
      return Status(StatusCode::kUnavailable, path + ": another process downloads it");
    }
    struct stat info = {};
    if (fstat(file->fd_, &info) != 0) return SystemError(file->path_);
    file->size_ = info.st_size;
    auto etag = ReadFile(file->path_ + ".etag", 4096);
    if (etag.ok()) file->etag_ = *etag;
    return file;
  }
  ~Incomplete() {
    if (fd_ >= 0) close(fd_);
  }

  const std::string& path() const { return path_; }
  int64_t size() const { return size_; }
  const std::string& etag() const { return etag_; }

  Status Restart(const std::string& etag) {
    if (ftruncate(fd_, 0) != 0) return SystemError(path_);
    size_ = 0;
    etag_ = etag;
    return WriteFileAtomically(path_ + ".etag", etag_);
  }
  Status Append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = pwrite(fd_, bytes.data(), bytes.size(), size_);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return SystemError(path_);
      size_ += count;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return {};
  }
  void Discard() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    std::filesystem::remove(path_ + ".etag", ignored);
  }
  Status Commit(const std::string& path) {
    if (fsync(fd_) != 0 || rename(path_.c_str(), path.c_str()) != 0) return SystemError(path);
    std::error_code ignored;
    std::filesystem::remove(path_ + ".etag", ignored);
    return {};
  }

 private:
  explicit Incomplete(std::string path) : path_(std::move(path)) {}
  const std::string path_;
  int fd_ = -1;
  int64_t size_ = 0;
  std::string etag_;
};

// Where a part of a file begins: "bytes 100-199/200".
std::optional<int64_t> RangeBegin(std::string_view header) {
  if (!header.starts_with("bytes ")) return std::nullopt;
  header.remove_prefix(6);
  return NumberOf(header.substr(0, header.find('-')));
}

Try TryFile(const Download& wanted, const DownloadSettings& settings, Incomplete& file) {
  HttpCall call{.url = wanted.url, .stall_time = settings.stall_time, .stopped = settings.stopped};
  const bool resumes = file.size() > 0 && (!file.etag().empty() || !wanted.sha256.empty());
  if (resumes) {
    call.headers.emplace_back("range", fmt::format("bytes={}-", file.size()));
    if (!file.etag().empty() && !file.etag().starts_with("W/")) {
      call.headers.emplace_back("if-range", file.etag());
    }
  }
  const int64_t most = wanted.bytes.value_or(wanted.max_bytes);
  bool begun = false;
  call.take = [&](const HttpReply& reply, std::string_view bytes) -> Status {
    if (reply.status != 200 && reply.status != 206) return {};  // a page that says why not
    if (!std::exchange(begun, true)) {
      const bool goes_on = resumes && reply.status == 206 &&
                           RangeBegin(reply.Header("content-range")) == file.size();
      if (reply.status == 206 && !goes_on) return DataLoss("another part than the one asked for");
      if (!goes_on) PARVIS_RETURN_IF_ERROR(file.Restart(std::string(reply.Header("etag"))));
    }
    if (file.size() + static_cast<int64_t>(bytes.size()) > most) {
      return DataLoss(fmt::format("longer than {} bytes", most));
    }
    PARVIS_RETURN_IF_ERROR(file.Append(bytes));
    if (settings.progress) settings.progress(file.size());
    return {};
  };
  auto reply = SendOn(std::move(call), settings);
  if (!reply.ok()) {
    if (reply.status().code() == StatusCode::kDataLoss) file.Discard();
    return Failed(reply.status().code() == StatusCode::kDataLoss
                      ? reply.status().In(NameOf(wanted.url))
                      : reply.status(),
                  reply.status().code() == StatusCode::kUnavailable);
  }
  if (reply->status == 416) {  // there is nothing behind what we have: whole, or another file
    if (wanted.bytes && file.size() == *wanted.bytes) return {};
    const Status restarted = file.Restart("");
    return Failed(restarted.ok() ? Status(StatusCode::kUnavailable, "begun anew") : restarted,
                  restarted.ok());
  }
  if (reply->status != 200 && reply->status != 206) {
    return JudgeStatus(*reply, wanted.url, !settings.token.empty());
  }
  if (!begun) {  // an empty file
    const Status restarted = file.Restart("");
    if (!restarted.ok()) return Failed(restarted, false);
  }
  if (wanted.bytes && file.size() < *wanted.bytes) {
    return Failed(
        {StatusCode::kUnavailable, NameOf(wanted.url) + fmt::format(": ended after {} of {} bytes",
                                                                    file.size(), *wanted.bytes)},
        true);
  }
  return {};
}

// As git names the content of a file.
Result<std::string> GitBlobOf(const std::string& path, int64_t size) {
  PARVIS_ASSIGN_OR_RETURN(const std::string content, ReadFile(path));
  std::string all = fmt::format("blob {}", size) + '\0' + content;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_Digest(all.data(), all.size(), digest, &length, EVP_sha1(), nullptr) != 1) {
    return Internal("SHA-1 is not to be had");
  }
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

Status Verify(const Download& wanted, Incomplete& file) {
  Status wrong;
  if (wanted.bytes && file.size() != *wanted.bytes) {
    wrong = DataLoss(fmt::format("has {} bytes instead of {}", file.size(), *wanted.bytes));
  } else if (!wanted.sha256.empty()) {
    PARVIS_ASSIGN_OR_RETURN(const std::string digest, Sha256HexOfFile(file.path()));
    if (digest != wanted.sha256) {
      wrong = DataLoss("SHA-256 is " + digest + " instead of " + wanted.sha256);
    }
  } else if (!wanted.git_blob.empty()) {
    PARVIS_ASSIGN_OR_RETURN(const std::string blob, GitBlobOf(file.path(), file.size()));
    if (blob != wanted.git_blob) {
      wrong = DataLoss("git's name is " + blob + " instead of " + wanted.git_blob);
    }
  }
  if (!wrong.ok()) file.Discard();
  return wrong.In(NameOf(wanted.url));
}

}  // namespace

Status DownloadFile(const Download& wanted, const DownloadSettings& settings) {
  PARVIS_ASSIGN_OR_RETURN(const auto file, Incomplete::Open(wanted.path));
  const bool whole = wanted.bytes && file->size() == *wanted.bytes && *wanted.bytes > 0;
  if (!whole) {
    PARVIS_RETURN_IF_ERROR(TryOften(
        settings, [&] { return TryFile(wanted, settings, *file); }, [&] { return file->size(); }));
  }
  PARVIS_RETURN_IF_ERROR(Verify(wanted, *file));
  return file->Commit(wanted.path);
}

Result<std::string> DownloadText(const std::string& url, const DownloadSettings& settings) {
  std::string text;
  PARVIS_RETURN_IF_ERROR(TryOften(
      settings,
      [&]() -> Try {
        HttpCall call{.url = url, .whole_time = std::chrono::seconds(120), .max_body = kMaxText};
        call.stopped = settings.stopped;
        auto reply = SendOn(std::move(call), settings);
        if (!reply.ok()) {
          return Failed(reply.status(), reply.status().code() == StatusCode::kUnavailable);
        }
        if (reply->status != 200) return JudgeStatus(*reply, url, !settings.token.empty());
        text = std::move(reply->body);
        return {};
      },
      [] { return int64_t{0}; }));
  return text;
}

}  // namespace parvis::net
