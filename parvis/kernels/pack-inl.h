#ifndef PARVIS_KERNELS_PACK_INL_H_
#define PARVIS_KERNELS_PACK_INL_H_

#include <cstddef>
#include <cstdint>

#include "parvis/kernels/block_pack-inl.h"
#include "parvis/kernels/convert-inl.h"
#include "parvis/kernels/inlining.h"
#include "parvis/kernels/kernels.h"
#include "parvis/kernels/layout.h"

// Weights into panels and activations into rows (layouts: kernels.h, layout.h). Weights go through
// a small f32 block of 16 rows by 64 k, so that every source and packing shares one path; only q8_0
// that stays q8_0 is copied group by group.
namespace parvis::kernels {

constexpr size_t kPackSteps = 64;  // k of a block; two q8_0 groups

struct PackBlock {
  alignas(64) float value[kLanes][kPackSteps];  // zero past the last row and the last k
};

// Fills a block with element (lane, i) = from[lane * lane_stride + i * k_stride].
template <class V>
void LoadBlock(const float* from, size_t lane_stride, size_t k_stride, size_t lanes, size_t steps,
               PackBlock& block) {
  if (lanes < kLanes || steps < kPackSteps) __builtin_memset(&block, 0, sizeof(block));
  if (k_stride == 1) {
    for (size_t lane = 0; lane < lanes; ++lane) {
      __builtin_memcpy(block.value[lane], from + lane * lane_stride, steps * sizeof(float));
    }
    return;
  }
  size_t i = 0;
  if (lane_stride == 1 && lanes == kLanes) {
    for (; i + 16 <= steps; i += 16) {
      V::Transpose(from + i * k_stride, k_stride, block.value[0] + i, kPackSteps);
    }
  }
  for (; i < steps; ++i) {
    for (size_t lane = 0; lane < lanes; ++lane) {
      block.value[lane][i] = from[lane * lane_stride + i * k_stride];
    }
  }
}

template <class V>
struct Q8Tile {
  unsigned char* data;
  int8_t* weights(size_t group) const {
    return reinterpret_cast<int8_t*>(data + group / 2 * kQ8BlockBytes + group % 2 * kQ8GroupBytes);
  }
  uint16_t* scales(size_t group) const {
    return reinterpret_cast<uint16_t*>(data + group / 2 * kQ8BlockBytes + 2 * kQ8GroupBytes) +
           group % 2 * kLanes;
  }
};

template <class V>
Q8Tile<V> Q8TileAt(void* panels, size_t tile, size_t k) {
  const size_t blocks = (k / kQ8Group + 1) / 2;
  return {static_cast<unsigned char*>(panels) + tile * blocks * kQ8BlockBytes};
}

// One lane's group of 32 int8 into its places of the panel.
template <class V>
void PlaceGroup(const Q8Tile<V>& tile, size_t group, size_t lane, const int8_t* q, uint16_t scale) {
  int8_t* to = tile.weights(group) + lane * 4;
  static_assert(V::kQ8Offset == 0 || V::kQ8Offset == 128);  // to add 128 is to turn the top bit
  for (size_t i = 0; i < kQ8Group; i += 4) {
    uint32_t word;
    __builtin_memcpy(&word, q + i, sizeof(word));
    word ^= V::kQ8Offset * 0x01010101u;
    __builtin_memcpy(to + i / 4 * 64, &word, sizeof(word));
  }
  tile.scales(group)[lane] = scale;
}

// 16 rows of `count` 32-bit words, row r at from + r * stride, into vectors of one word of each
// row. Only moves bits: the words need not be floats.
template <class V>
void PlaceWords(const float* from, size_t stride, size_t count, float* to) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) V::Transpose(from + i, stride, to + i * kLanes, kLanes);
  for (; i < count; ++i) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      __builtin_memcpy(to + i * kLanes + lane, from + lane * stride + i, sizeof(float));
    }
  }
}

