#include "parvis/formats/quantize.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "parvis/kernels/kernels.h"

namespace parvis::formats {
namespace {

std::optional<kernels::Source> SourceOf(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return kernels::Source::kF32;
    case DType::kF16:
      return kernels::Source::kF16;
    case DType::kBf16:
      return kernels::Source::kBf16;
    case DType::kQ8_0:
      return kernels::Source::kQ8_0;
    default:
      return std::nullopt;
  }
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
      table.FromF32(wide.data(), count, *to, converted.data() + kernels::SourceBytes(*to, i));
    }
  });
  return converted;
}

}  // namespace parvis::formats
