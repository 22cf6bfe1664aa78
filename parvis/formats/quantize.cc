#include "parvis/formats/quantize.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parvis/formats/block_quantizer.h"
#include "parvis/kernels/kernels.h"

namespace parvis::formats {
namespace {

std::optional<kernels::Source> SourceOf(DType dtype) {
  using kernels::Source;
  constexpr std::pair<DType, Source> kSources[] = {
      {DType::kF32, Source::kF32},   {DType::kF16, Source::kF16},   {DType::kBf16, Source::kBf16},
      {DType::kQ8_0, Source::kQ8_0}, {DType::kQ4_0, Source::kQ4_0}, {DType::kQ4_1, Source::kQ4_1},
      {DType::kQ5_0, Source::kQ5_0}, {DType::kQ5_1, Source::kQ5_1}, {DType::kQ4K, Source::kQ4K},
      {DType::kQ5K, Source::kQ5K},   {DType::kQ6K, Source::kQ6K},
  };
  for (const auto& [type, source] : kSources) {
    if (type == dtype) return source;
  }
  return std::nullopt;
}

constexpr int64_t kChunk = 4096;  // numbers converted at a time; a multiple of every group

}  // namespace

Result<Tensor> ConvertTensor(const Tensor& tensor, DType dtype, ThreadPool& pool) {
  if (tensor.dtype() == dtype) return tensor;
  const auto from = SourceOf(tensor.dtype()), to = SourceOf(dtype);
  if (!from.has_value() || !to.has_value()) {
    return InvalidArgument("cannot make " + std::string(DTypeName(dtype)) + " of " +
                           std::string(DTypeName(tensor.dtype())));
  }
  const int64_t group = GroupOf(dtype).elements;
  if (tensor.dim(-1) % group != 0) {
    return InvalidArgument(std::string(DTypeName(dtype)) + " needs rows of a multiple of " +
                           std::to_string(group) + " numbers, not " + ShapeText(tensor.shape()));
  }
  Tensor converted = Tensor::Empty(tensor.shape(), dtype);
  const kernels::Table& table = kernels::TableOf(kernels::BestTarget());
  pool.For(tensor.size(), kChunk, [&](int64_t begin, int64_t end) {
    std::vector<float> wide(kChunk);
    for (int64_t i = begin; i < end; i += kChunk) {
      const auto count = static_cast<size_t>(std::min(kChunk, end - i));
      table.ToF32(*from, tensor.data() + kernels::SourceBytes(*from, i), count, wide.data());
      std::byte* out = converted.data() + kernels::SourceBytes(*to, i);
      if (HasBlockQuantiser(dtype)) {
        QuantiseBlocks(dtype, wide.data(), count, out);
      } else {
        table.FromF32(wide.data(), count, *to, out);
      }
    }
  });
  return converted;
}

}  // namespace parvis::formats