// Writes a block of `steps` (<= 64) k, from k on, into the tile's panel. k % 64 == 0.
template <class V>
void PlaceBlock(Packing packing, const PackBlock& block, size_t tile, size_t total_k, size_t k,
                size_t steps, void* panels) {
  switch (packing) {
    case Packing::kF32:
      PlaceWords<V>(block.value[0], kPackSteps, steps,
                    static_cast<float*>(panels) + (tile * total_k + k) * kLanes);
      return;
    case Packing::kF16: {
      uint16_t* to = static_cast<uint16_t*>(panels) + (tile * total_k + k) * kLanes;
      alignas(64) float turned[16][kLanes];
      for (size_t i = 0; i < steps; i += 16) {
        V::Transpose(block.value[0] + i, kPackSteps, turned[0], kLanes);
        for (size_t j = 0; j < 16 && i + j < steps; ++j) {
          V::Load(turned[j]).StoreF16(to + (i + j) * kLanes);
        }
      }
      return;
    }
    case Packing::kBf16: {  // a pair is moved as one word
      const size_t even_k = (total_k + 1) / 2 * 2;
      alignas(64) uint16_t rounded[kLanes][kPackSteps];
      for (size_t lane = 0; lane < kLanes; ++lane) {
        for (size_t i = 0; i < kPackSteps; i += 16) {
          V::Load(block.value[lane] + i).StoreBf16(rounded[lane] + i);
        }
      }
      PlaceWords<V>(
          reinterpret_cast<const float*>(rounded), kPackSteps / 2, (steps + 1) / 2,
          reinterpret_cast<float*>(static_cast<uint16_t*>(panels) + (tile * even_k + k) * kLanes));
      return;
    }
    case Packing::kQ8_0: {
      const Q8Tile<V> q8 = Q8TileAt<V>(panels, tile, total_k);
      for (size_t i = 0; i < kPackSteps; i += kQ8Group) {  // the second may lie past the end: zeros
        for (size_t lane = 0; lane < kLanes; ++lane) {
          int8_t q[kQ8Group];
          const uint16_t scale = QuantiseWeights32<V>(block.value[lane] + i, q);
          PlaceGroup<V>(q8, (k + i) / kQ8Group, lane, q, scale);
        }
      }
      return;
    }
    default:  // block_pack-inl.h
      return;
  }
}

// Codes and scales kept as stored: of q8_0, q5_0 and q4_0.
template <class V>
void CopyQ8Tile(Source source, const void* src, size_t row_bytes, size_t n, size_t k, size_t tile,
                void* panels) {
  const Q8Tile<V> q8 = Q8TileAt<V>(panels, tile, k);
  const size_t groups = k / kQ8Group;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    const size_t row = tile * kLanes + lane;
    const unsigned char* from = static_cast<const unsigned char*>(src) + row * row_bytes;
    for (size_t group = 0; group < (groups + 1) / 2 * 2; ++group) {
      uint16_t scale = 0;
      int8_t q[kQ8Group] = {};
      if (row < n && group < groups) {
        const unsigned char* stored = from + group * BlockOf<V>(source).bytes;
        __builtin_memcpy(&scale, stored, sizeof(scale));
        if (source == Source::kQ8_0) {
          __builtin_memcpy(q, stored + sizeof(scale), sizeof(q));
        } else {
          const int zero = source == Source::kQ4_0 ? 8 : 16;
          uint8_t code[kQ8Group];
          ReadCodes<V>(source, from, group, code);
          for (size_t i = 0; i < kQ8Group; ++i) q[i] = static_cast<int8_t>(code[i] - zero);
        }
      }
      PlaceGroup<V>(q8, group, lane, q, scale);
    }
  }
}

// Steps [begin, end) of a tile whose lanes lie side by side, element (lane, i) at
// from[lane + i * k_stride]: nothing is turned. begin is even, and so is end but for the last.
template <class V>
PARVIS_FLATTEN void PlaceSteps(Packing packing, const float* from, size_t k_stride, size_t lanes,
                               size_t begin, size_t end, void* panel) {
  const auto load = [&](size_t i) {
    const float* step = from + i * k_stride;
    return lanes == kLanes ? V::Load(step) : V::LoadPartial(step, lanes);
  };
  float* to = static_cast<float*>(panel);
  if (packing == Packing::kF32) {
    for (size_t i = begin; i < end; ++i) load(i).Store(to + i * kLanes);
    return;
  }
  for (size_t i = begin; i < end; i += 2) {
    V::StorePairs(load(i), i + 1 < end ? load(i + 1) : V::Zero(), to + i / 2 * kLanes);
  }
}

