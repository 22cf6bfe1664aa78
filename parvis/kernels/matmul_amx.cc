// gcc 12 warns of undefined values that its own headers make on purpose (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include "parvis/kernels/matmul_amx.h"

#include <immintrin.h>

#include "parvis/kernels/block_dot_avx512.h"
#include "parvis/kernels/matmul-inl.h"
#include "parvis/kernels/simd_avx512.h"

// Panels and rows are those of AVX-512: 16 rows of 32 numbers are a tile of the left side as they
// lie there, 16 pairs of k of 16 outputs one of the right side. Every product goes through tiles,
// be it of one row, so an output has one order of summation: of each 32 k the processor sums the
// first numbers of all pairs and the second ones apart, and adds both to what was before.
namespace parvis::kernels {
namespace {

constexpr size_t kRows = 16;                // of a tile
constexpr size_t kStepK = 32;               // k of a step: a tile of each side
constexpr size_t kStepBytes = 64;           // of a row in a step
constexpr size_t kBlockBytes = 512 * 1024;  // of rows that stay in the second-level cache

// What asm of the compiler's headers reads it does not tell the compiler.
void Written() { asm volatile("" : : : "memory"); }

// Tiles 0 to 3: sums of two by two, 4 and 5: rows, 6 and 7: panels.
void Configure(size_t upper, size_t lower) {
  TileConfig config;
  const auto set = [&](int tile, size_t rows) {
    config.rows[tile] = static_cast<uint8_t>(rows);
    config.row_bytes[tile] = rows == 0 ? 0 : kStepBytes;
  };
  for (const int tile : {0, 1, 4}) set(tile, upper);
  for (const int tile : {2, 3, 5}) set(tile, lower);
  for (const int tile : {6, 7}) set(tile, kRows);
  Written();
  _tile_loadconfig(&config);
}

// One step of two by two tiles, or fewer. `rows` and `panels`: of the first; the second ones lie
// 16 rows and `tile_bytes` further.
template <int R, int T>
inline void Step(const unsigned char* rows, size_t row_stride, const unsigned char* panels,
                 size_t tile_bytes) {
  _tile_loadd(6, panels, kStepBytes);
  _tile_loadd(4, rows, row_stride);
  _tile_dpbf16ps(0, 4, 6);
  if constexpr (T == 2) {
    _tile_loadd(7, panels + tile_bytes, kStepBytes);
    _tile_dpbf16ps(1, 4, 7);
  }
  if constexpr (R == 2) {
    _tile_loadd(5, rows + kRows * row_stride, row_stride);
    _tile_dpbf16ps(2, 5, 6);
    if constexpr (T == 2) _tile_dpbf16ps(3, 5, 7);
  }
}

// The k behind the last whole step, with zeros behind them.
template <int R, int T>
void LastStep(const unsigned char* rows, size_t row_stride, size_t count,
              const unsigned char* panels, size_t tile_bytes, size_t pairs) {
  alignas(64) unsigned char row_part[2 * kRows][kStepBytes] = {};
  alignas(64) unsigned char panel_part[2][kRows * kStepBytes] = {};
  for (size_t r = 0; r < count; ++r) {
    __builtin_memcpy(row_part[r], rows + r * row_stride, pairs * sizeof(uint32_t));
  }
  for (size_t t = 0; t < T; ++t) {
    __builtin_memcpy(panel_part[t], panels + t * tile_bytes, pairs * kStepBytes);
  }
  Written();
  Step<R, T>(row_part[0], kStepBytes, panel_part[0], sizeof(panel_part[0]));
}

// `count` rows (more than 16 of them if R is 2) by T tiles of outputs.
template <int R, int T>
void Outputs(const MatMulArgs& args, size_t row, size_t count, size_t tile) {
  const size_t pairs = (args.k + 1) / 2, tile_bytes = pairs * kStepBytes;
  const auto* rows = static_cast<const unsigned char*>(args.rows) + row * args.row_stride;
  const auto* panels = static_cast<const unsigned char*>(args.panels) + tile * tile_bytes;
  _tile_zero(0);
  if constexpr (T == 2) _tile_zero(1);
  if constexpr (R == 2) _tile_zero(2);
  if constexpr (R == 2 && T == 2) _tile_zero(3);
  const size_t steps = args.k / kStepK;
  for (size_t i = 0; i < steps; ++i) {
    Step<R, T>(rows + i * kStepBytes, args.row_stride, panels + i * kRows * kStepBytes, tile_bytes);
  }
  if (args.k % kStepK != 0) {
    LastStep<R, T>(rows + steps * kStepBytes, args.row_stride, count,
                   panels + steps * kRows * kStepBytes, tile_bytes, pairs - steps * kRows);
  }
  alignas(64) float sums[2][T][kRows][kLanes];
  _tile_stored(0, sums[0][0], kStepBytes);
  if constexpr (T == 2) _tile_stored(1, sums[0][1], kStepBytes);
  if constexpr (R == 2) _tile_stored(2, sums[1][0], kStepBytes);
  if constexpr (R == 2 && T == 2) _tile_stored(3, sums[1][1], kStepBytes);
  for (size_t r = 0; r < count; ++r) {
    for (size_t t = 0; t < T; ++t) {
      Finish(args, row + r, tile + t, Avx512Vec::Load(sums[r / kRows][t][r % kRows]));
    }
  }
}

// All outputs of rows that are `together` at a time.
template <int R>
void RowsByTiles(const MatMulArgs& args, size_t begin, size_t end, size_t together) {
  size_t block = kBlockBytes / (args.k * sizeof(uint16_t) + 1) / together * together;
  if (block < together) block = together;
  for (; begin < end; begin += block) {
    const size_t block_end = end - begin < block ? end : begin + block;
    for (size_t tile = args.tile_begin; tile < args.tile_end; tile += 2) {
      const bool two = tile + 2 <= args.tile_end;
      for (size_t row = begin; row < block_end; row += together) {
        two ? Outputs<R, 2>(args, row, together, tile) : Outputs<R, 1>(args, row, together, tile);
      }
    }
  }
}

}  // namespace

void MultiplyBf16Amx(const MatMulArgs& args) {
  const size_t rest = (args.row_end - args.row_begin) % (2 * kRows);
  const size_t whole = args.row_end - rest;
  if (whole > args.row_begin) {
    Configure(kRows, kRows);
    RowsByTiles<2>(args, args.row_begin, whole, 2 * kRows);
  }
  if (rest > kRows) {
    Configure(kRows, rest - kRows);
    RowsByTiles<2>(args, whole, args.row_end, rest);
  } else if (rest > 0) {
    Configure(rest, 0);
    RowsByTiles<1>(args, whole, args.row_end, rest);
  }
  _tile_release();
}

}  // namespace parvis::kernels
