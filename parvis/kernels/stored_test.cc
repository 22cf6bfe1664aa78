// Stored quantised blocks against gguf-py's reading of the same bytes
// (tools/goldens/make_quants.py).

#include <string>

#include "parvis/kernels/test_support.h"
#include "tests/golden_file.h"

namespace parvis::kernels {
namespace {

struct Stored {
  const char* name;
  Source source;
};

constexpr Stored kStored[] = {{"q4_0", Source::kQ4_0}, {"q4_1", Source::kQ4_1},
                              {"q5_0", Source::kQ5_0}, {"q5_1", Source::kQ5_1},
                              {"q8_0", Source::kQ8_0}, {"q4_K", Source::kQ4K},
                              {"q5_K", Source::kQ5K},  {"q6_K", Source::kQ6K}};

using StoredTest = KernelTest;
PARVIS_ON_EVERY_TARGET(StoredTest);

TEST_P(StoredTest, ReadsWhatGgufPyReads) {
  const GoldenFile golden(std::string(PARVIS_SOURCE_DIR) + "/tests/golden/quants.safetensors");
  for (const Stored& stored : kStored) {
    const std::vector<int32_t> blocks = golden.Ints(std::string(stored.name) + ".blocks");
    const std::vector<float> expected = golden.Floats(std::string(stored.name) + ".values");
    std::vector<float> values(expected.size());
    table().ToF32(stored.source, blocks.data(), values.size(), values.data());
    EXPECT_TRUE(SameBits(values, expected)) << stored.name;
  }
}

// Panels of f32 hold the same numbers, whichever part of a block a step of packing begins in.
TEST_P(StoredTest, PacksTheSameNumbers) {
  const GoldenFile golden(std::string(PARVIS_SOURCE_DIR) + "/tests/golden/quants.safetensors");
  for (const Stored& stored : kStored) {
    const std::vector<int32_t> blocks = golden.Ints(std::string(stored.name) + ".blocks");
    const std::vector<float> values = golden.Floats(std::string(stored.name) + ".values");
    const size_t n = 3, k = values.size() / n;
    AlignedBytes direct(PanelBytes(Packing::kF32, n, k)), wide(direct.size());
    table().PackPanels(Packing::kF32, stored.source, blocks.data(), SourceBytes(stored.source, k),
                       n, k, 0, 1, direct.get());
    table().PackPanels(Packing::kF32, Source::kF32, values.data(), k * 4, n, k, 0, 1, wide.get());
    EXPECT_EQ(std::memcmp(direct.get(), wide.get(), wide.size()), 0) << stored.name;
  }
}

}  // namespace
}  // namespace parvis::kernels