template <class V>
void PackPanelsStrided(Packing packing, const float* src, size_t lane_stride, size_t k_stride,
                       size_t n, size_t k, size_t tile_begin, size_t tile_end, void* panels) {
  const auto lanes_of = [n](size_t tile) {
    return n - tile * kLanes < kLanes ? n - tile * kLanes : kLanes;
  };
  if (lane_stride == 1 && (packing == Packing::kF32 || packing == Packing::kBf16)) {
    // Block by block of k over all tiles: the source is then read along its lines.
    const size_t tile_bytes = PanelBytes(packing, kLanes, k);
    for (size_t at = 0; at < k; at += kPackSteps) {
      const size_t end = k - at < kPackSteps ? k : at + kPackSteps;
      for (size_t tile = tile_begin; tile < tile_end; ++tile) {
        PlaceSteps<V>(packing, src + tile * kLanes, k_stride, lanes_of(tile), at, end,
                      static_cast<unsigned char*>(panels) + tile * tile_bytes);
      }
    }
    return;
  }
  PackBlock block;
  for (size_t tile = tile_begin; tile < tile_end; ++tile) {
    const float* from = src + tile * kLanes * lane_stride;
    const size_t lanes = lanes_of(tile);
    if (packing == Packing::kF32 && k_stride == 1 && lanes == kLanes) {
      PlaceWords<V>(from, lane_stride, k, static_cast<float*>(panels) + tile * k * kLanes);
      continue;
    }
    for (size_t at = 0; at < k; at += kPackSteps) {
      const size_t steps = k - at < kPackSteps ? k - at : kPackSteps;
      LoadBlock<V>(from + at * k_stride, lane_stride, k_stride, lanes, steps, block);
      PlaceBlock<V>(packing, block, tile, k, at, steps, panels);
    }
  }
}

template <class V>
void PackPanels(Packing packing, Source source, const void* src, size_t row_bytes, size_t n,
                size_t k, size_t tile_begin, size_t tile_end, void* panels) {
  if (source == Source::kF32 && row_bytes % sizeof(float) == 0) {
    PackPanelsStrided<V>(packing, static_cast<const float*>(src), row_bytes / sizeof(float), 1, n,
                         k, tile_begin, tile_end, panels);
    return;
  }
  PackBlock block;
  for (size_t tile = tile_begin; tile < tile_end; ++tile) {
    if (RowsOf(packing) == Packing::kQ4_0) {
      PackBlockTile<V>(packing, source, src, row_bytes, n, k, tile, panels);
      continue;
    }
    if (packing == Packing::kQ8_0 &&
        (source == Source::kQ8_0 || source == Source::kQ5_0 || source == Source::kQ4_0)) {
      CopyQ8Tile<V>(source, src, row_bytes, n, k, tile, panels);
      continue;
    }
    for (size_t at = 0; at < k; at += kPackSteps) {
      const size_t steps = k - at < kPackSteps ? k - at : kPackSteps;
      __builtin_memset(&block, 0, sizeof(block));
      for (size_t lane = 0; lane < kLanes && tile * kLanes + lane < n; ++lane) {
        RowToF32<V>(source,
                    static_cast<const unsigned char*>(src) + (tile * kLanes + lane) * row_bytes, at,
                    steps, block.value[lane]);
      }
      PlaceBlock<V>(packing, block, tile, k, at, steps, panels);
    }
  }
}

// `steps` numbers of a row to int8 groups from `at` on, with scales and starts behind all k.
template <class V>
void PackQ8Steps(const float* x, size_t steps, size_t k, void* row, size_t at) {
  const size_t groups = k / kQ8Group;
  int8_t* q = static_cast<int8_t*>(row) + at;
  float* scales = reinterpret_cast<float*>(static_cast<int8_t*>(row) + k);
  int32_t* starts = reinterpret_cast<int32_t*>(scales + groups);
  for (size_t i = 0; i < steps; i += kQ8Group) {
    const size_t g = (at + i) / kQ8Group;
    scales[g] = QuantiseActivations32<V>(x + i, q + i);
    starts[g] = -static_cast<int32_t>(V::kQ8Offset) * V::SumGroup(q + i);
  }
}

