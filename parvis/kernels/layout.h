#ifndef PARVIS_KERNELS_LAYOUT_H_
#define PARVIS_KERNELS_LAYOUT_H_

#include <cstddef>
#include <cstdint>

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

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_LAYOUT_H_
