#include "parvis/kernels/probe.h"

#include <vector>

#include "gtest/gtest.h"

namespace parvis::kernels {
namespace {

TEST(Probe, ReadsAWordOfEveryLine) {
  constexpr size_t kLineWords = 8;
  std::vector<uint64_t> words(4096);
  uint64_t sum = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    words[i] = i * i + 1;
    if (i % kLineWords == 0) sum += words[i];
  }
  EXPECT_EQ(ProbeRead(words.data(), words.size() * sizeof(uint64_t)), sum);
}

TEST(Probe, CountsGrowWithTheRounds) {
  for (const Target target : {Target::kScalar, Target::kAvx2, Target::kAvx512}) {
    if (!TargetSupported(target)) continue;
    for (const Packing packing : {Packing::kF32, Packing::kBf16, Packing::kQ8_0}) {
      const double once = ProbeProducts(target, packing, 1);
      EXPECT_GE(once, 32);  // at least 16 products and 16 sums
      EXPECT_EQ(ProbeProducts(target, packing, 1000), 1000 * once);
    }
  }
}

}  // namespace
}  // namespace parvis::kernels