// `steps` numbers of a row to bf16 from `at` on, kept as f32 where the target has no bf16 products.
template <class V>
PARVIS_FLATTEN void PackBf16Steps(const float* x, size_t steps, void* row, size_t at) {
  size_t i = 0;
  if constexpr (V::kBf16Dot) {
    uint16_t* to = static_cast<uint16_t*>(row) + at;
    for (; i + 32 <= steps; i += 32) V::StoreRow(V::Load(x + i), V::Load(x + i + 16), to + i);
  }
  for (; i < steps; i += kPackSteps) {
    uint16_t rounded[kPackSteps] = {};
    const size_t count = steps - i < kPackSteps ? steps - i : kPackSteps;
    FromF32<V>(x + i, count, Source::kBf16, rounded);
    const size_t even = (count + 1) / 2 * 2;
    if constexpr (V::kBf16Dot) {
      __builtin_memcpy(static_cast<uint16_t*>(row) + at + i, rounded, even * sizeof(uint16_t));
    } else {
      ToF32<V>(Source::kBf16, rounded, even, static_cast<float*>(row) + at + i);
    }
  }
}

// `steps` numbers of a row of k, from `at` on.
template <class V>
void PackSteps(Packing packing, const float* x, size_t steps, size_t k, void* row, size_t at) {
  switch (RowsOf(packing)) {
    case Packing::kF32:
      __builtin_memcpy(static_cast<float*>(row) + at, x, steps * sizeof(float));
      return;
    case Packing::kBf16:
      PackBf16Steps<V>(x, steps, row, at);
      return;
    case Packing::kQ8_0:
      PackQ8Steps<V>(x, steps, k, row, at);
      return;
    default:
      PackBlockSteps<V>(x, steps, k, row, at);
      return;
  }
}

// 16 rows and 64 k from a matrix whose rows lie side by side: element (row r, i) at
// from[r + i * k_stride]. False: not for this packing and target.
template <class V>
PARVIS_FLATTEN bool TurnRows(Packing packing, const float* from, size_t k_stride, size_t at,
                             unsigned char* rows, size_t row_bytes) {
  if (packing == Packing::kF32) {
    for (size_t i = 0; i < kPackSteps; i += 16) {
      V::Transpose(from + i * k_stride, k_stride, reinterpret_cast<float*>(rows) + at + i,
                   row_bytes / sizeof(float));
    }
    return true;
  }
  if constexpr (V::kBf16Dot) {
    if (packing == Packing::kBf16) {  // a pair is turned as one word
      for (size_t i = 0; i < kPackSteps; i += 32, from += 32 * k_stride) {
        alignas(64) float words[16][kLanes];
        for (size_t j = 0; j < 16; ++j) {
          const float* first = from + 2 * j * k_stride;
          V::StorePairs(V::Load(first), V::Load(first + k_stride), words[j]);
        }
        V::Transpose(words[0], kLanes, reinterpret_cast<float*>(rows + (at + i) * 2),
                     row_bytes / sizeof(float));
      }
      return true;
    }
  }
  return false;
}

template <class V>
void PackRows(Packing packing, const float* src, size_t row_stride, size_t k_stride, size_t k,
              size_t row_begin, size_t row_end, void* rows) {
  const size_t row_bytes = RowBytes(packing, k);
  unsigned char* to = static_cast<unsigned char*>(rows) + row_begin * row_bytes;
  const float* from = src + row_begin * row_stride;
  if (k_stride == 1) {
    for (size_t r = row_begin; r < row_end; ++r, from += row_stride, to += row_bytes) {
      PackSteps<V>(packing, from, k, k, to, 0);
    }
    return;
  }
  // Columns of 64 k, top to bottom: the source is then read along its lines.
  PackBlock block;
  for (size_t at = 0; at < k; at += kPackSteps) {
    const size_t steps = k - at < kPackSteps ? k - at : kPackSteps;
    for (size_t r = 0; r < row_end - row_begin; r += kLanes) {
      const size_t rest = row_end - row_begin - r;
      const size_t count = rest < kLanes ? rest : kLanes;
      if (row_stride == 1 && count == kLanes && steps == kPackSteps &&
          TurnRows<V>(packing, from + r + at * k_stride, k_stride, at, to + r * row_bytes,
                      row_bytes)) {
        continue;
      }
      LoadBlock<V>(from + r * row_stride + at * k_stride, row_stride, k_stride, count, steps,
                   block);
      for (size_t i = 0; i < count; ++i) {
        PackSteps<V>(packing, block.value[i], steps, k, to + (r + i) * row_bytes, at);
      }
    }
  }
}

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_PACK_INL_H_
