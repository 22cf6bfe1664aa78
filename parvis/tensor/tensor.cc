#include "parvis/tensor/tensor.h"

#include <cstring>
#include <utility>

namespace parvis {

std::string ShapeText(const Shape& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + ")";
}

int64_t NumElements(const Shape& shape) {
  int64_t size = 1;
  for (const int64_t dim : shape) {
    PARVIS_CHECK(dim >= 0 && !__builtin_mul_overflow(size, dim, &size));
  }
  return size;
}

namespace {

size_t StoredBytes(int64_t size, DType dtype) {
  const DTypeGroup group = GroupOf(dtype);
  PARVIS_CHECK(size % group.elements == 0);
  return static_cast<size_t>(size / group.elements * group.bytes);
}

}  // namespace

Tensor::Tensor(Shape shape, DType dtype, std::shared_ptr<Storage> storage, size_t offset)
    : shape_(std::move(shape)),
      dtype_(dtype),
      size_(NumElements(shape_)),
      storage_(std::move(storage)),
      data_(storage_->data() + offset) {
  PARVIS_CHECK(!shape_.empty() && shape_.back() % GroupOf(dtype).elements == 0);
  PARVIS_CHECK(offset + StoredBytes(size_, dtype_) <= storage_->bytes());
}

Tensor Tensor::Empty(Shape shape, DType dtype) {
  const size_t bytes = StoredBytes(NumElements(shape), dtype);
  return Tensor(std::move(shape), dtype, Storage::Allocate(bytes));
}

Tensor Tensor::Zeros(Shape shape, DType dtype) {
  Tensor tensor = Empty(std::move(shape), dtype);
  if (tensor.bytes() > 0) std::memset(tensor.data(), 0, tensor.bytes());
  return tensor;
}

Tensor Tensor::Of(Shape shape, std::span<const float> values) {
  Tensor tensor = Empty(std::move(shape));
  PARVIS_CHECK(static_cast<int64_t>(values.size()) == tensor.size());
  if (!values.empty()) std::memcpy(tensor.data(), values.data(), values.size_bytes());
  return tensor;
}

size_t Tensor::bytes() const { return StoredBytes(size_, dtype_); }
size_t Tensor::row_bytes() const { return StoredBytes(shape_.back(), dtype_); }

Tensor Tensor::Rows(int64_t begin, int64_t end) const {
  PARVIS_CHECK(0 <= begin && begin <= end && end <= shape_[0]);
  Tensor rows = *this;
  rows.shape_[0] = end - begin;
  rows.size_ = shape_[0] == 0 ? 0 : size_ / shape_[0] * (end - begin);
  if (shape_[0] > 0) rows.data_ += StoredBytes(size_ / shape_[0] * begin, dtype_);
  return rows;
}

Tensor Tensor::Reshape(Shape shape) const {
  PARVIS_CHECK(NumElements(shape) == size_ && shape.back() % GroupOf(dtype_).elements == 0);
  Tensor view = *this;
  view.shape_ = std::move(shape);
  return view;
}

Tensor Tensor::Clone() const {
  Tensor copy = Empty(shape_, dtype_);
  if (bytes() > 0) std::memcpy(copy.data(), data_, bytes());
  return copy;
}

}  // namespace parvis
