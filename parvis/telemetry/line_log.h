#ifndef PARVIS_TELEMETRY_LINE_LOG_H_
#define PARVIS_TELEMETRY_LINE_LOG_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "parvis/core/result.h"
#include "parvis/telemetry/trace.h"

namespace parvis::telemetry {

// The log's line of a request: one JSON object and a line end.
std::string LogLineOf(const RequestSeen& seen);

// Writes lines to a file from a thread of its own, so that no request waits for a disk or for who
// reads the other end of a pipe. What does not fit into the queue is dropped and counted.
//
// Safe to call from several threads.
class LineLog {
 public:
  // `path` "-": stderr. The file is appended to; only its owner can read it if it is new.
  static Result<std::unique_ptr<LineLog>> Open(const std::string& path, size_t max_lines = 4096);
  ~LineLog();  // writes what is queued first, for a second at most
  LineLog(const LineLog&) = delete;
  LineLog& operator=(const LineLog&) = delete;

  void Write(std::string line);
  // Opens the path anew: somebody may have moved the file away.
  Status Reopen();
  int64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  LineLog(std::string path, int fd, size_t max_lines);
  void Loop();
  bool WriteAll(std::string_view text);

  const std::string path_;
  const size_t max_lines_;
  std::atomic<int64_t> dropped_{0};
  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_, empty_;
  int fd_;
  std::deque<std::string> lines_;
  bool writing_ = false;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace parvis::telemetry

#endif  // PARVIS_TELEMETRY_LINE_LOG_H_
