// machine_peak: what this machine can do at best, as JSON on stdout. The benchmarks quote their
// figures as shares of these limits.
//
//   machine_peak [--threads 1,2] [--repeats 9] [--read-mib 1024]
//
// Arithmetic: the loops of limits.h. Memory: sequential reads of a buffer much larger than the
// caches, in 2 MiB pages where the system gives them. All threads start together; a rate is all
// their work over the time until the last one ends.

#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "bench/machine/limits.h"

namespace parvis::bench {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

void PinTo(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  sched_setaffinity(0, sizeof set, &set);  // a refusal only makes the figure noisier
}

// Seconds until the last of `threads` threads has done work(thread).
double TimeTogether(int threads, const std::function<void(int)>& work) {
  std::atomic<int> ready = 0;
  std::atomic<bool> go = false;
  std::vector<std::thread> pool;
  for (int i = 0; i < threads; ++i) {
    pool.emplace_back([&, i] {
      PinTo(i);
      ++ready;
      while (!go) {
      }
      work(i);
    });
  }
  while (ready < threads) std::this_thread::yield();
  const auto start = Clock::now();
  go = true;
  for (std::thread& thread : pool) thread.join();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Json Summary(std::vector<double> rates) {
  std::sort(rates.begin(), rates.end());
  return {{"min", rates.front()}, {"median", rates[rates.size() / 2]}, {"max", rates.back()}};
}

Json MeasureArithmetic(const std::vector<int>& thread_counts, int repeats) {
  Json results = Json::array();
  for (const Arithmetic& arithmetic : ArithmeticOfThisMachine()) {
    if (!arithmetic.available) continue;
    for (const int threads : thread_counts) {
      constexpr int64_t kRounds = 8'000'000;  // 10 to 40 ms
      std::vector<double> rates;
      for (int repeat = 0; repeat < repeats; ++repeat) {
        const double seconds = TimeTogether(threads, [&](int) { arithmetic.run(kRounds); });
        rates.push_back(arithmetic.operations_per_round * kRounds * threads / seconds / 1e9);
      }
      results.push_back({{"what", arithmetic.name},
                         {"threads", threads},
                         {"giga_op_per_second", Summary(rates)}});
    }
  }
  return results;
}

Json MeasureReads(const std::vector<int>& thread_counts, int repeats, size_t bytes) {
  constexpr size_t kHugePage = size_t{2} << 20, kShareUnit = 256;
  void* memory = nullptr;
  if (posix_memalign(&memory, kHugePage, bytes) != 0) {
    std::cerr << "machine_peak: no memory for a buffer of " << bytes << " bytes\n";
    std::exit(1);
  }
  madvise(memory, bytes, MADV_HUGEPAGE);
  std::memset(memory, 1, bytes);
  const auto* data = static_cast<const char*>(memory);
  std::atomic<uint64_t> sink = 0;
  Json results = Json::array();
  for (const int threads : thread_counts) {
    const size_t share = bytes / threads / kShareUnit * kShareUnit;
    std::vector<double> rates;
    for (int repeat = 0; repeat < repeats; ++repeat) {
      const double seconds =
          TimeTogether(threads, [&](int i) { sink += ReadAll(data + i * share, share); });
      rates.push_back(static_cast<double>(share * threads) / seconds / 1e9);
    }
    results.push_back({{"threads", threads}, {"gb_per_second", Summary(rates)}});
  }
  std::free(memory);
  return results;
}

Json Processor() {
  Json processor = {{"name", ""}, {"processors", sysconf(_SC_NPROCESSORS_ONLN)}};
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    if (key == "model name") processor["name"] = line.substr(colon + 2);
    if (key == "cpu family") processor["family"] = std::stoi(line.substr(colon + 2));
    if (key == "model") processor["model"] = std::stoi(line.substr(colon + 2));
    if (key != "flags") continue;
    Json features = Json::array();
    std::istringstream flags(line.substr(colon + 2));
    for (std::string flag; flags >> flag;) {
      if (flag == "fma" || flag == "f16c" || flag.starts_with("avx") || flag.starts_with("amx")) {
        features.push_back(flag);
      }
    }
    processor["features"] = features;
    break;  // the other processors say the same
  }
  return processor;
}

std::vector<int> Numbers(const std::string& text) {
  std::vector<int> numbers;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, ',');) {
    numbers.push_back(std::max(1, std::atoi(word.c_str())));
  }
  return numbers;
}

}  // namespace

int Main(int argc, char** argv) {
  std::vector<int> threads = {1, 2};
  int repeats = 9;
  size_t read_mib = 1024;
  bool only_read = false;
  for (int i = 1; i < argc; i += 2) {
    const std::string flag = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (flag == "--only-read") {
      only_read = true;
      --i;  // it has no value
      continue;
    }
    if (flag == "--threads" && !value.empty()) {
      threads = Numbers(value);
    } else if (flag == "--repeats" && std::atoi(value.c_str()) > 0) {
      repeats = std::atoi(value.c_str());
    } else if (flag == "--read-mib" && std::atoi(value.c_str()) > 0) {
      read_mib = std::atoi(value.c_str());
    } else {
      std::cerr << "usage: machine_peak [--threads 1,2] [--repeats 9] [--read-mib 1024] "
                   "[--only-read]\n";
      return 2;
    }
  }
  const Json report = {
      {"schema", "parvis.machine/1"},
      {"processor", Processor()},
      {"arithmetic", only_read ? Json::array() : MeasureArithmetic(threads, repeats)},
      {"read", MeasureReads(threads, repeats, read_mib << 20)}};
  std::cout << report.dump(2) << "\n";
  return 0;
}

}  // namespace parvis::bench

int main(int argc, char** argv) { return parvis::bench::Main(argc, argv); }
