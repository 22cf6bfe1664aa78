#include "parvis/formats/npy.h"

#include <cstdint>

#include "parvis/core/file.h"

namespace parvis::formats {
namespace {

const char* Descriptor(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "<f4";
    case DType::kF16:
      return "<f2";
    case DType::kI32:
      return "<i4";
    case DType::kI64:
      return "<i8";
    case DType::kU8:
      return "|u1";
    default:
      return nullptr;
  }
}

}  // namespace

Status WriteNpy(const std::string& path, const Tensor& tensor) {
  const char* descriptor = Descriptor(tensor.dtype());
  if (descriptor == nullptr) {
    return InvalidArgument("NumPy has no type for " + std::string(DTypeName(tensor.dtype())));
  }
  std::string shape;
  for (const int64_t dim : tensor.shape()) shape += std::to_string(dim) + ",";
  std::string header = "{'descr': '" + std::string(descriptor) +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  constexpr size_t kPreamble = 10;  // magic, version and length
  constexpr size_t kAlignment = 64;
  header.resize((kPreamble + header.size() + kAlignment) / kAlignment * kAlignment - kPreamble - 1,
                ' ');
  header += '\n';
  std::string preamble("\x93NUMPY\x01\x00", 8);
  preamble += static_cast<char>(header.size() & 0xFF);
  preamble += static_cast<char>(header.size() >> 8);

  PARVIS_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  PARVIS_RETURN_IF_ERROR(file.Write(preamble));
  PARVIS_RETURN_IF_ERROR(file.Write(header));
  PARVIS_RETURN_IF_ERROR(file.Write(tensor.data(), tensor.bytes()));
  return file.Commit();
}

}  // namespace parvis::formats
