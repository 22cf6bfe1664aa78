#include "parvis/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "parvis/cli/console.h"

namespace parvis::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kPlainLine{10};
constexpr size_t kSamples = 10;

std::string ThreeDigits(double value) {
  return value < 10    ? fmt::format("{:.2f}", value)
         : value < 100 ? fmt::format("{:.1f}", value)
                       : fmt::format("{:.0f}", value);
}

}  // namespace

std::string DurationText(double seconds) {
  if (!(seconds < 99 * 3600.0)) return "99h+";
  const auto s = static_cast<int64_t>(std::max(0.0, seconds) + 0.5);
  if (s >= 3600) return fmt::format("{}h{:02}m", s / 3600, s % 3600 / 60);
  if (s >= 60) return fmt::format("{}m{:02}s", s / 60, s % 60);
  return fmt::format("{}s", s);
}

std::string CountText(double count) {
  if (count < 1000) return fmt::format("{:.0f}", count);
  if (count < 1e6) return ThreeDigits(count / 1e3) + "k";
  if (count < 1e9) return ThreeDigits(count / 1e6) + "M";
  return ThreeDigits(count / 1e9) + "G";
}

std::string BytesText(double bytes) {
  if (bytes < 1024) return fmt::format("{:.0f} B", bytes);
  if (bytes < 1024.0 * 1024) return ThreeDigits(bytes / 1024) + " KiB";
  if (bytes < 1024.0 * 1024 * 1024) return ThreeDigits(bytes / (1024.0 * 1024)) + " MiB";
  return ThreeDigits(bytes / (1024.0 * 1024 * 1024)) + " GiB";
}

Progress::Progress(std::string label, int64_t total, std::string unit, bool shown)
    : label_(std::move(label)),
      total_(total),
      unit_(std::move(unit)),
      shown_(shown),
      terminal_(IsTerminal(STDERR_FILENO)),
      start_(Clock::now()) {
  samples_.emplace_back(start_, 0);
}

Progress::~Progress() {
  if (line_open_) std::fputc('\n', stderr);
}

void Progress::Clear() {
  if (line_open_) std::fputs("\r\033[K", stderr);
  line_open_ = false;
  drawn_ = {};
}

double Progress::Rate(int64_t done, Clock::time_point now) {
  if (now - samples_.back().first >= std::chrono::seconds(1)) {
    samples_.emplace_back(now, done);
    if (samples_.size() > kSamples + 1) samples_.pop_front();
  }
  const std::chrono::duration<double> span = now - samples_.front().first;
  const double counted = static_cast<double>(done - samples_.front().second);
  return span.count() > 0 ? std::max(0.0, counted) / span.count() : 0.0;
}

std::string Progress::Line(int64_t done, const std::string& detail, Clock::time_point now,
                           int width) {
  const double rate = Rate(done, now);
  std::string tail = fmt::format(" {}", CountText(static_cast<double>(done)));
  if (total_ > 0) tail += "/" + CountText(static_cast<double>(total_));
  tail += fmt::format(" {} {}/s", unit_, CountText(rate));
  if (!detail.empty()) tail += " " + detail;
  if (total_ <= 0) {
    constexpr char kFrames[] = {'|', '/', '-', '\\'};
    return fmt::format("{} {}{}", label_, kFrames[frame_++ % 4], tail);
  }
  const double share =
      std::clamp(static_cast<double>(done) / static_cast<double>(total_), 0.0, 1.0);
  if (rate > 0 && done < total_) {
    tail += " " + DurationText(static_cast<double>(total_ - done) / rate) + " left";
  }
  std::string head = fmt::format("{} {:3.0f}%", label_, std::floor(share * 100));
  const int room = width - 1 - static_cast<int>(head.size() + tail.size()) - 3;
  if (room >= 8) {
    const int bar = std::min(room, 40);
    const int filled = static_cast<int>(share * bar);
    head += fmt::format(" [{}{}]", std::string(filled, '#'), std::string(bar - filled, ' '));
  }
  return head + tail;
}

void Progress::Update(int64_t done, const std::string& detail) {
  if (!shown_) return;
  const auto now = Clock::now();
  const bool last = total_ > 0 && done >= total_;
  if (terminal_) {
    if (now - drawn_ < kRedraw && !last) return;
    std::fprintf(stderr, "\r%s\033[K", Line(done, detail, now, TerminalWidth()).c_str());
    std::fflush(stderr);
    line_open_ = true;
  } else {
    // Short work says nothing into a log.
    const auto since = drawn_ == Clock::time_point{} ? start_ : drawn_;
    if (now - since < kPlainLine && !(last && drawn_ != Clock::time_point{})) {
      Rate(done, now);
      return;
    }
    std::fprintf(stderr, "%s\n", Line(done, detail, now, /*width=*/0).c_str());
  }
  drawn_ = now;
}

}  // namespace parvis::cli
