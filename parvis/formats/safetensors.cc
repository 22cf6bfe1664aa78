#include "parvis/formats/safetensors.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "parvis/core/byte_reader.h"
#include "parvis/core/file.h"
#include "parvis/core/json.h"

namespace parvis::formats {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the reference reader's bound
// These bound what a small header can make us allocate to about 50 MiB. A tensor takes about ten
// values; the largest published models have under 2,000 tensors in a file.
constexpr size_t kMaxHeaderValues = 200'000;
constexpr size_t kMaxNameBytes = 1024;
constexpr size_t kMaxIndexBytes = size_t{16} << 20;
constexpr int64_t kMaxDims = 16;

struct Type {
  std::string_view name;
  int64_t bytes;
  std::optional<DType> dtype;
};
constexpr Type kTypes[] = {
    {"F32", 4, DType::kF32},      {"F16", 2, DType::kF16},      {"BF16", 2, DType::kBf16},
    {"I32", 4, DType::kI32},      {"I64", 8, DType::kI64},      {"U8", 1, DType::kU8},
    {"F64", 8, std::nullopt},     {"I8", 1, std::nullopt},      {"I16", 2, std::nullopt},
    {"U16", 2, std::nullopt},     {"U32", 4, std::nullopt},     {"U64", 8, std::nullopt},
    {"BOOL", 1, std::nullopt},    {"C64", 8, std::nullopt},     {"F8_E4M3", 1, std::nullopt},
    {"F8_E5M2", 1, std::nullopt}, {"F8_E8M0", 1, std::nullopt},
};

const Type* FindType(std::string_view name) {
  for (const Type& type : kTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

std::string_view NameOf(DType dtype) {
  for (const Type& type : kTypes) {
    if (type.dtype == dtype) return type.name;
  }
  return "";
}

Status RefuseTensor(const std::string& name, std::string_view field, const std::string& why) {
  return ByteReader::Refuse("tensor \"" + name.substr(0, 200) + "\", " + std::string(field), why,
                            sizeof(uint64_t));
}

Result<Shape> ParseShape(const std::string& name, const Json& json) {
  const auto shape = json.find("shape");
  if (shape == json.end() || !shape->is_array()) {
    return RefuseTensor(name, "shape", "missing, or not an array");
  }
  if (shape->size() > kMaxDims) {
    return RefuseTensor(name, "shape", std::to_string(shape->size()) + " dimensions");
  }
  Shape dims;
  for (const Json& dim : *shape) {
    if (!dim.is_number_unsigned() || dim.get<uint64_t>() > INT64_MAX) {
      return RefuseTensor(name, "shape", "a size that is not a whole number");
    }
    dims.push_back(dim.get<int64_t>());
  }
  return dims;
}

// Offset and size, still relative to the data section.
Status ParseOffsets(const Json& json, uint64_t data_bytes, TensorEntry& entry) {
  const auto offsets = json.find("data_offsets");
  if (offsets == json.end() || !offsets->is_array() || offsets->size() != 2 ||
      !(*offsets)[0].is_number_unsigned() || !(*offsets)[1].is_number_unsigned()) {
    return RefuseTensor(entry.name, "data_offsets", "missing, or not two whole numbers");
  }
  const auto begin = (*offsets)[0].get<uint64_t>(), end = (*offsets)[1].get<uint64_t>();
  if (begin > end || end > data_bytes) {
    return RefuseTensor(entry.name, "data_offsets",
                        "[" + std::to_string(begin) + ", " + std::to_string(end) +
                            ") is not within the " + std::to_string(data_bytes) + " bytes of data");
  }
  entry.offset = begin;
  entry.bytes = end - begin;
  return {};
}

Result<TensorEntry> ParseEntry(const std::string& name, const Json& json, uint64_t data_bytes) {
  TensorEntry entry;
  entry.name = name;
  if (name.size() > kMaxNameBytes) return RefuseTensor(name, "name", "longer than 1024 bytes");
  if (!json.is_object()) return RefuseTensor(name, "entry", "not an object");
  const auto dtype = json.find("dtype");
  if (dtype == json.end() || !dtype->is_string()) {
    return RefuseTensor(name, "dtype", "missing, or not a string");
  }
  entry.type = dtype->get<std::string>();
  PARVIS_ASSIGN_OR_RETURN(entry.shape, ParseShape(name, json));
  PARVIS_RETURN_IF_ERROR(ParseOffsets(json, data_bytes, entry));

  const Type* type = FindType(entry.type);
  if (type == nullptr) return entry;  // refused by name if somebody asks for it
  entry.dtype = type->dtype;
  int64_t bytes = type->bytes;
  for (const int64_t dim : entry.shape) {
    if (__builtin_mul_overflow(bytes, dim, &bytes)) {
      return RefuseTensor(name, "shape", ShapeText(entry.shape) + " is too large");
    }
  }
  if (static_cast<uint64_t>(bytes) != entry.bytes) {
    return RefuseTensor(name, "data_offsets",
                        std::to_string(entry.bytes) + " bytes for " + entry.type + " " +
                            ShapeText(entry.shape) + ", which takes " + std::to_string(bytes));
  }
  return entry;
}

// Takes the strings out of `json`.
Status ParseMetadata(Json& json, std::map<std::string, std::string>& metadata) {
  if (!json.is_object()) {
    return ByteReader::Refuse("__metadata__", "not an object", sizeof(uint64_t));
  }
  for (auto& [key, value] : json.items()) {
    if (!value.is_string()) {
      return ByteReader::Refuse("__metadata__." + key.substr(0, 200), "not a string",
                                sizeof(uint64_t));
    }
    metadata[key] = std::move(value.get_ref<std::string&>());
  }
  return {};
}

// Sorts by place and checks that the tensors cover the data once. Leaves offsets from the file's
// start.
Status PlaceTensors(size_t data_offset, uint64_t data_bytes, std::vector<TensorEntry>& tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    return std::tie(a.offset, a.bytes, a.name) < std::tie(b.offset, b.bytes, b.name);
  });
  uint64_t expected = 0;
  for (TensorEntry& entry : tensors) {
    if (entry.offset != expected) {
      return ByteReader::Refuse(
          "tensor \"" + entry.name.substr(0, 200) + "\", data_offsets",
          std::string(entry.offset < expected ? "overlaps the tensor before it"
                                              : "leaves a hole before it") +
              ": begins at " + std::to_string(entry.offset) + ", expected " +
              std::to_string(expected),
          data_offset + entry.offset);
    }
    expected = entry.offset + entry.bytes;
    entry.offset += data_offset;
  }
  if (expected != data_bytes) {
    return ByteReader::Refuse("data",
                              std::to_string(data_bytes - expected) + " bytes belong to no tensor",
                              data_offset + expected);
  }
  return {};
}

}  // namespace

