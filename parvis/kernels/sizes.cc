#include "parvis/kernels/attention_blocks.h"
#include "parvis/kernels/kernels.h"
#include "parvis/kernels/layout.h"

namespace parvis::kernels {
namespace {

constexpr size_t RoundUp(size_t x, size_t to) { return (x + to - 1) / to * to; }

}  // namespace

size_t PanelBytes(Packing packing, size_t n, size_t k) {
  const size_t tiles = RoundUp(n, kLanes) / kLanes;
  switch (packing) {
    case Packing::kF32:
      return tiles * k * kLanes * sizeof(float);
    case Packing::kBf16:
      return tiles * RoundUp(k, 2) * kLanes * sizeof(uint16_t);
    case Packing::kF16:
      return tiles * k * kLanes * sizeof(uint16_t);
    case Packing::kQ8_0:
      return tiles * RoundUp(k / kQ8Group, 2) / 2 * kQ8BlockBytes;
    default:
      return tiles * BlockTileBytes(packing, k);
  }
}

size_t BlockTileBytes(Packing packing, size_t k) {
  switch (packing) {
    case Packing::kQ4_0:
      return RoundUp(k / kQ8Group, 2) / 2 * kQ4BlockBytes;
    case Packing::kQ4K:
      return k / kSuperBlock * kQ4KBlockBytes;
    case Packing::kQ6K:
      return k / kSuperBlock * kQ6KBlockBytes;
    case Packing::kQ5Wide:
      return k / kQ8Group * kQ5WideGroupBytes;
    default:
      return 0;
  }
}

size_t RowBytes(Packing packing, size_t k) {
  size_t bytes = 0;
  switch (RowsOf(packing)) {
    case Packing::kF32:
      bytes = k * sizeof(float);
      break;
    case Packing::kBf16:  // AVX-512 keeps bf16, the others the same numbers as f32
      bytes = RoundUp(k, 2) * sizeof(float);
      break;
    case Packing::kQ8_0:
      bytes = k + k / kQ8Group * (sizeof(float) + sizeof(int32_t));
      break;
    default:
      bytes = k + k / kQ8Group * sizeof(RowScales);
  }
  // An odd number of cache lines: rows then spread over all sets of the first-level cache.
  return (RoundUp(bytes, kAlignment) / kAlignment | 1) * kAlignment;
}

size_t SourceBytes(Source source, size_t size) {
  switch (source) {
    case Source::kF32:
      return size * sizeof(float);
    case Source::kF16:
    case Source::kBf16:
      return size * sizeof(uint16_t);
    case Source::kQ8_0:
      return size / kQ8Stored.elements * kQ8Stored.bytes;
    case Source::kQ4_0:
      return size / kQ4_0Stored.elements * kQ4_0Stored.bytes;
    case Source::kQ4_1:
      return size / kQ4_1Stored.elements * kQ4_1Stored.bytes;
    case Source::kQ5_0:
      return size / kQ5_0Stored.elements * kQ5_0Stored.bytes;
    case Source::kQ5_1:
      return size / kQ5_1Stored.elements * kQ5_1Stored.bytes;
    case Source::kQ4K:
      return size / kQ4KStored.elements * kQ4KStored.bytes;
    case Source::kQ5K:
      return size / kQ5KStored.elements * kQ5KStored.bytes;
    case Source::kQ6K:
      return size / kQ6KStored.elements * kQ6KStored.bytes;
  }
  return 0;
}

size_t AttentionScratch(const AttentionArgs& args) {
  const size_t keys = RoundUp(args.num_keys, kPageTokens);
  return kAttentionUnits * (keys + kLanes + args.head_dim + RoundUp(args.head_dim, kLanes));
}

size_t AttentionBackwardScratch(const AttentionBackwardArgs& args) {
  const size_t tile = 2 * kBackwardKeys * args.head_dim;    // keys, values by lanes
  const size_t scores = 2 * kBackwardRows * kBackwardKeys;  // P and dS
  return tile + scores + args.num_rows * args.heads;        // row sums
}

}  // namespace parvis::kernels
