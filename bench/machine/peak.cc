// machine_peak: what this machine can do at best, as JSON on stdout. The benchmarks quote their
// figures as shares of these limits.
//
//   machine_peak [--threads 1,2] [--repeats 9] [--read-mib 1024]
//
// Arithmetic: chains of products and sums that live in registers, twelve of them so that the
// multipliers never wait for a result. Memory: sequential reads of a buffer much larger than the
// caches, in 2 MiB pages where the system gives them. All threads start together; a rate is all
// their work over the time until the last one ends. This program stands alone on purpose: it judges
// the kernels of Parvis and shares no code with them.

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

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr int kChains = 12;
constexpr int kInt8Chains = 8;

// Keeps the compiler from knowing a register's value, and from dropping what computed it.
template <typename Register>
inline void Hide(Register& value) {
  asm volatile("" : "+x"(value));
}

struct Arithmetic {
  const char* name;
  bool available;
  double operations_per_round;  // a product and a sum are two
  void (*run)(int64_t rounds);
};

#if defined(__x86_64__)

__attribute__((target("fma"))) void ScalarF32(int64_t rounds) {
  __m128 x = _mm_setzero_ps(), y = x, sum[kChains];
  Hide(x), Hide(y);
  for (__m128& s : sum) s = _mm_setzero_ps();
  while (rounds-- > 0) {
#pragma GCC unroll 12
    for (__m128& s : sum) s = _mm_fmadd_ss(x, y, s);
  }
  for (__m128& s : sum) Hide(s);
}

__attribute__((target("avx2,fma"))) void Avx2F32(int64_t rounds) {
  __m256 x = _mm256_setzero_ps(), y = x, sum[kChains];
  Hide(x), Hide(y);
  for (__m256& s : sum) s = _mm256_setzero_ps();
  while (rounds-- > 0) {
#pragma GCC unroll 12
    for (__m256& s : sum) s = _mm256_fmadd_ps(x, y, s);
  }
  for (__m256& s : sum) Hide(s);
}

// Bytes without VNNI: pairs to 16 bits, pairs of those to 32 bits, then a sum. The sums wait one
// cycle only, and the products need registers, too: eight chains are enough.
__attribute__((target("avx2"))) void Avx2Int8(int64_t rounds) {
  __m256i x = _mm256_setzero_si256(), y = x, ones = _mm256_set1_epi16(1), sum[kInt8Chains];
  Hide(ones);
  for (__m256i& s : sum) s = _mm256_setzero_si256();
  while (rounds-- > 0) {
#pragma GCC unroll 8
    for (__m256i& s : sum) {
      Hide(x), Hide(y);
      s = _mm256_add_epi32(s, _mm256_madd_epi16(_mm256_maddubs_epi16(x, y), ones));
    }
  }
  for (__m256i& s : sum) Hide(s);
}

__attribute__((target("avx512f"))) void Avx512F32(int64_t rounds) {
  __m512 x = _mm512_setzero_ps(), y = x, sum[kChains];
  Hide(x), Hide(y);
  for (__m512& s : sum) s = _mm512_setzero_ps();
  while (rounds-- > 0) {
#pragma GCC unroll 12
    for (__m512& s : sum) s = _mm512_fmadd_ps(x, y, s);
  }
  for (__m512& s : sum) Hide(s);
}

__attribute__((target("avx512f,avx512bf16"))) void Avx512Bf16(int64_t rounds) {
  __m512i x = _mm512_setzero_si512(), y = x;
  __m512 sum[kChains];
  Hide(x), Hide(y);
  for (__m512& s : sum) s = _mm512_setzero_ps();
  while (rounds-- > 0) {
#pragma GCC unroll 12
    for (__m512& s : sum) s = _mm512_dpbf16_ps(s, (__m512bh)x, (__m512bh)y);
  }
  for (__m512& s : sum) Hide(s);
}

