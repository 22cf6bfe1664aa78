#include "parvis/train/machine.h"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <string_view>
#include <thread>

#include "parvis/core/file.h"

namespace parvis::train {
namespace {

constexpr const char* kRaplFolder = "/sys/class/powercap/intel-rapl:0/";
constexpr size_t kMaxFile = size_t{16} << 20;

std::optional<double> NumberIn(const std::string& path) {
  const Result<std::string> text = ReadFile(path, kMaxFile);
  if (!text.ok()) return std::nullopt;
  uint64_t value = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), value);
  if (parsed.ec != std::errc()) return std::nullopt;
  return static_cast<double>(value);
}

}  // namespace

Machine ThisMachine() {
  Machine machine;
  machine.cores = static_cast<int>(std::thread::hardware_concurrency());
  machine.memory_bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  const Result<std::string> info = ReadFile("/proc/cpuinfo", kMaxFile);
  if (!info.ok()) return machine;
  const std::string_view text = *info;
  const size_t name = text.find("model name");
  if (name == std::string_view::npos) return machine;
  const size_t begin = text.find(": ", name);
  const size_t end = text.find('\n', name);
  if (begin < end) machine.cpu = text.substr(begin + 2, end - begin - 2);
  return machine;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

EnergyMeter::EnergyMeter() : last_(Microjoules()) {
  range_ = NumberIn(std::string(kRaplFolder) + "max_energy_range_uj").value_or(0.0);
}

std::optional<double> EnergyMeter::Microjoules() const {
  return NumberIn(std::string(kRaplFolder) + "energy_uj");
}

void EnergyMeter::Sample() {
  const std::optional<double> now = Microjoules();
  if (!now.has_value() || !last_.has_value()) return;
  joules_ += 1e-6 * (*now >= *last_ ? *now - *last_ : *now + range_ - *last_);
  last_ = now;
}

std::optional<double> EnergyMeter::joules() const {
  if (!last_.has_value()) return std::nullopt;
  return joules_;
}

}  // namespace parvis::train
