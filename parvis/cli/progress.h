#ifndef PARVIS_CLI_PROGRESS_H_
#define PARVIS_CLI_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

namespace parvis::cli {

// Progress of something longer than a second, on stderr: label, share done, a bar as wide as the
// terminal allows, done/total, rate over the last ten seconds, time left. On a terminal one line
// that is redrawn; elsewhere a plain line every ten seconds. One thread at a time.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  // `unit` names what is counted: "tokens". total ≤ 0: unknown, shown as a spinner.
  // `shown` false: says nothing (--quiet, --json).
  Progress(std::string label, int64_t total, std::string unit, bool shown);
  ~Progress();  // ends the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `detail` is added to the line: "loss 2.31".
  void Update(int64_t done, const std::string& detail = "");
  // Wipes the line, so that something else can be printed; the next Update draws it again.
  void Clear();

  // The line at a time, for tests: no terminal is asked.
  std::string Line(int64_t done, const std::string& detail, Clock::time_point now, int width);

 private:
  double Rate(int64_t done, Clock::time_point now);

  std::string label_;
  int64_t total_;
  std::string unit_;
  bool shown_, terminal_;
  Clock::time_point start_, drawn_{};
  std::deque<std::pair<Clock::time_point, int64_t>> samples_;  // about one a second, ten at most
  int frame_ = 0;
  bool line_open_ = false;
};

// "3m12s", "2h05m", "41s", "99h+": at most two units.
std::string DurationText(double seconds);
// "812", "12.3k", "4.56M", "1.20G".
std::string CountText(double count);
// "812 B", "12.3 KiB", "4.56 MiB".
std::string BytesText(double bytes);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_PROGRESS_H_