__attribute__((target("avx512f,avx512vnni"))) void Avx512Int8(int64_t rounds) {
  __m512i x = _mm512_setzero_si512(), y = x, sum[kChains];
  Hide(x), Hide(y);
  for (__m512i& s : sum) s = _mm512_setzero_si512();
  while (rounds-- > 0) {
#pragma GCC unroll 12
    for (__m512i& s : sum) s = _mm512_dpbusd_epi32(s, x, y);
  }
  for (__m512i& s : sum) Hide(s);
}

std::vector<Arithmetic> ArithmeticOfThisMachine() {
  const bool avx512 = __builtin_cpu_supports("avx512f");
  const bool avx2 = __builtin_cpu_supports("avx2");
  const bool fma = __builtin_cpu_supports("fma");
  return {
      {"f32 scalar", fma, 2.0 * kChains, ScalarF32},
      {"f32 avx2", avx2 && fma, 16.0 * kChains, Avx2F32},
      {"int8 avx2", avx2, 64.0 * kInt8Chains, Avx2Int8},
      {"f32 avx512", avx512, 32.0 * kChains, Avx512F32},
      {"bf16 avx512", avx512 && __builtin_cpu_supports("avx512bf16"), 64.0 * kChains, Avx512Bf16},
      {"int8 avx512", avx512 && __builtin_cpu_supports("avx512vnni"), 128.0 * kChains, Avx512Int8}};
}

#else

std::vector<Arithmetic> ArithmeticOfThisMachine() { return {}; }

#endif

// 32 bytes; the compiler splits it where the machine has no such register.
typedef uint64_t Lanes __attribute__((vector_size(32)));

uint64_t SumOf(const Lanes* data, size_t count) {
  Lanes sum[8] = {};
  for (size_t i = 0; i + 8 <= count; i += 8) {
#pragma GCC unroll 8
    for (size_t j = 0; j < 8; ++j) sum[j] += data[i + j];
  }
  for (int j = 1; j < 8; ++j) sum[0] += sum[j];
  return sum[0][0] + sum[0][1] + sum[0][2] + sum[0][3];
}

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
  constexpr size_t kHugePage = size_t{2} << 20;
  void* memory = nullptr;
  if (posix_memalign(&memory, kHugePage, bytes) != 0) {
    std::cerr << "machine_peak: no memory for a buffer of " << bytes << " bytes\n";
    std::exit(1);
  }
  madvise(memory, bytes, MADV_HUGEPAGE);
  std::memset(memory, 1, bytes);
  const auto* data = static_cast<const Lanes*>(memory);
  const size_t count = bytes / sizeof(Lanes);
  std::atomic<uint64_t> sink = 0;
  Json results = Json::array();
  for (const int threads : thread_counts) {
    const size_t share = count / threads;
    std::vector<double> rates;
    for (int repeat = 0; repeat < repeats; ++repeat) {
      const double seconds =
          TimeTogether(threads, [&](int i) { sink += SumOf(data + i * share, share); });
      rates.push_back(static_cast<double>(share * threads * sizeof(Lanes)) / seconds / 1e9);
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

int main(int argc, char** argv) {
  std::vector<int> threads = {1, 2};
  int repeats = 9;
  size_t read_mib = 1024;
  for (int i = 1; i < argc; i += 2) {
    const std::string flag = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (flag == "--threads" && !value.empty()) {
      threads = Numbers(value);
    } else if (flag == "--repeats" && std::atoi(value.c_str()) > 0) {
      repeats = std::atoi(value.c_str());
    } else if (flag == "--read-mib" && std::atoi(value.c_str()) > 0) {
      read_mib = std::atoi(value.c_str());
    } else {
      std::cerr << "usage: machine_peak [--threads 1,2] [--repeats 9] [--read-mib 1024]\n";
      return 2;
    }
  }
  const Json report = {{"schema", "parvis.machine/1"},
                       {"processor", Processor()},
                       {"arithmetic", MeasureArithmetic(threads, repeats)},
                       {"read", MeasureReads(threads, repeats, read_mib << 20)}};
  std::cout << report.dump(2) << "\n";
  return 0;
}
