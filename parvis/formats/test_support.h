#ifndef PARVIS_FORMATS_TEST_SUPPORT_H_
#define PARVIS_FORMATS_TEST_SUPPORT_H_

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "parvis/core/file.h"

// For tests of this folder: files made byte by byte, apart from the code that they judge.
namespace parvis::formats {

// A folder that goes away with the object.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "parvis-formats-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string File(const std::string& name) const { return (path_ / name).string(); }
  std::string Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(File(name), std::ios::binary) << bytes;
    return File(name);
  }

 private:
  std::filesystem::path path_;
};

inline std::span<const std::byte> AsBytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Little-endian bytes of a number.
template <typename T>
std::string Raw(T number) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &number, sizeof(T));
  return bytes;
}

// A safetensors file of this header and data.
inline std::string RawSafetensors(const std::string& header, const std::string& data = "") {
  return Raw<uint64_t>(header.size()) + header + data;
}

inline std::string GgufText(const std::string& text) { return Raw<uint64_t>(text.size()) + text; }

inline std::string GgufKey(const std::string& key, uint32_t type, const std::string& value) {
  return GgufText(key) + Raw(type) + value;
}

inline std::string GgufArray(const std::string& key, uint32_t type, uint64_t count,
                             const std::string& values) {
  return GgufKey(key, 9, Raw(type) + Raw(count) + values);
}

// Sizes as the file has them: the row's first.
inline std::string GgufTensor(const std::string& name, const std::vector<uint64_t>& sizes,
                              uint32_t type, uint64_t offset) {
  std::string out = GgufText(name) + Raw(static_cast<uint32_t>(sizes.size()));
  for (const uint64_t size : sizes) out += Raw(size);
  return out + Raw(type) + Raw(offset);
}

struct RawGguf {
  std::string magic = "GGUF";
  uint32_t version = 3;
  std::vector<std::string> keys = {GgufKey("general.architecture", 8, GgufText("llama"))};
  std::vector<std::string> tensors;
  std::string data;
  std::optional<uint64_t> tensor_count, key_count;  // instead of the true ones
  size_t alignment = 32;

  std::string Bytes() const {
    std::string out = magic + Raw(version);
    out += Raw<uint64_t>(tensor_count.value_or(tensors.size()));
    out += Raw<uint64_t>(key_count.value_or(keys.size()));
    for (const std::string& key : keys) out += key;
    for (const std::string& tensor : tensors) out += tensor;
    if (!tensors.empty()) out.resize((out.size() + alignment - 1) / alignment * alignment, '\0');
    return out + data;
  }
};

// Bytes that the program holds through operator new, and the most since ResetPeak().
// (allocation_counter_test.cc)
size_t BytesAllocated();
size_t PeakBytesAllocated();
void ResetPeakBytesAllocated();

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_TEST_SUPPORT_H_
