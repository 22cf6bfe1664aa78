// Products with quantised weights as stored: against the formula in double precision on what the
// stored bytes stand for, and bit for bit however a product is cut and on every instruction set.

#include <cmath>

#include "parvis/kernels/test_support.h"

namespace parvis::kernels {
namespace {

// A stored type with the packing that runs it.
struct Kind {
  const char* name;
  Source source;
  Packing packing;
  size_t elements;             // of a block
  std::vector<size_t> halves;  // where a block's f16 numbers lie
};

std::vector<Kind> AllKinds() {
  return {{"q4_0", Source::kQ4_0, Packing::kQ4_0, 32, {0}},
          {"q4_1", Source::kQ4_1, Packing::kQ5Wide, 32, {0, 2}},
          {"q5_0", Source::kQ5_0, Packing::kQ8_0, 32, {0}},
          {"q5_1", Source::kQ5_1, Packing::kQ5Wide, 32, {0, 2}},
          {"q4_K", Source::kQ4K, Packing::kQ4K, 256, {0, 2}},
          {"q5_K", Source::kQ5K, Packing::kQ5Wide, 256, {0, 2}},
          {"q6_K", Source::kQ6K, Packing::kQ6K, 256, {208}},
          {"f16", Source::kF16, Packing::kF16, 1, {0}}};
}

// Random blocks whose scales are normal f16 numbers of both signs near 1.
std::vector<uint8_t> RandomBlocks(const Kind& kind, size_t count, uint64_t seed) {
  std::vector<uint8_t> bytes(SourceBytes(kind.source, kind.elements) * count);
  uint64_t state = seed * 0x9e3779b97f4a7c15u + 77;
  const auto next = [&state] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state >> 33);
  };
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(next());
  for (size_t block = 0; block < count; ++block) {
    for (const size_t at : kind.halves) {
      const auto half = static_cast<uint16_t>(0x3400 + next() % 0x0c00 + (next() % 2 << 15));
      std::memcpy(&bytes[block * bytes.size() / count + at], &half, sizeof(half));
    }
  }
  return bytes;
}

struct Problem {
  size_t rows, n, k;
  std::vector<uint8_t> stored;
  std::vector<float> x, w;  // w: what `stored` stands for
};

Problem MakeProblem(const Kind& kind, size_t rows, size_t n, size_t k) {
  Problem p{rows, n, k, RandomBlocks(kind, n * k / kind.elements, n + k), {}, {}};
  p.x = RandomFloats(rows * k, 11);
  p.w.resize(n * k);
  TableOf(Target::kScalar).ToF32(kind.source, p.stored.data(), p.w.size(), p.w.data());
  return p;
}

struct Packed {
  AlignedBytes panels, rows;
};

Packed Pack(const Table& table, const Kind& kind, const Problem& p) {
  Packed packed = {AlignedBytes(PanelBytes(kind.packing, p.n, p.k)),
                   AlignedBytes(RowBytes(kind.packing, p.k) * p.rows)};
  table.PackPanels(kind.packing, kind.source, p.stored.data(), SourceBytes(kind.source, p.k), p.n,
                   p.k, 0, (p.n + 15) / 16, packed.panels.get());
  table.PackRows(kind.packing, p.x.data(), p.k, 1, p.k, 0, p.rows, packed.rows.get());
  return packed;
}

MatMulArgs Args(const Kind& kind, const Problem& p, const Packed& packed, float* y) {
  return {.packing = kind.packing,
          .panels = packed.panels.get(),
          .n = p.n,
          .k = p.k,
          .rows = packed.rows.get(),
          .row_stride = RowBytes(kind.packing, p.k),
          .row_begin = 0,
          .row_end = p.rows,
          .tile_begin = 0,
          .tile_end = (p.n + 15) / 16,
          .bias = nullptr,
          .y = y,
          .ldy = p.n,
          .accumulate = false};
}

std::vector<float> Multiply(const Table& table, const Kind& kind, const Problem& p) {
  const Packed packed = Pack(table, kind, p);
  std::vector<float> y(p.rows * p.n, -1.0f);
  table.MatMul(Args(kind, p, packed, y.data()));
  return y;
}

// x as the kernels round it: int8 with a scale for each 32.
std::vector<float> Rounded(const std::vector<float>& x) {
  std::vector<float> rounded(x.size());
  for (size_t g = 0; g < x.size(); g += 32) {
    float amax = 0.0f;
    for (size_t i = 0; i < 32; ++i) amax = std::fmax(amax, std::fabs(x[g + i]));
    const float inverse = 127.0f / amax;
    for (size_t i = 0; i < 32; ++i) {
      rounded[g + i] = std::nearbyint(x[g + i] * inverse) * (amax / 127.0f);
    }
  }
  return rounded;
}

using BlockMatMulTest = KernelTest;
PARVIS_ON_EVERY_TARGET(BlockMatMulTest);