Result<SafetensorsHeader> ParseSafetensors(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  PARVIS_ASSIGN_OR_RETURN(const auto size, reader.Read<uint64_t>("header length"));
  if (size > kMaxHeaderBytes) {
    return ByteReader::Refuse("header length",
                              std::to_string(size) + ", at most 100000000 are allowed", 0);
  }
  PARVIS_ASSIGN_OR_RETURN(const auto text, reader.Text("header", size));
  if (text.empty() || text[0] != '{') {
    return ByteReader::Refuse("header", "does not begin with {", sizeof(uint64_t));
  }
  const JsonLimits limits{
      .max_bytes = kMaxHeaderBytes, .max_depth = 4, .max_values = kMaxHeaderValues};
  Result<Json> json = ParseJson(text, limits);
  if (!json.ok()) return json.status().In("header at byte 8");

  SafetensorsHeader header;
  for (auto& [name, value] : json->items()) {
    if (name == "__metadata__") {
      PARVIS_RETURN_IF_ERROR(ParseMetadata(value, header.metadata));
      continue;
    }
    PARVIS_ASSIGN_OR_RETURN(TensorEntry entry, ParseEntry(name, value, reader.left()));
    header.tensors.push_back(std::move(entry));
  }
  PARVIS_RETURN_IF_ERROR(PlaceTensors(reader.offset(), reader.left(), header.tensors));
  return header;
}

Result<SafetensorsModel> OpenSafetensors(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  Result<SafetensorsHeader> header = ParseSafetensors(file->bytes());
  if (!header.ok()) return header.status().In(path);
  SafetensorsModel model{.tensors = std::make_shared<TensorSource>(),
                         .metadata = std::move(header->metadata)};
  PARVIS_RETURN_IF_ERROR(model.tensors->Add(file, std::move(header->tensors)).In(path));
  return model;
}

