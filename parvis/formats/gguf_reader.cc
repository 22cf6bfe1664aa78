// GGUF from bytes: everything that a file says is checked against its size before it is believed.

#include <bit>
#include <set>
#include <utility>

#include "parvis/core/byte_reader.h"
#include "parvis/formats/gguf.h"
#include "parvis/formats/gguf_types.h"

namespace parvis::formats {
namespace {

// The least that one of each takes in the file, to bound counts by the bytes that are left.
constexpr uint64_t kMinFieldBytes = sizeof(uint64_t) + 1 + sizeof(uint32_t) + 1;
constexpr uint64_t kMinTensorBytes = sizeof(uint64_t) + 1 + sizeof(uint32_t) + sizeof(uint64_t) +
                                     sizeof(uint32_t) + sizeof(uint64_t);
// Far above any published model; bounds what a small hostile file can make us allocate.
constexpr uint64_t kMaxFields = 65'536;
constexpr uint64_t kMaxTensors = 32'768;
constexpr size_t kMaxAlignment = size_t{1} << 20;

size_t SizeOf(GgufType type) {
  switch (type) {
    case GgufType::kU8:
    case GgufType::kI8:
    case GgufType::kBool:
      return 1;
    case GgufType::kU16:
    case GgufType::kI16:
      return 2;
    case GgufType::kU32:
    case GgufType::kI32:
    case GgufType::kF32:
      return 4;
    case GgufType::kU64:
    case GgufType::kI64:
    case GgufType::kF64:
      return 8;
    case GgufType::kString:
    case GgufType::kArray:
      return 0;
  }
  return 0;
}

// Keys whose type is fixed wherever they appear, so that nobody else needs to ask.
enum class Wanted { kText, kWhole, kBool };
struct KnownKey {
  std::string_view suffix;
  Wanted wanted;
};
constexpr KnownKey kKnownKeys[] = {
    {"general.architecture", Wanted::kText},
    {"general.name", Wanted::kText},
    {"general.type", Wanted::kText},
    {"general.alignment", Wanted::kWhole},
    {"general.license", Wanted::kText},
    {"general.file_type", Wanted::kWhole},
    {".rope.scaling.type", Wanted::kText},
    {"split.no", Wanted::kWhole},
    {"split.count", Wanted::kWhole},
    {"split.tensors.count", Wanted::kWhole},
    {"parvis.tied_embedding", Wanted::kBool},
    {"parvis.rope_scaling", Wanted::kText},
    {"parvis.family", Wanted::kText},
    {"parvis.head", Wanted::kText},
    {"parvis.pooling", Wanted::kText},
    {"parvis.problem_type", Wanted::kText},
    {"parvis.normalize", Wanted::kBool},
    {"parvis.task_specific_params", Wanted::kText},
    {"parvis.fim_suffix_first", Wanted::kBool},
};

bool HasWanted(const GgufField& field, Wanted wanted) {
  switch (wanted) {
    case Wanted::kText:
      return field.Text().has_value();
    case Wanted::kWhole:
      return field.Int().has_value();
    case Wanted::kBool:
      return field.Bool().has_value();
  }
  return false;
}

Status CheckKnownKey(const GgufField& field) {
  for (const KnownKey& known : kKnownKeys) {
    const bool same =
        known.suffix[0] == '.' ? field.key.ends_with(known.suffix) : field.key == known.suffix;
    if (same && !HasWanted(field, known.wanted)) {
      return ByteReader::Refuse(field.key, "a value of the wrong type", field.offset);
    }
  }
  return {};
}

Result<GgufType> ReadType(ByteReader& reader, const std::string& field) {
  const size_t offset = reader.offset();
  PARVIS_ASSIGN_OR_RETURN(const auto number, reader.Read<uint32_t>(field));
  if (number > static_cast<uint32_t>(GgufType::kF64)) {
    return ByteReader::Refuse(field, std::to_string(number) + " is not a value type", offset);
  }
  return static_cast<GgufType>(number);
}

Result<std::string_view> ReadText(ByteReader& reader, const std::string& field) {
  PARVIS_ASSIGN_OR_RETURN(const auto size, reader.Read<uint64_t>(field));
  return reader.Text(field, size);
}

// Steps over `count` values and returns their bytes.
Result<std::span<const std::byte>> ReadValues(ByteReader& reader, std::span<const std::byte> file,
                                              const std::string& name, GgufType type,
                                              uint64_t count) {
  if (type != GgufType::kString) {
    uint64_t bytes = 0;
    if (__builtin_mul_overflow(count, SizeOf(type), &bytes)) {
      return reader.Refuse(name, std::to_string(count) + " elements are impossible");
    }
    const size_t offset = reader.offset();
    PARVIS_ASSIGN_OR_RETURN(const auto values, reader.Bytes(name, bytes));
    if (type == GgufType::kBool) {
      for (const std::byte value : values) {
        if (value > std::byte{1}) return ByteReader::Refuse(name, "a bool above 1", offset);
      }
    }
    return values;
  }
  if (count > reader.left() / sizeof(uint64_t)) {
    return reader.Refuse(name, std::to_string(count) + " strings do not fit into the " +
                                   std::to_string(reader.left()) + " bytes that are left");
  }
  const size_t begin = reader.offset();
  for (uint64_t i = 0; i < count; ++i) PARVIS_RETURN_IF_ERROR(ReadText(reader, name).status());
  return file.subspan(begin, reader.offset() - begin);
}

Result<GgufField> ReadField(ByteReader& reader, std::span<const std::byte> file, uint64_t index) {
  const std::string place = "key " + std::to_string(index);
  GgufField field;
  const size_t key_offset = reader.offset();
  PARVIS_ASSIGN_OR_RETURN(field.key, ReadText(reader, place));
  if (field.key.empty() || field.key.size() > kGgufMaxKey) {
    return ByteReader::Refuse(place, "a key of " + std::to_string(field.key.size()) + " bytes",
                              key_offset);
  }
  const std::string name(field.key.substr(0, 200));
  PARVIS_ASSIGN_OR_RETURN(field.type, ReadType(reader, name + ", type"));
  if (field.type == GgufType::kArray) {
    field.is_array = true;
    const size_t offset = reader.offset();
    PARVIS_ASSIGN_OR_RETURN(field.type, ReadType(reader, name + ", element type"));
    if (field.type == GgufType::kArray) {
      return ByteReader::Refuse(name + ", element type", "arrays of arrays are not read", offset);
    }
    PARVIS_ASSIGN_OR_RETURN(field.count, reader.Read<uint64_t>(name + ", count"));
  }
  field.offset = reader.offset();
  PARVIS_ASSIGN_OR_RETURN(field.data, ReadValues(reader, file, name, field.type, field.count));
  PARVIS_RETURN_IF_ERROR(CheckKnownKey(field));
  return field;
}

// Everything but the offset of the data section, which is not known yet.
Result<TensorEntry> ReadTensor(ByteReader& reader, uint64_t index) {
  const std::string place = "tensor " + std::to_string(index);
  TensorEntry entry;
  size_t offset = reader.offset();
  PARVIS_ASSIGN_OR_RETURN(const std::string_view name, ReadText(reader, place + ", name"));
  if (name.empty() || name.size() > kGgufMaxTensorName) {
    return ByteReader::Refuse(place + ", name",
                              std::to_string(name.size()) + " bytes, 1 to 63 are allowed", offset);
  }
  entry.name = name;
  const std::string field = "tensor \"" + entry.name + "\"";
  offset = reader.offset();
  PARVIS_ASSIGN_OR_RETURN(const auto rank, reader.Read<uint32_t>(field + ", dimensions"));
  if (rank > kGgufMaxRank) {
    return ByteReader::Refuse(field + ", dimensions", std::to_string(rank) + ", at most 4", offset);
  }
  offset = reader.offset();
  entry.shape.resize(rank);
  for (uint32_t i = 0; i < rank; ++i) {  // the file has the row's size first
    PARVIS_ASSIGN_OR_RETURN(const auto size, reader.Read<uint64_t>(field + ", size"));
    if (size == 0 || size > INT64_MAX) {
      return ByteReader::Refuse(field + ", size", std::to_string(size), offset);
    }
    entry.shape[rank - 1 - i] = static_cast<int64_t>(size);
  }
  const size_t type_offset = reader.offset();
  PARVIS_ASSIGN_OR_RETURN(const auto number, reader.Read<uint32_t>(field + ", type"));
  const GgmlType* type = FindGgmlType(number);
  if (type == nullptr) {
    return ByteReader::Refuse(
        field + ", type", std::to_string(number) + " is not a type that Parvis knows", type_offset);
  }
  entry.type = type->name;
  entry.dtype = type->dtype;
  int64_t elements = 1, bytes = 0;
  bool fits = true;
  for (const int64_t dim : entry.shape) fits &= !__builtin_mul_overflow(elements, dim, &elements);
  fits =
      fits && !__builtin_mul_overflow(elements / type->group_elements, type->group_bytes, &bytes);
  if (!fits) {
    return ByteReader::Refuse(field + ", size", ShapeText(entry.shape) + " is too large", offset);
  }
  if ((entry.shape.empty() ? 1 : entry.shape.back()) % type->group_elements != 0) {
    return ByteReader::Refuse(field + ", size",
                              "rows of " + entry.type + " are a multiple of " +
                                  std::to_string(type->group_elements) + ", not " +
                                  ShapeText(entry.shape),
                              offset);
  }
  entry.bytes = static_cast<size_t>(bytes);
  PARVIS_ASSIGN_OR_RETURN(entry.offset, reader.Read<uint64_t>(field + ", offset"));
  return entry;
}

size_t Padded(size_t offset, size_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

// Checks that the tensors follow each other, padded, and end within the file.
Status PlaceTensors(size_t end_of_header, size_t file_size, GgufFile& gguf) {
  gguf.data_offset = Padded(end_of_header, gguf.alignment);
  if (gguf.tensors.empty()) return {};
  if (gguf.data_offset > file_size) {
    return ByteReader::Refuse("data", "the file ends before it", file_size);
  }
  const size_t data_bytes = file_size - gguf.data_offset;
  size_t expected = 0;
  for (TensorEntry& entry : gguf.tensors) {
    const std::string field = "tensor \"" + entry.name + "\", offset";
    if (entry.offset != expected) {
      return ByteReader::Refuse(
          field, std::to_string(entry.offset) + ", expected " + std::to_string(expected),
          end_of_header);
    }
    if (expected > data_bytes || entry.bytes > data_bytes - expected) {
      return ByteReader::Refuse(field,
                                "needs " + std::to_string(entry.bytes) +
                                    " bytes there, the file has " + std::to_string(file_size),
                                gguf.data_offset + expected);
    }
    expected = Padded(expected + entry.bytes, gguf.alignment);
    entry.offset += gguf.data_offset;
  }
  return {};
}

Status ReadHeader(ByteReader& reader, GgufFile& gguf, uint64_t& tensors, uint64_t& fields) {
  PARVIS_ASSIGN_OR_RETURN(const auto magic, reader.Text("magic", kGgufMagic.size()));
  if (magic != kGgufMagic) return ByteReader::Refuse("magic", "not a GGUF file", 0);
  const size_t version_offset = reader.offset();
  PARVIS_ASSIGN_OR_RETURN(gguf.version, reader.Read<uint32_t>("version"));
  if (gguf.version != 2 && gguf.version != 3) {
    const bool swapped = gguf.version != 0 && (gguf.version & 0xFFFF) == 0;
    return ByteReader::Refuse("version",
                              swapped ? "the file is big-endian, which is not read"
                                      : std::to_string(gguf.version) + ", 2 and 3 are read",
                              version_offset);
  }
  size_t offset = reader.offset();
  PARVIS_ASSIGN_OR_RETURN(tensors, reader.Read<uint64_t>("tensor count"));
  if (tensors > kMaxTensors || tensors > reader.left() / kMinTensorBytes) {
    return ByteReader::Refuse("tensor count", std::to_string(tensors) + " is impossible", offset);
  }
  offset = reader.offset();
  PARVIS_ASSIGN_OR_RETURN(fields, reader.Read<uint64_t>("key count"));
  if (fields > kMaxFields || fields > reader.left() / kMinFieldBytes) {
    return ByteReader::Refuse("key count", std::to_string(fields) + " is impossible", offset);
  }
  return {};
}

}  // namespace

Result<GgufFile> ParseGguf(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  GgufFile gguf;
  uint64_t num_tensors = 0, num_fields = 0;
  PARVIS_RETURN_IF_ERROR(ReadHeader(reader, gguf, num_tensors, num_fields));
  for (uint64_t i = 0; i < num_fields; ++i) {
    const size_t offset = reader.offset();
    PARVIS_ASSIGN_OR_RETURN(GgufField field, ReadField(reader, bytes, i));
    if (!gguf.field_index.emplace(field.key, gguf.fields.size()).second) {
      return ByteReader::Refuse(field.key.substr(0, 200), "the key is there twice", offset);
    }
    gguf.fields.push_back(field);
  }
  if (const GgufField* field = gguf.Find("general.alignment")) {
    const int64_t alignment = *field->Int();
    if (alignment <= 0 || static_cast<size_t>(alignment) > kMaxAlignment ||
        !std::has_single_bit(static_cast<size_t>(alignment))) {
      return ByteReader::Refuse("general.alignment",
                                std::to_string(alignment) + " is not a power of two up to 1 MiB",
                                field->offset);
    }
    gguf.alignment = static_cast<size_t>(alignment);
  }
  std::set<std::string_view> names;
  gguf.tensors.reserve(num_tensors);
  for (uint64_t i = 0; i < num_tensors; ++i) {
    const size_t offset = reader.offset();
    PARVIS_ASSIGN_OR_RETURN(TensorEntry entry, ReadTensor(reader, i));
    gguf.tensors.push_back(std::move(entry));
    const std::string& name = gguf.tensors.back().name;
    if (!names.insert(name).second) {
      return ByteReader::Refuse("tensor \"" + name + "\"", "the name is there twice", offset);
    }
  }
  PARVIS_RETURN_IF_ERROR(PlaceTensors(reader.offset(), bytes.size(), gguf));
  return gguf;
}

}  // namespace parvis::formats
