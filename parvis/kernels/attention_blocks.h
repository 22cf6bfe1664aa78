#ifndef PARVIS_KERNELS_ATTENTION_BLOCKS_H_
#define PARVIS_KERNELS_ATTENTION_BLOCKS_H_

#include <cstddef>

namespace parvis::kernels {

// Attention scores this many (query row, head) pairs together, so that keys and values are read
// once for all of them. A multiple of every target's kTileRows.
constexpr size_t kAttentionUnits = 24;

// Backward works on blocks of so many query rows by so many keys.
constexpr size_t kBackwardRows = 48;
constexpr size_t kBackwardKeys = 64;

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_ATTENTION_BLOCKS_H_
