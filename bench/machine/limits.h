#ifndef PARVIS_BENCH_MACHINE_LIMITS_H_
#define PARVIS_BENCH_MACHINE_LIMITS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Loops that keep one resource of a core busy and nothing else: the denominators of every share
// that the benchmarks report. They stand alone on purpose: they judge the kernels of Parvis and
// share no code with them. How they are timed is the caller's business.
namespace parvis::bench {

// Chains of products and sums that live in registers, so many that the multipliers never wait for a
// result.
struct Arithmetic {
  std::string name;             // "f32 avx2"
  bool available;               // on this processor
  double operations_per_round;  // a product and a sum are two
  void (*run)(int64_t rounds);
};
std::vector<Arithmetic> ArithmeticOfThisMachine();

// Brings `size` bytes through the caches as two streams, its halves, looking at a word of each
// line: no loop that was tried reads memory faster. REQUIRES: aligned to 64 bytes; a size that is
// no multiple of 128 leaves the last ones out.
uint64_t ReadAll(const void* data, size_t size);

}  // namespace parvis::bench

#endif  // PARVIS_BENCH_MACHINE_LIMITS_H_
