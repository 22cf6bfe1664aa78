#ifndef PARVIS_KERNELS_LAYOUT_H_
#define PARVIS_KERNELS_LAYOUT_H_

#include <cstddef>
#include <cstdint>

#include "parvis/kernels/kernels.h"

// How packed buffers are laid out: shared by what packs, what multiplies and what sizes them.
// Only constants: nothing here can be emitted by one translation unit and used by another.
namespace parvis::kernels {

// A q8_0 panel tile: blocks of two groups, each of 8 * 16 * 4 weights ([k / 4][lane][k % 4]), then
// the f16 scales of both, [group][lane]. With an odd number of groups the last half is zeros.
constexpr size_t kQ8GroupBytes = 32 * 16;
constexpr size_t kQ8BlockBytes = 2 * kQ8GroupBytes + 2 * 16 * sizeof(uint16_t);

// A packed q8_0 row: k int8, then an f32 scale for every group, then for every group the int32 that
// its integer sum starts from.
constexpr size_t kQ8SourceBytes = 34;  // of a stored group: f16 scale, 32 int8

// Quantised types as files store them (ggml's; d and m are f16, "nibbles" 4-bit codes of which the
// low ones come first and the high ones after):
//   q4_0  d, 16 bytes of nibbles            d * (code - 8)
//   q4_1  d, m, 16 bytes of nibbles         d * code + m
//   q5_0  d, 4 bytes of fifth bits, nibbles d * (code - 16)
//   q5_1  d, m, fifth bits, nibbles         d * code + m
//   q4_K  d, m, 8 scales and 8 minima of 6 bits in 12 bytes, 128 bytes of nibbles
//   q5_K  the same with 32 bytes of fifth bits before the nibbles
//                                           d * scale * code - m * minimum, for each 32
//   q6_K  128 bytes of nibbles, 64 of the upper two bits, 16 int8 scales, d
//                                           d * scale * (code - 32), for each 16
struct StoredBlock {
  size_t elements, bytes;
};
constexpr StoredBlock kQ8Stored = {32, 34};
constexpr StoredBlock kQ4_0Stored = {32, 18};
constexpr StoredBlock kQ4_1Stored = {32, 20};
constexpr StoredBlock kQ5_0Stored = {32, 22};
constexpr StoredBlock kQ5_1Stored = {32, 24};
constexpr StoredBlock kQ4KStored = {256, 144};
constexpr StoredBlock kQ5KStored = {256, 176};
constexpr StoredBlock kQ6KStored = {256, 210};

// --- panels that keep a stored type's codes and scales exactly ----------------------------------
//
// Of each group of 32, the codes of 16 lanes in the order that dot products want
// (block_dot_scalar.h): low nibbles in 256 bytes, for q6_K the upper bits in 128 more.
constexpr size_t kNibbleBytes = 256;
constexpr size_t kSuperBlock = 256;  // weights of a K type that share an f16 scale
constexpr size_t kSuperGroups = kSuperBlock / 32;

// q4_0: blocks of two groups: nibbles of both, then the f16 scales of both, [group][lane]. With an
// odd number of groups the last half is zeros.
constexpr size_t kQ4BlockBytes = 2 * (kNibbleBytes + 16 * sizeof(uint16_t));

// The scales of a K type's block lie before its codes, so that memory is read strictly forward:
// with the scales behind, generating fell to half of the read rate.
//
// q4_K: f16 d [lane] and m [lane], the groups' scales and minima as bytes [group][lane] (a file
// packs them to 6 bits: 2.8 % less), 8 groups of nibbles.
constexpr size_t kQ4KUnits = 0;
constexpr size_t kQ4KScales = kQ4KUnits + 2 * 16 * sizeof(uint16_t);
constexpr size_t kQ4KMinima = kQ4KScales + kSuperGroups * 16;
constexpr size_t kQ4KCodes = kQ4KMinima + kSuperGroups * 16;
constexpr size_t kQ4KBlockBytes = kQ4KCodes + kSuperGroups * kNibbleBytes;

// q6_K: f16 d [lane], 32 bytes of nothing, int8 scales [16 of a group's halves][lane], 8 groups, of
// each half the upper bits and then the nibbles.
constexpr size_t kUpperBitBytes = 64;
constexpr size_t kQ6KGroupBytes = 2 * kUpperBitBytes + kNibbleBytes;
constexpr size_t kQ6KUnits = 0;
constexpr size_t kQ6KScales = kQ6KUnits + 64;
constexpr size_t kQ6KCodes = kQ6KScales + 2 * kSuperGroups * 16;
constexpr size_t kQ6KBlockBytes = kQ6KCodes + kSuperGroups * kQ6KGroupBytes;

// q4_1, q5_1 and q5_K, which are rarer, become groups of bytes with an f32 scale and an f32 minimum
// for each lane: 10 bits a weight, nothing lost, one kernel for all three.
constexpr size_t kQ5WideGroupBytes = kQ8GroupBytes + 2 * 16 * sizeof(float);

// Bytes of one tile of such panels.
size_t BlockTileBytes(Packing packing, size_t k);

// Rows for all of them: k int8, then for each group
struct RowScales {
  float scale;         // of the int8: amax / 127
  float minus_sum;     // -scale * (sum of the int8)
  int32_t start8;      // -8 * (sum of the int8): takes the zero of q4_0's codes off
  int32_t start32[2];  // -32 * (sum of each 16): of q6_K's
};

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_LAYOUT_H_
