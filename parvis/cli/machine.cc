#include "parvis/cli/machine.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>

#include "parvis/kernels/probe.h"
#include "parvis/tensor/storage.h"
#include "parvis/train/machine.h"

namespace parvis::cli {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Those of the processor's flags that kernels can use.
std::vector<std::string> ReadFeatures() {
  std::vector<std::string> features;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (!line.starts_with("flags") || colon == std::string::npos) continue;
    std::istringstream words(line.substr(colon + 2));
    for (std::string word; words >> word;) {
      if (word == "avx2" || word == "fma" || word == "f16c" || word.starts_with("avx512") ||
          word.starts_with("amx_")) {
        features.push_back(word);
      }
    }
    break;  // the other processors say the same
  }
  return features;
}

int64_t ReadAvailableBytes() {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  for (int64_t kib = 0; file >> key >> kib;) {
    if (key == "MemAvailable:") return kib * 1024;
    std::getline(file, unit);
  }
  return 0;
}

}  // namespace

Machine ReadMachine() {
  const train::Machine known = train::ThisMachine();
  Machine machine{.processor = known.cpu,
                  .features = ReadFeatures(),
                  .processors = known.cores,
                  .memory_bytes = known.memory_bytes,
                  .available_bytes = ReadAvailableBytes(),
                  .huge_pages = {}};
  std::ifstream huge("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string line;
  std::getline(huge, line);  // "always [madvise] never"
  const size_t open = line.find('['), close = line.find(']');
  if (open != std::string::npos && close != std::string::npos) {
    machine.huge_pages = line.substr(open + 1, close - open - 1);
  }
  return machine;
}

double MeasureBandwidth(ThreadPool& pool) {
  constexpr int64_t kBytes = int64_t{192} << 20;
  constexpr int kPasses = 7;
  const auto buffer = Storage::Allocate(kBytes);
  std::memset(buffer->data(), 1, kBytes);
  std::vector<double> rates;
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto start = Clock::now();
    pool.For(kBytes, 4096, [&](int64_t begin, int64_t end) {
      kernels::ProbeRead(buffer->data() + begin, static_cast<size_t>(end - begin));
    });
    rates.push_back(static_cast<double>(kBytes) / SecondsSince(start));
  }
  return *std::max_element(rates.begin(), rates.end());
}

double MeasurePeak(ThreadPool& pool, kernels::Target target, kernels::Packing packing) {
  constexpr int kPasses = 9;
  constexpr int64_t kRounds = 1'000'000;  // some milliseconds
  std::vector<double> rates;
  for (int pass = 0; pass < kPasses; ++pass) {
    std::vector<double> operations(pool.size());
    const auto start = Clock::now();
    pool.For(pool.size(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        operations[i] = kernels::ProbeProducts(target, packing, kRounds);
      }
    });
    const double seconds = SecondsSince(start);
    double sum = 0;
    for (const double count : operations) sum += count;
    rates.push_back(sum / seconds);
  }
  return *std::max_element(rates.begin(), rates.end());
}

}  // namespace parvis::cli
