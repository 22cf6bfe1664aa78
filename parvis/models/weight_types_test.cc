// Which matrix gets which type, held against what llama.cpp's quantiser chooses.

#include "parvis/models/weight_types.h"

#include "gtest/gtest.h"

namespace parvis::models {
namespace {

MatrixPlace Place(const std::string& parameter, int64_t row, int64_t layer = 0) {
  return {.parameters = {parameter}, .row = row, .layer = layer, .num_layers = 12};
}

DType TypeIn(const char* name, const MatrixPlace& place) {
  return TypeOf(*WeightTypesFromName(name), place).dtype;
}

TEST(WeightTypes, AreKnownByTheirNames) {
  for (const char* name : {"q4_K_M", "Q4_K_M", "q4_k_m"}) {
    const auto types = WeightTypesFromName(name);
    ASSERT_TRUE(types.has_value());
    EXPECT_EQ(types->dtype, DType::kQ4K);
    EXPECT_TRUE(types->more);
    EXPECT_EQ(GgufFileType(*types), 15u);
  }
  EXPECT_EQ(GgufFileType(*WeightTypesFromName("Q5_K_M")), 17u);
  EXPECT_EQ(GgufFileType(*WeightTypesFromName("Q4_0")), 2u);
  EXPECT_FALSE(WeightTypesFromName("q3_K").has_value());
}

// llama.cpp's use_more_bits of 12 layers: 0; 3, 6, 9; 10, 11.
TEST(WeightTypes, GiveMoreBitsToSomeBlocksOfAMix) {
  for (int64_t layer = 0; layer < 12; ++layer) {
    const bool more = layer == 0 || layer == 3 || layer == 6 || layer == 9 || layer >= 10;
    const DType expected = more ? DType::kQ6K : DType::kQ4K;
    const std::string block = std::to_string(layer);
    EXPECT_EQ(TypeIn("q4_K_M", Place(block + ".attention.v.weight", 256, layer)), expected);
    EXPECT_EQ(TypeIn("q4_K_M", Place(block + ".feed_forward.down.weight", 256, layer)), expected);
    EXPECT_EQ(TypeIn("q4_K_M", Place(block + ".attention.q.weight", 256, layer)), DType::kQ4K);
    EXPECT_EQ(TypeIn("q4_K", Place(block + ".attention.v.weight", 256, layer)), DType::kQ4K);
  }
  MatrixPlace fused = Place("1.attention.q.weight", 256, 1);
  fused.parameters = {"1.attention.q.weight", "1.attention.k.weight", "1.attention.v.weight"};
  EXPECT_EQ(TypeIn("q4_K_M", fused), DType::kQ5K);
  EXPECT_EQ(TypeIn("q5_K_M", fused), DType::kQ6K);
}

TEST(WeightTypes, OfTheOutputMatrixAndOfPositions) {
  MatrixPlace output = Place("lm_head.weight", 256);
  output.is_output = true;
  EXPECT_EQ(TypeIn("q4_0", output), DType::kQ6K);
  EXPECT_EQ(TypeIn("q4_K_M", output), DType::kQ6K);
  EXPECT_EQ(TypeIn("q8_0", output), DType::kQ8_0);
  EXPECT_EQ(TypeIn("bf16", output), DType::kBf16);
  output.row = 288;
  EXPECT_EQ(TypeIn("q4_K_M", output), DType::kQ8_0);
  EXPECT_EQ(TypeIn("q4_0", output), DType::kQ8_0);
  EXPECT_EQ(TypeIn("q4_0", Place("position.weight", 256)), DType::kF32);
}

TEST(WeightTypes, StandInWhereRowsDoNotFillGroups) {
  const std::pair<const char*, DType> kStandIns[] = {
      {"q4_K", DType::kQ5_0}, {"q5_K", DType::kQ5_1}, {"q6_K", DType::kQ8_0}};
  for (const auto& [name, expected] : kStandIns) {
    const MatrixType type = TypeOf(*WeightTypesFromName(name), Place("0.attention.q.weight", 288));
    EXPECT_EQ(type.dtype, expected);
    EXPECT_EQ(type.wanted, WeightTypesFromName(name)->dtype);
  }
  EXPECT_EQ(TypeIn("q4_K", Place("0.attention.q.weight", 48)), DType::kF16);
  EXPECT_EQ(TypeIn("q4_0", Place("0.attention.q.weight", 48)), DType::kF16);
  EXPECT_FALSE(TypeOf(DType::kQ4_0, Place("0.attention.q.weight", 32)).wanted.has_value());
}

}  // namespace
}  // namespace parvis::models
