#include "parvis/tensor/tensor.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/random.h"
#include "parvis/tensor/wipe_storage.h"

namespace parvis {
namespace {

TEST(Tensor, RowsShareBytes) {
  const Tensor t = Tensor::Of({3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6});
  const Tensor rows = t.Rows(1, 3);
  EXPECT_EQ(rows.shape(), (Shape{2, 2}));
  EXPECT_EQ(rows.f32()[0], 3);
  rows.f32()[0] = 9;
  EXPECT_EQ(t.f32()[2], 9);
  EXPECT_EQ(t.Clone().Rows(1, 2).f32()[0], 9);
}

TEST(Tensor, QuantisedRowsHaveWholeGroups) {
  const Tensor t = Tensor::Zeros({4, 64}, DType::kQ8_0);
  EXPECT_EQ(t.bytes(), 4u * 2 * 34);
  EXPECT_EQ(t.row_bytes(), 68u);
  EXPECT_EQ(t.Rows(2, 3).data() - t.data(), 2 * 68);
}

TEST(Storage, IsAlignedAndReused) {
  for (const int64_t size : {1, 100, 5000, 1 << 20}) {
    const Tensor t = Tensor::Empty({size});
    EXPECT_EQ(reinterpret_cast<uintptr_t>(t.data()) % 64, 0u);
  }
  const size_t before = Storage::BytesInUse();
  {
    const Tensor t = Tensor::Empty({1000});
    EXPECT_GE(Storage::BytesInUse(), before + 4000);
  }
  EXPECT_EQ(Storage::BytesInUse(), before);
}

TEST(DType, NamesRoundTrip) {
  for (const DType d : {DType::kF32, DType::kF16, DType::kBf16, DType::kQ8_0, DType::kI32,
                        DType::kI64, DType::kU8}) {
    EXPECT_EQ(DTypeFromName(DTypeName(d)), d);
  }
  EXPECT_FALSE(DTypeFromName("f33").has_value());
}

// Resident bytes of this process.
size_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  size_t whole = 0, resident = 0;
  file >> whole >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// As training steps on texts of ever other lengths do: each size class is wanted by some of them.
TEST(Storage, WhatIsKeptDoesNotGrowWithTheSizesThatWereWanted) {
  constexpr size_t kMiB = size_t{1} << 20;
  Random random(3);
  const auto step = [&](size_t bytes) {
    std::vector<Tensor> tensors;
    for (int i = 0; i < 8; ++i) {
      tensors.push_back(Tensor::Zeros({static_cast<int64_t>(bytes / sizeof(float))}));
    }
  };
  step(8 * kMiB);  // the most: 64 MiB
  const size_t before = ResidentBytes();
  for (int i = 0; i < 300; ++i) step(kMiB + random.Below(7 * kMiB));
  EXPECT_LT(ResidentBytes(), before + 128 * kMiB);
}

// Whether blocks of this size, of which so many are taken at once, are zero.
bool AreZero(int64_t floats, int blocks) {
  std::vector<Tensor> tensors;
  for (int i = 0; i < blocks; ++i) tensors.push_back(Tensor::Empty({floats}));
  return std::all_of(tensors.begin(), tensors.end(), [floats](const Tensor& t) {
    return std::all_of(t.f32(), t.f32() + floats, [](float x) { return x == 0.0f; });
  });
}

void Fill(int64_t floats, int blocks) {
  std::vector<Tensor> tensors;
  for (int i = 0; i < blocks; ++i) {
    tensors.push_back(Tensor::Empty({floats}));
    std::fill_n(tensors.back().f32(), floats, 3.0f);
  }
}

TEST(Storage, WhatWasGivenBackIsWiped) {
  for (const int64_t floats : {1000, 1'000'000}) {
    Fill(floats, 3);
    EXPECT_FALSE(AreZero(floats, 3));
    WipeFreeStorage();
    EXPECT_TRUE(AreZero(floats, 3));
    Fill(floats, 1);  // some are wiped already, and some have been taken since
    EXPECT_FALSE(AreZero(floats, 3));
    WipeFreeStorage();
    EXPECT_TRUE(AreZero(floats, 3));
  }
}

}  // namespace
}  // namespace parvis
