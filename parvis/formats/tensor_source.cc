#include "parvis/formats/tensor_source.h"

#include <cstdint>
#include <memory>
#include <set>
#include <utility>

namespace parvis::formats {
namespace {

constexpr int kMaxRank = 4;

// What the element type's loads need of an address.
size_t AlignmentOf(DType dtype) {
  switch (dtype) {
    case DType::kF32:
    case DType::kI32:
      return 4;
    case DType::kI64:
      return 8;
    case DType::kU8:
      return 1;
    default:  // 16-bit numbers, and groups that begin or end with some
      return 2;
  }
}

}  // namespace

Status TensorSource::Insert(Item item) {
  const std::string name = item.entry.name;
  if (!items_.emplace(name, std::move(item)).second) {
    return DataLoss("tensor " + name + " is there twice");
  }
  names_.push_back(name);
  return {};
}

Status TensorSource::Add(const std::shared_ptr<const MappedFile>& file,
                         std::vector<TensorEntry> entries) {
  for (TensorEntry& entry : entries) {
    PARVIS_CHECK(entry.offset <= file->bytes().size() &&
                 entry.bytes <= file->bytes().size() - entry.offset);
    PARVIS_RETURN_IF_ERROR(Insert({.entry = std::move(entry), .file = file, .made = {}}));
  }
  return {};
}

Status TensorSource::Add(std::string name, Tensor tensor) {
  TensorEntry entry{.name = std::move(name),
                    .shape = tensor.shape(),
                    .type = std::string(DTypeName(tensor.dtype())),
                    .dtype = tensor.dtype(),
                    .offset = 0,
                    .bytes = tensor.bytes()};
  return Insert({.entry = std::move(entry), .file = nullptr, .made = std::move(tensor)});
}

const TensorEntry* TensorSource::Find(std::string_view name) const {
  const auto found = items_.find(name);
  return found == items_.end() ? nullptr : &found->second.entry;
}

std::optional<Shape> TensorSource::ShapeOf(std::string_view name) const {
  const TensorEntry* entry = Find(name);
  if (entry == nullptr) return std::nullopt;
  return entry->shape;
}

Result<Tensor> TensorSource::Get(std::string_view name) const {
  const auto found = items_.find(name);
  if (found == items_.end()) return NotFound("there is no tensor " + std::string(name));
  const Item& item = found->second;
  if (item.made.defined()) return item.made;
  const TensorEntry& entry = item.entry;
  if (!entry.dtype.has_value()) {
    return Unimplemented("tensor " + entry.name + ": type " + entry.type + " is not read yet");
  }
  if (entry.shape.size() > kMaxRank) {
    return Unimplemented("tensor " + entry.name + ": " + std::to_string(entry.shape.size()) +
                         " dimensions, Parvis reads 4");
  }
  const Shape shape = entry.shape.empty() ? Shape{1} : entry.shape;
  const std::byte* data = item.file->bytes().data() + entry.offset;
  // Weights are repacked, and read in this form no more: they must not stay in memory twice.
  const std::shared_ptr<const std::byte> pages(data,
                                               [file = item.file, size = entry.bytes](auto* at) {
                                                 file->Forget({at, size});
                                               });
  Tensor view(shape, *entry.dtype, Storage::View(data, entry.bytes, pages));
  if (reinterpret_cast<uintptr_t>(data) % AlignmentOf(*entry.dtype) == 0) return view;
  return view.Clone();
}

void TensorSource::Forget() const {
  std::set<const MappedFile*> files;
  for (const auto& [name, item] : items_) {
    if (item.file != nullptr && files.insert(item.file.get()).second) {
      item.file->Forget(item.file->bytes());
    }
  }
}

std::optional<size_t> StoredBytes(const Shape& shape, DType dtype) {
  int64_t elements = 1;
  for (const int64_t dim : shape) {
    if (dim < 0 || __builtin_mul_overflow(elements, dim, &elements)) return std::nullopt;
  }
  const DTypeGroup group = GroupOf(dtype);
  const int64_t row = shape.empty() ? 1 : shape.back();
  int64_t bytes = 0;
  if (row % group.elements != 0 ||
      __builtin_mul_overflow(elements / group.elements, group.bytes, &bytes)) {
    return std::nullopt;
  }
  return static_cast<size_t>(bytes);
}

Result<Tensor> ProduceChecked(const TensorPlan& plan, size_t index, const TensorProducer& produce) {
  PARVIS_ASSIGN_OR_RETURN(Tensor tensor, produce(index));
  if (!tensor.defined() || tensor.shape() != plan.shape || tensor.dtype() != plan.dtype) {
    return Internal("tensor " + plan.name + " is not what was planned: " +
                    ShapeText(tensor.shape()) + " " + std::string(DTypeName(tensor.dtype())));
  }
  return tensor;
}

}  // namespace parvis::formats
