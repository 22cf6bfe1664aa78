#ifndef PARVIS_KERNELS_BLOCK_PACK_INL_H_
#define PARVIS_KERNELS_BLOCK_PACK_INL_H_

#include <cstddef>
#include <cstdint>

#include "parvis/kernels/block_dot.h"
#include "parvis/kernels/convert-inl.h"
#include "parvis/kernels/kernels.h"
#include "parvis/kernels/layout.h"
#include "parvis/kernels/stored-inl.h"

// Quantised weights into panels that keep their codes and scales exactly, and activations into the
// rows that such panels are multiplied with (layout.h). Words of four codes are moved at a time.
namespace parvis::kernels {

template <class V>
inline uint32_t FourCodes(const uint8_t* code) {
  uint32_t word;
  __builtin_memcpy(&word, code, sizeof(word));
  return word;
}

template <class V>
inline void PutWord(unsigned char* to, uint32_t word) {
  __builtin_memcpy(to, &word, sizeof(word));
}

// The low nibbles of 32 codes of one lane.
template <class V>
inline void PutNibbles(const uint8_t* code, size_t lane, unsigned char* group) {
  constexpr uint32_t kNibbles = 0x0f0f0f0f;
  for (size_t i = 0; i < 4; ++i) {
    const uint32_t low = FourCodes<V>(code + 8 * i) & kNibbles;
    const uint32_t high = FourCodes<V>(code + 8 * i + 4) & kNibbles;
    PutWord<V>(group + 64 * i + 4 * lane, low | high << 4);
  }
}

// All six bits of 32 codes of one lane, half a group after the other.
template <class V>
inline void PutSixBits(const uint8_t* code, size_t lane, unsigned char* group) {
  constexpr uint32_t kNibbles = 0x0f0f0f0f, kUpper = 0x03030303;
  for (size_t half = 0; half < 2; ++half, code += 16, group += kQ6KGroupBytes / 2) {
    uint32_t quad[4], upper = 0;
    for (size_t j = 0; j < 4; ++j) {
      quad[j] = FourCodes<V>(code + 4 * j);
      upper |= (quad[j] >> 4 & kUpper) << (2 * j);
    }
    PutWord<V>(group + 4 * lane, upper);
    for (size_t i = 0; i < 2; ++i) {
      PutWord<V>(group + kUpperBitBytes + 64 * i + 4 * lane,
                 (quad[2 * i] & kNibbles) | (quad[2 * i + 1] & kNibbles) << 4);
    }
  }
}

template <class V>
void PackQ4_0Lane(const unsigned char* row, size_t k, size_t lane, unsigned char* tile) {
  uint8_t code[kQ8Group];
  for (size_t g = 0; g < k / kQ8Group; ++g) {
    ReadCodes<V>(Source::kQ4_0, row, g, code);
    unsigned char* block = tile + g / 2 * kQ4BlockBytes;
    PutNibbles<V>(code, lane, block + g % 2 * kNibbleBytes);
    __builtin_memcpy(block + 2 * kNibbleBytes + (g % 2 * kLanes + lane) * sizeof(uint16_t),
                     row + g * kQ4_0Stored.bytes, sizeof(uint16_t));
  }
}

template <class V>
void PackQ4KLane(const unsigned char* row, size_t k, size_t lane, unsigned char* tile) {
  uint8_t code[kQ8Group];
  for (size_t s = 0; s < k / kSuperBlock; ++s, tile += kQ4KBlockBytes) {
    const unsigned char* stored = row + s * kQ4KStored.bytes;
    for (size_t j = 0; j < kSuperGroups; ++j) {
      ReadCodes<V>(Source::kQ4K, row, s * kSuperGroups + j, code);
      PutNibbles<V>(code, lane, tile + kQ4KCodes + j * kNibbleBytes);
      SixBitScales<V>(stored + 4, j, tile[kQ4KScales + j * kLanes + lane],
                      tile[kQ4KMinima + j * kLanes + lane]);
    }
    __builtin_memcpy(tile + kQ4KUnits + lane * 2, stored, 2);
    __builtin_memcpy(tile + kQ4KUnits + 2 * kLanes + lane * 2, stored + 2, 2);
  }
}

template <class V>
void PackQ6KLane(const unsigned char* row, size_t k, size_t lane, unsigned char* tile) {
  uint8_t code[kQ8Group];
  for (size_t s = 0; s < k / kSuperBlock; ++s, tile += kQ6KBlockBytes) {
    const unsigned char* stored = row + s * kQ6KStored.bytes;
    for (size_t j = 0; j < kSuperGroups; ++j) {
      ReadCodes<V>(Source::kQ6K, row, s * kSuperGroups + j, code);
      PutSixBits<V>(code, lane, tile + kQ6KCodes + j * kQ6KGroupBytes);
    }
    for (size_t j = 0; j < 2 * kSuperGroups; ++j) {
      tile[kQ6KScales + j * kLanes + lane] = stored[192 + j];
    }
    __builtin_memcpy(tile + kQ6KUnits + lane * 2, stored + kQ6KStored.bytes - 2, 2);
  }
}

template <class V>
void PackQ5WideLane(Source source, const unsigned char* row, size_t k, size_t lane,
                    unsigned char* tile) {
  uint8_t code[kQ8Group];
  for (size_t g = 0; g < k / kQ8Group; ++g, tile += kQ5WideGroupBytes) {
    ReadCodes<V>(source, row, g, code);
    for (size_t j = 0; j < 8; ++j) {
      PutWord<V>(tile + 64 * j + 4 * lane, FourCodes<V>(code + 4 * j));
    }
    const StoredScales scales = ReadScales<V>(source, row, g);
    __builtin_memcpy(tile + kQ8GroupBytes + 4 * lane, &scales.scale[0], sizeof(float));
    __builtin_memcpy(tile + kQ8GroupBytes + 4 * (kLanes + lane), &scales.minimum, sizeof(float));
  }
}

// Tile `tile` of a packing that keeps its source's blocks; rows past n are zero.
template <class V>
void PackBlockTile(Packing packing, Source source, const void* src, size_t row_bytes, size_t n,
                   size_t k, size_t tile, void* panels) {
  const size_t bytes = BlockTileBytes(packing, k);
  unsigned char* to = static_cast<unsigned char*>(panels) + tile * bytes;
  __builtin_memset(to, 0, bytes);
  for (size_t lane = 0; lane < kLanes && tile * kLanes + lane < n; ++lane) {
    const unsigned char* row =
        static_cast<const unsigned char*>(src) + (tile * kLanes + lane) * row_bytes;
    switch (packing) {
      case Packing::kQ4_0:
        PackQ4_0Lane<V>(row, k, lane, to);
        break;
      case Packing::kQ4K:
        PackQ4KLane<V>(row, k, lane, to);
        break;
      case Packing::kQ6K:
        PackQ6KLane<V>(row, k, lane, to);
        break;
      default:
        PackQ5WideLane<V>(source, row, k, lane, to);
    }
  }
}

// `steps` numbers of a row to int8 groups from `at` on, with what the panels' formulas need.
template <class V>
void PackBlockSteps(const float* x, size_t steps, size_t k, void* row, size_t at) {
  for (size_t i = 0; i < steps; i += kQ8Group) {
    int8_t* q = static_cast<int8_t*>(row) + at + i;
    RowScales& with =
        reinterpret_cast<RowScales*>(static_cast<int8_t*>(row) + k)[(at + i) / kQ8Group];
    with.scale = QuantiseActivations32<V>(x + i, q);
    int32_t sum[2];
    for (size_t h = 0; h < 2; ++h) {
      sum[h] = BlockDot<V>::SumHalf(q + 16 * h);
      with.start32[h] = -32 * sum[h];
    }
    with.start8 = -8 * (sum[0] + sum[1]);
    with.minus_sum = -with.scale * static_cast<float>(sum[0] + sum[1]);
  }
}

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_BLOCK_PACK_INL_H_
