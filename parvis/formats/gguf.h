#ifndef PARVIS_FORMATS_GGUF_H_
#define PARVIS_FORMATS_GGUF_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/formats/model_file.h"

// GGUF (github.com/ggml-org/ggml, docs/gguf.md and src/gguf.cpp), versions 2 and 3, little-endian.
// docs/formats/gguf.md says what Parvis reads, writes and refuses.
namespace parvis::formats {

enum class GgufType : uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};

// One key and its value, looking into the file's bytes: nothing is allocated for an array of a
// million strings until it is asked for.
struct GgufField {
  std::string_view key;
  bool is_array = false;
  GgufType type = GgufType::kU8;    // of the value, or of the array's elements
  uint64_t count = 1;               // elements of the array
  std::span<const std::byte> data;  // value bytes; checked to hold `count` of them
  size_t offset = 0;                // of the value in the file, for messages

  // A whole number of any width, as long as it fits; a string; …: none if it is something else.
  std::optional<int64_t> Int() const;
  std::optional<double> Number() const;
  std::optional<bool> Bool() const;
  std::optional<std::string_view> Text() const;
  // The elements of an array of this kind. REQUIRES: the caller has bounded `count`.
  std::optional<std::vector<std::string_view>> Texts() const;
  std::optional<std::vector<double>> Numbers() const;

  Json ToJson() const;
};

struct GgufFile {
  uint32_t version = 3;
  size_t alignment = 32;
  size_t data_offset = 0;
  std::vector<GgufField> fields;                   // in the file's order
  std::map<std::string_view, size_t> field_index;  // key to its place in `fields`
  std::vector<TensorEntry> tensors;

  const GgufField* Find(std::string_view key) const;  // null: not there
};

// Checks the whole file but the numbers in its tensors. The result looks into `bytes`.
Result<GgufFile> ParseGguf(std::span<const std::byte> bytes);

// Opens a file, or all parts of a split one given the first.
Result<ModelFile> OpenGguf(const std::string& path);

// The tokeniser that a file describes; null if it describes none.
Result<std::shared_ptr<const text::Tokenizer>> TokenizerFromGguf(const GgufFile& file);

// --- writing -------------------------------------------------------------------------------------

using GgufValue = std::variant<uint32_t, int32_t, uint64_t, int64_t, float, double, bool,
                               std::string, std::vector<std::string>, std::vector<int32_t>,
                               std::vector<float>, std::vector<uint8_t>>;
using GgufMetadata = std::vector<std::pair<std::string, GgufValue>>;  // written in this order

// The members of a JSON object as metadata with `prefix` before their keys ("llama."). Whole
// numbers become u32, or i32 if negative (u64, i64 if they need to), others f32.
// REQUIRES: values are booleans, numbers, strings, or arrays of strings, whole numbers or numbers.
void AppendJson(const std::string& prefix, const Json& object, GgufMetadata& metadata);

// The "tokenizer.*" keys of a tokeniser. llama.cpp wants a token for each row of the embedding:
// where there are fewer than `rows`, unused ones fill up, and are left out again in reading.
void AppendTokenizer(const text::Tokenizer& tokenizer, GgufMetadata& metadata, size_t rows = 0);

// llama.cpp's number for files whose matrices are of `dtype` ("general.file_type"); for q4_K and
// q5_K that of the mix with fewer bits.
uint32_t GgufFileType(DType dtype);

// Writes version 3, aligned to 32 bytes, all or nothing, tensor by tensor. `metadata` must hold
// general.architecture. Types: those of DType but u8. Names: unique, shorter than 64
// bytes.
Status WriteGguf(const std::string& path, const GgufMetadata& metadata,
                 std::span<const TensorPlan> plans, const TensorProducer& produce);

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_GGUF_H_
