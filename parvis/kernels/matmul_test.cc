#include <algorithm>
#include <cmath>

#include "parvis/kernels/test_support.h"

namespace parvis::kernels {
namespace {

struct Problem {
  size_t rows, n, k;
  std::vector<float> x, w, bias;  // (rows, k), (n, k), (n)
};

Problem MakeProblem(size_t rows, size_t n, size_t k) {
  return {rows, n, k, RandomFloats(rows * k, 1), RandomFloats(n * k, 2), RandomFloats(n, 3)};
}

struct Packed {
  AlignedBytes panels, rows;
};

Packed Pack(const Table& table, Packing packing, const Problem& p) {
  Packed packed = {AlignedBytes(PanelBytes(packing, p.n, p.k)),
                   AlignedBytes(RowBytes(packing, p.k) * p.rows)};
  table.PackPanels(packing, Source::kF32, p.w.data(), p.k * sizeof(float), p.n, p.k, 0,
                   (p.n + 15) / 16, packed.panels.get());
  table.PackRows(packing, p.x.data(), p.k, 1, p.k, 0, p.rows, packed.rows.get());
  return packed;
}

MatMulArgs Args(Packing packing, const Problem& p, const Packed& packed, float* y) {
  return {.packing = packing,
          .panels = packed.panels.get(),
          .n = p.n,
          .k = p.k,
          .rows = packed.rows.get(),
          .row_stride = RowBytes(packing, p.k),
          .row_begin = 0,
          .row_end = p.rows,
          .tile_begin = 0,
          .tile_end = (p.n + 15) / 16,
          .bias = nullptr,
          .y = y,
          .ldy = p.n,
          .accumulate = false};
}

std::vector<float> Multiply(const Table& table, Packing packing, const Problem& p) {
  const Packed packed = Pack(table, packing, p);
  std::vector<float> y(p.rows * p.n, -1.0f);
  table.MatMul(Args(packing, p, packed, y.data()));
  return y;
}

// Largest |y - exact| / (sum of |x w|), the natural measure of a sum's rounding.
double WorstError(const Problem& p, const std::vector<float>& y) {
  double worst = 0.0;
  for (size_t r = 0; r < p.rows; ++r) {
    for (size_t i = 0; i < p.n; ++i) {
      double sum = 0.0, size = 0.0;
      for (size_t k = 0; k < p.k; ++k) {
        const double term = static_cast<double>(p.x[r * p.k + k]) * p.w[i * p.k + k];
        sum += term;
        size += std::fabs(term);
      }
      worst = std::fmax(worst, std::fabs(y[r * p.n + i] - sum) / (size + 1e-30));
    }
  }
  return worst;
}

using MatMulTest = KernelTest;
PARVIS_ON_EVERY_TARGET(MatMulTest);

TEST_P(MatMulTest, F32EqualsTheFormula) {
  for (const size_t rows : {1, 2, 5, 6, 7, 13, 50}) {
    for (const size_t n : {1, 15, 16, 17, 48, 100}) {
      for (const size_t k : {1, 3, 16, 33, 256, 300, 700}) {
        const Problem p = MakeProblem(rows, n, k);
        ASSERT_LT(WorstError(p, Multiply(table(), Packing::kF32, p)), 2e-6)
            << rows << " " << n << " " << k;
      }
    }
  }
}

TEST_P(MatMulTest, Bf16EqualsTheFormulaOfRoundedNumbers) {
  for (const size_t rows : {1, 4, 9}) {
    for (const size_t n : {5, 16, 50}) {
      for (const size_t k : {1, 2, 31, 600}) {
        Problem p = MakeProblem(rows, n, k);
        const std::vector<float> y = Multiply(table(), Packing::kBf16, p);
        for (std::vector<float>* side : {&p.x, &p.w}) {
          std::vector<uint16_t> rounded(side->size());
          table().FromF32(side->data(), side->size(), Source::kBf16, rounded.data());
          table().ToF32(Source::kBf16, rounded.data(), side->size(), side->data());
        }
        ASSERT_LT(WorstError(p, y), 2e-6) << rows << " " << n << " " << k;
      }
    }
  }
}

TEST_P(MatMulTest, Q8IsCloseToTheFormula) {
  for (const size_t rows : {1, 3, 9}) {
    for (const size_t n : {5, 16, 50}) {
      for (const size_t k : {32, 64, 96, 1056}) {
        const Problem p = MakeProblem(rows, n, k);
        ASSERT_LT(WorstError(p, Multiply(table(), Packing::kQ8_0, p)), 8e-3)
            << rows << " " << n << " " << k;
      }
    }
  }
}

// Every output has one order of summation: no cut into calls may change a bit.
TEST_P(MatMulTest, SameBitsHoweverCut) {
  for (const Packing packing : {Packing::kF32, Packing::kBf16, Packing::kQ8_0}) {
    const Problem p = MakeProblem(40, 100, 1120);
    const Packed packed = Pack(table(), packing, p);
    std::vector<float> whole(p.rows * p.n);
    table().MatMul(Args(packing, p, packed, whole.data()));
    const size_t step = GetParam() == Target::kScalar ? 13 : 1;  // the scalar code is slow
    for (size_t rows = 1; rows <= 40; rows += step) {
      for (const size_t tiles : {1, 2, 3, 7}) {
        std::vector<float> y(p.rows * p.n);
        for (size_t row = 0; row < p.rows; row += rows) {
          for (size_t tile = 0; tile < 7; tile += tiles) {
            MatMulArgs args = Args(packing, p, packed, y.data());
            args.row_begin = row;
            args.row_end = std::min(p.rows, row + rows);
            args.tile_begin = tile;
            args.tile_end = std::min<size_t>(7, tile + tiles);
            table().MatMul(args);
          }
        }
        ASSERT_TRUE(SameBits(whole, y)) << rows << " rows, " << tiles << " tiles";
      }
    }
  }
}

TEST_P(MatMulTest, AddsBiasAndAccumulates) {
  for (const size_t k : {96, 704}) {
    const Problem p = MakeProblem(8, 37, k);
    const Packed packed = Pack(table(), Packing::kF32, p);
    std::vector<float> plain(p.rows * p.n), y(p.rows * p.n), sum(p.rows * p.n, 2.0f);
    table().MatMul(Args(Packing::kF32, p, packed, plain.data()));
    MatMulArgs args = Args(Packing::kF32, p, packed, y.data());
    args.bias = p.bias.data();
    table().MatMul(args);
    args = Args(Packing::kF32, p, packed, sum.data());
    args.accumulate = true;
    table().MatMul(args);
    for (size_t i = 0; i < y.size(); ++i) {
      ASSERT_EQ(y[i], plain[i] + p.bias[i % p.n]);
      ASSERT_EQ(sum[i], 2.0f + plain[i]);
    }
  }
}

TEST(MatMulTargets, SameBitsOnAll) {
  for (const Packing packing : {Packing::kF32, Packing::kQ8_0}) {
    const Problem p = MakeProblem(11, 70, 672);
    const std::vector<float> reference = Multiply(TableOf(Target::kScalar), packing, p);
    for (const Target target : SupportedTargets()) {
      EXPECT_TRUE(SameBits(reference, Multiply(TableOf(target), packing, p))) << TargetName(target);
    }
  }
}

// Intel's manual of TDPBF16PS: of a tile's 16 pairs the first products are summed apart from the
// second ones, both sums are added, and that to what was there before.
TEST(MatMulTargets, AmxSumsAsDocumented) {
  if (!TargetSupported(Target::kAmx)) GTEST_SKIP() << "this processor has no amx";
  const Table& table = TableOf(Target::kAmx);
  Problem p = MakeProblem(35, 50, 710);  // tiles that are not full on any side
  const std::vector<float> y = Multiply(table, Packing::kBf16, p);
  for (std::vector<float>* side : {&p.x, &p.w}) {
    std::vector<uint16_t> rounded(side->size());
    table.FromF32(side->data(), side->size(), Source::kBf16, rounded.data());
    table.ToF32(Source::kBf16, rounded.data(), side->size(), side->data());
  }
  std::vector<float> expected;
  for (size_t r = 0; r < p.rows; ++r) {
    for (size_t i = 0; i < p.n; ++i) {
      float sum = 0.0f;
      for (size_t begin = 0; begin < p.k; begin += 32) {
        float parts[2] = {};
        for (size_t k = begin; k < std::min(begin + 32, p.k); ++k) {
          parts[k % 2] = std::fma(p.x[r * p.k + k], p.w[i * p.k + k], parts[k % 2]);
        }
        sum += parts[0] + parts[1];
      }
      expected.push_back(sum);
    }
  }
  EXPECT_TRUE(SameBits(expected, y));
}

}  // namespace
}  // namespace parvis::kernels
