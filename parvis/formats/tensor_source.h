#ifndef PARVIS_FORMATS_TENSOR_SOURCE_H_
#define PARVIS_FORMATS_TENSOR_SOURCE_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/mapped_file.h"
#include "parvis/core/result.h"
#include "parvis/tensor/tensor.h"

namespace parvis::formats {

// What a file says about one tensor.
struct TensorEntry {
  std::string name;
  Shape shape;       // outermost first, whatever the file's order; may be empty (a scalar)
  std::string type;  // as the format calls it: "BF16", "q4_K"
  std::optional<DType> dtype;  // none: a type that Parvis does not read
  size_t offset = 0;           // bytes from the start of the file
  size_t bytes = 0;
};

// The tensors of a model on disk, by name. Immutable once filled; safe to use from several threads.
class TensorSource {
 public:
  // The tensors of one file; entries must have been checked against its size. May be called for
  // several files (shards); refuses a name that is there already.
  Status Add(const std::shared_ptr<const MappedFile>& file, std::vector<TensorEntry> entries);
  // A tensor that is not in a file as it stands.
  Status Add(std::string name, Tensor tensor);

  const std::vector<std::string>& names() const { return names_; }  // in the file's order
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  const TensorEntry* Find(std::string_view name) const;  // null: not there
  std::optional<Shape> ShapeOf(std::string_view name) const;

  // A view of the mapped bytes, not a copy; it keeps the mapping alive. (A tensor at an address
  // that its type cannot be read at is copied.) A scalar has shape (1). Refuses types that Parvis
  // does not read, by name.
  // When the last tensor that looks at the view is gone, the process gives its pages back.
  Result<Tensor> Get(std::string_view name) const;
  // Gives back the pages of all files that were read so far. Views stay valid: what is read again
  // comes from the file again.
  void Forget() const;

 private:
  struct Item {
    TensorEntry entry;
    std::shared_ptr<const MappedFile> file;  // null: made
    Tensor made;
  };
  Status Insert(Item item);

  std::map<std::string, Item, std::less<>> items_;
  std::vector<std::string> names_;
};

// A tensor that will be written.
struct TensorPlan {
  std::string name;
  Shape shape;
  DType dtype = DType::kF32;
};

// Yields plan number `index`, with that shape and dtype; called once for each, in order, so that
// only one needs to be in memory.
using TensorProducer = std::function<Result<Tensor>(size_t index)>;

// Stored bytes of a shape, or none if that overflows or rows do not fill groups of the type.
std::optional<size_t> StoredBytes(const Shape& shape, DType dtype);

// Calls the producer for `index` and checks what it yields against the plan.
Result<Tensor> ProduceChecked(const TensorPlan& plan, size_t index, const TensorProducer& produce);

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_TENSOR_SOURCE_H_
