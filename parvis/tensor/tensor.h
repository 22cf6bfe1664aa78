#ifndef PARVIS_TENSOR_TENSOR_H_
#define PARVIS_TENSOR_TENSOR_H_

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "parvis/core/check.h"
#include "parvis/tensor/dtype.h"
#include "parvis/tensor/storage.h"

namespace parvis {

// The sizes of a tensor, outermost first: (rows, size). At most four.
using Shape = std::vector<int64_t>;

std::string ShapeText(const Shape& shape);  // "(3, 64)"
int64_t NumElements(const Shape& shape);    // REQUIRES: no overflow (see formats for files)

// A dense row-major array. Copies share the bytes (as a pointer does). Not synchronised: threads
// write to parts that do not overlap.
class Tensor {
 public:
  Tensor() = default;  // none: defined() is false
  Tensor(Shape shape, DType dtype, std::shared_ptr<Storage> storage, size_t offset = 0);

  static Tensor Empty(Shape shape, DType dtype = DType::kF32);  // contents not initialised
  static Tensor Zeros(Shape shape, DType dtype = DType::kF32);
  static Tensor Of(Shape shape, std::span<const float> values);

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  int64_t dim(int axis) const { return shape_[axis < 0 ? shape_.size() + axis : axis]; }
  int rank() const { return static_cast<int>(shape_.size()); }
  DType dtype() const { return dtype_; }
  int64_t size() const { return size_; }
  size_t bytes() const;      // stored size
  size_t row_bytes() const;  // stored size of one row along the last dimension
  bool writable() const { return storage_->writable(); }

  std::byte* data() const { return data_; }
  float* f32() const {
    PARVIS_DCHECK(dtype_ == DType::kF32);
    return reinterpret_cast<float*>(data_);
  }

  // Rows [begin, end) of the first dimension; shares the bytes.
  Tensor Rows(int64_t begin, int64_t end) const;
  // The same bytes under another shape of as many elements.
  Tensor Reshape(Shape shape) const;
  // A copy of its own.
  Tensor Clone() const;

 private:
  Shape shape_;
  DType dtype_ = DType::kF32;
  int64_t size_ = 0;
  std::shared_ptr<Storage> storage_;
  std::byte* data_ = nullptr;
};

}  // namespace parvis

#endif  // PARVIS_TENSOR_TENSOR_H_