TEST_P(BlockMatMulTest, EqualsTheFormulaOfRoundedActivations) {
  for (const Kind& kind : AllKinds()) {
    for (const size_t rows : {1, 3, 9}) {
      for (const size_t n : {5, 16, 50}) {
        for (const size_t blocks : {1, 2, 5}) {
          const size_t k = blocks * (kind.elements == 1 ? 37 : kind.elements);
          const Problem p = MakeProblem(kind, rows, n, k);
          const std::vector<float> y = Multiply(table(), kind, p);
          const std::vector<float> x = kind.elements == 1 ? p.x : Rounded(p.x);
          for (size_t r = 0; r < rows; ++r) {
            for (size_t i = 0; i < n; ++i) {
              double sum = 0.0, size = 0.0;
              for (size_t j = 0; j < k; ++j) {
                const double term = double{x[r * k + j]} * p.w[i * k + j];
                sum += term;
                size += std::fabs(term);
              }
              ASSERT_NEAR(y[r * n + i], sum, 4e-6 * size)
                  << kind.name << " " << rows << " " << n << " " << k;
            }
          }
        }
      }
    }
  }
}

TEST_P(BlockMatMulTest, SameBitsHoweverCut) {
  for (const Kind& kind : AllKinds()) {
    const Problem p = MakeProblem(kind, 40, 100, 1280);
    const Packed packed = Pack(table(), kind, p);
    std::vector<float> whole(p.rows * p.n);
    table().MatMul(Args(kind, p, packed, whole.data()));
    const size_t step = GetParam() == Target::kScalar ? 13 : 1;  // the scalar code is slow
    for (size_t rows = 1; rows <= 40; rows += step) {
      for (const size_t tiles : {1, 2, 3, 7}) {
        std::vector<float> y(p.rows * p.n);
        for (size_t row = 0; row < p.rows; row += rows) {
          for (size_t tile = 0; tile < 7; tile += tiles) {
            MatMulArgs args = Args(kind, p, packed, y.data());
            args.row_begin = row;
            args.row_end = std::min(p.rows, row + rows);
            args.tile_begin = tile;
            args.tile_end = std::min<size_t>(7, tile + tiles);
            table().MatMul(args);
          }
        }
        ASSERT_TRUE(SameBits(whole, y)) << kind.name << " " << rows << " rows, " << tiles;
      }
    }
  }
}

// The largest sums: every code and every activation at its end, with both signs.
TEST_P(BlockMatMulTest, DoesNotOverflow) {
  for (const Kind& kind : AllKinds()) {
    for (const uint8_t fill : {0x00, 0x7f, 0x80, 0xff}) {
      const size_t n = 16, k = 512;
      Problem p = MakeProblem(kind, 2, n, k);
      const size_t block_bytes = SourceBytes(kind.source, kind.elements);
      for (size_t block = 0; block < p.stored.size(); block += block_bytes) {
        std::memset(&p.stored[block], fill, block_bytes);
        for (const size_t at : kind.halves) {
          const uint16_t one = 0x3c00;
          std::memcpy(&p.stored[block + at], &one, sizeof(one));
        }
      }
      TableOf(Target::kScalar).ToF32(kind.source, p.stored.data(), n * k, p.w.data());
      for (size_t i = 0; i < k; ++i) p.x[i] = 127.0f, p.x[k + i] = -127.0f;
      const std::vector<float> y = Multiply(table(), kind, p);
      double sum = 0.0;
      for (size_t i = 0; i < k; ++i) sum += 127.0 * p.w[i];
      for (size_t i = 0; i < n; ++i) {
        ASSERT_NEAR(y[i], sum, 1e-5 * std::fabs(sum)) << kind.name << " " << int{fill};
        ASSERT_NEAR(y[n + i], -sum, 1e-5 * std::fabs(sum)) << kind.name << " " << int{fill};
      }
    }
  }
}

// f16 weights are the f32 product of the same numbers.
TEST_P(BlockMatMulTest, F16IsF32) {
  const Kind kind = AllKinds().back();
  const Problem p = MakeProblem(kind, 9, 50, 333);
  const Kind wide = {"f32", Source::kF32, Packing::kF32, 1, {}};
  Problem same = p;
  same.stored.resize(p.w.size() * sizeof(float));
  std::memcpy(same.stored.data(), p.w.data(), same.stored.size());
  EXPECT_TRUE(SameBits(Multiply(table(), kind, p), Multiply(table(), wide, same)));
}

TEST_P(BlockMatMulTest, NotANumberStaysOne) {
  for (const Kind& kind : AllKinds()) {
    Problem p = MakeProblem(kind, 1, 16, 512);
    p.x[40] = std::nanf("");
    for (const float y : Multiply(table(), kind, p)) EXPECT_TRUE(std::isnan(y)) << kind.name;
  }
}

TEST(BlockMatMulTargets, SameBitsOnAll) {
  for (const Kind& kind : AllKinds()) {
    const Problem p = MakeProblem(kind, 11, 70, 1280);
    const std::vector<float> reference = Multiply(TableOf(Target::kScalar), kind, p);
    for (const Target target : SupportedTargets()) {
      EXPECT_TRUE(SameBits(reference, Multiply(TableOf(target), kind, p)))
          << kind.name << " " << TargetName(target);
    }
  }
}

}  // namespace
}  // namespace parvis::kernels
