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
    case Packing::kQ8_0:
      return tiles * RoundUp(k / kQ8Group, 2) / 2 * kQ8BlockBytes;
  }
  return 0;
}

size_t RowBytes(Packing packing, size_t k) {
  size_t bytes = 0;
  switch (packing) {
    case Packing::kF32:
      bytes = k * sizeof(float);
      break;
    case Packing::kBf16:  // AVX-512 keeps bf16, the others the same numbers as f32
      bytes = RoundUp(k, 2) * sizeof(float);
      break;
    case Packing::kQ8_0:
      bytes = k + k / kQ8Group * (sizeof(float) + sizeof(int32_t));
      break;
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
      return size / kQ8Group * kQ8SourceBytes;
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