Result<std::map<std::string, std::string>> ParseSafetensorsIndex(std::string_view text) {
  const JsonLimits limits{
      .max_bytes = kMaxIndexBytes, .max_depth = 8, .max_values = kMaxHeaderValues};
  PARVIS_ASSIGN_OR_RETURN(const Json json, ParseJson(text, limits));
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    return DataLoss("weight_map: missing, or not an object");
  }
  std::map<std::string, std::string> map;
  for (const auto& [tensor, file] : json["weight_map"].items()) {
    const std::string field = "weight_map.\"" + tensor.substr(0, 200) + "\"";
    if (!file.is_string()) return DataLoss(field + ": not a string");
    const auto name = file.get<std::string>();
    if (name.empty() || name.size() > 255 || name.find('/') != std::string::npos ||
        name.find('\\') != std::string::npos || name.find("..") != std::string::npos ||
        name.find('\0') != std::string::npos) {
      return DataLoss(field + ": \"" + name.substr(0, 200) +
                      "\" is not the name of a file in the folder");
    }
    map[tensor] = name;
  }
  if (map.empty()) return DataLoss("weight_map: names no tensor");
  return map;
}

Result<SafetensorsModel> OpenSafetensorsFolder(const std::string& folder) {
  namespace fs = std::filesystem;
  const std::string single = fs::path(folder) / "model.safetensors";
  const std::string index = fs::path(folder) / "model.safetensors.index.json";
  std::error_code error;
  if (fs::exists(single, error)) return OpenSafetensors(single);
  if (!fs::exists(index, error)) {
    return NotFound(folder + " holds neither model.safetensors nor model.safetensors.index.json");
  }
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadFile(index, kMaxIndexBytes));
  const auto map = ParseSafetensorsIndex(text);
  if (!map.ok()) return map.status().In(index);

  std::set<std::string> shards;
  for (const auto& [tensor, shard] : *map) shards.insert(shard);
  SafetensorsModel model{.tensors = std::make_shared<TensorSource>(), .metadata = {}};
  for (const std::string& shard : shards) {
    const std::string path = fs::path(folder) / shard;
    PARVIS_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
    Result<SafetensorsHeader> header = ParseSafetensors(file->bytes());
    if (!header.ok()) return header.status().In(path);
    std::set<std::string_view> here;
    for (const TensorEntry& entry : header->tensors) here.insert(entry.name);
    for (const auto& [tensor, where] : *map) {
      if (where == shard && !here.contains(tensor)) {
        return DataLoss(index + ": weight_map says that " + shard + " holds " + tensor +
                        ", which it does not");
      }
    }
    if (model.metadata.empty()) model.metadata = std::move(header->metadata);
    PARVIS_RETURN_IF_ERROR(model.tensors->Add(file, std::move(header->tensors)).In(path));
  }
  return model;
}

Status WriteSafetensors(const std::string& path, std::span<const TensorPlan> plans,
                        const std::map<std::string, std::string>& metadata,
                        const TensorProducer& produce) {
  OrderedJson json = OrderedJson::object();
  if (!metadata.empty()) json["__metadata__"] = metadata;
  size_t offset = 0;
  for (const TensorPlan& plan : plans) {
    const std::string_view type = NameOf(plan.dtype);
    const std::optional<size_t> bytes = StoredBytes(plan.shape, plan.dtype);
    if (type.empty() || !bytes.has_value()) {
      return InvalidArgument("tensor " + plan.name + ": safetensors does not hold " +
                             std::string(DTypeName(plan.dtype)) + " " + ShapeText(plan.shape));
    }
    if (json.contains(plan.name)) return InvalidArgument("tensor " + plan.name + " given twice");
    json[plan.name] = {
        {"dtype", type}, {"shape", plan.shape}, {"data_offsets", {offset, offset + *bytes}}};
    offset += *bytes;
  }
  std::string header = json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  header.resize((header.size() + 7) / 8 * 8, ' ');  // so that the data begins aligned
  const uint64_t size = header.size();

  PARVIS_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  PARVIS_RETURN_IF_ERROR(file.Write(&size, sizeof(size)));
  PARVIS_RETURN_IF_ERROR(file.Write(header));
  for (size_t i = 0; i < plans.size(); ++i) {
    PARVIS_ASSIGN_OR_RETURN(const Tensor tensor, ProduceChecked(plans[i], i, produce));
    PARVIS_RETURN_IF_ERROR(file.Write(tensor.data(), tensor.bytes()));
  }
  return file.Commit();
}

}  // namespace parvis::formats
