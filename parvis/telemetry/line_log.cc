#include "parvis/telemetry/line_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "parvis/core/json.h"
#include "parvis/core/utc.h"

namespace parvis::telemetry {
namespace {

double Milliseconds(double seconds) { return std::round(seconds * 1e6) / 1e3; }

Result<int> OpenForAppend(const std::string& path) {
  const int fd = path == "-" ? dup(STDERR_FILENO)
                             : open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return IoError(path + ": " + std::strerror(errno));
  return fd;
}

}  // namespace

std::string LogLineOf(const RequestSeen& seen) {
  OrderedJson line = {{"time", UtcMilliseconds(seen.begun_ms)},
                      {"level", seen.status >= 500 ? "error" : "info"},
                      {"event", "request"},
                      {"request", seen.request},
                      {"trace", seen.context.trace_id},
                      {"method", seen.method},
                      {"route", seen.route},
                      {"status", seen.status},
                      {"ms", Milliseconds(SecondsBetween(seen.begun, seen.ended))}};
  if (seen.gone) line["gone"] = true;
  const auto add = [&line](const char* name, const std::string& value) {
    if (!value.empty()) line[name] = value;
  };
  add("error", seen.error);
  add("organisation", seen.organisation);
  add("owner", seen.owner);
  add("key", seen.key);
  add("model", seen.model);
  add("finish", seen.finish);
  if (!seen.finish.empty()) {
    line["input_tokens"] = seen.input_tokens;
    line["cached_tokens"] = seen.cached_tokens;
    line["output_tokens"] = seen.output_tokens;
    OrderedJson timings = {{"queue", Milliseconds(seen.waiting)},
                           {"prefill", Milliseconds(seen.prompt)},
                           {"generate", Milliseconds(seen.generation)}};
    if (seen.first_token) {
      timings["first_token"] = Milliseconds(SecondsBetween(seen.begun, *seen.first_token));
    }
    line["timings_ms"] = std::move(timings);
  }
  return line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

Result<std::unique_ptr<LineLog>> LineLog::Open(const std::string& path, size_t max_lines) {
  PARVIS_ASSIGN_OR_RETURN(const int fd, OpenForAppend(path));
  return std::unique_ptr<LineLog>(new LineLog(path, fd, max_lines));
}

LineLog::LineLog(std::string path, int fd, size_t max_lines)
    : path_(std::move(path)), max_lines_(max_lines), fd_(fd), thread_([this] { Loop(); }) {}

LineLog::~LineLog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
  close(fd_);
}

// A pipe that is not read must keep nobody: we write only when there is room (for what a pipe takes
// at once), and after the end of the log's life for a second at most. False: not written whole.
bool LineLog::WriteAll(std::string_view text) {
  constexpr size_t kPiece = 4096;
  std::optional<Clock::time_point> until;
  while (!text.empty()) {
    pollfd waits = {fd_, POLLOUT, 0};
    if (poll(&waits, 1, 100) <= 0) {
      if (stop_ && !until) until = Clock::now() + std::chrono::seconds(1);
      if (until && Clock::now() >= *until) return false;
      continue;
    }
    std::string_view piece = text.substr(0, kPiece);
    if (const size_t end = piece.rfind('\n'); end != std::string_view::npos) {
      piece = piece.substr(0, end + 1);  // whole lines, so that none is cut when we give up
    }
    const ssize_t count = write(fd_, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

void LineLog::Write(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    if (lines_.size() >= max_lines_) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    lines_.push_back(std::move(line));
  }
  wake_.notify_one();
}

Status LineLog::Reopen() {
  if (path_ == "-") return {};
  PARVIS_ASSIGN_OR_RETURN(const int fd, OpenForAppend(path_));
  std::unique_lock lock(mutex_);
  empty_.wait(lock, [this] { return !writing_; });
  close(std::exchange(fd_, fd));
  return {};
}

void LineLog::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || !lines_.empty(); });
    if (lines_.empty()) return;
    std::string text;
    const auto count = static_cast<int64_t>(lines_.size());
    for (const std::string& line : lines_) text += line;
    lines_.clear();
    writing_ = true;
    lock.unlock();
    if (!WriteAll(text)) dropped_.fetch_add(count, std::memory_order_relaxed);
    lock.lock();
    writing_ = false;
    empty_.notify_all();
  }
}

}  // namespace parvis::telemetry
