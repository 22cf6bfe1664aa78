#include "parvis/train/machine.h"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <thread>

#include "fmt/format.h"
#include "parvis/core/file.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

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

#if defined(__x86_64__)

// As the manuals of AMD and Intel have it: leaf 0 has the vendor, leaf 1 family and model, leaves
// 0x80000002 to 4 the name.
std::string NameOfThisProcessor() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(0, &a, &b, &c, &d) == 0) return {};
  char vendor[12];
  std::memcpy(vendor, &b, 4);
  std::memcpy(vendor + 4, &d, 4);
  std::memcpy(vendor + 8, &c, 4);
  __get_cpuid(1, &a, &b, &c, &d);
  const unsigned base = a >> 8 & 15;
  const unsigned family = base + (base == 15 ? a >> 20 & 255 : 0);
  const unsigned model = (a >> 4 & 15) + (base == 15 || base == 6 ? a >> 12 & 0xf0 : 0);
  char brand[48] = {};
  for (unsigned leaf = 0; leaf < 3; ++leaf) {
    unsigned words[4];
    if (__get_cpuid(0x80000002u + leaf, &words[0], &words[1], &words[2], &words[3]) == 0) break;
    std::memcpy(brand + 16 * leaf, words, sizeof(words));
  }
  return ProcessorName({brand, strnlen(brand, sizeof(brand))}, {vendor, sizeof(vendor)},
                       static_cast<int>(family), static_cast<int>(model));
}

#else

std::string NameOfThisProcessor() {
  const Result<std::string> info = ReadFile("/proc/cpuinfo", kMaxFile);
  if (!info.ok()) return {};
  const std::string_view text = *info;
  const size_t name = text.find("model name");
  if (name == std::string_view::npos) return {};
  const size_t begin = text.find(": ", name);
  const size_t end = text.find('\n', name);
  return begin < end ? std::string(text.substr(begin + 2, end - begin - 2)) : std::string();
}

#endif

}  // namespace

std::string ProcessorName(std::string_view brand, std::string_view vendor, int family, int model) {
  const size_t begin = brand.find_first_not_of(' ');
  if (begin != std::string_view::npos) {
    return std::string(brand.substr(begin, brand.find_last_not_of(' ') + 1 - begin));
  }
  if (vendor == "AuthenticAMD") vendor = "AMD";
  if (vendor == "GenuineIntel") vendor = "Intel";
  return fmt::format("{} family {} model {}", vendor, family, model);
}

Machine ThisMachine() {
  Machine machine;
  machine.cpu = NameOfThisProcessor();
  machine.cores = static_cast<int>(std::thread::hardware_concurrency());
  machine.memory_bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
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
