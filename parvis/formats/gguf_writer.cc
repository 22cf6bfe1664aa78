#include <cstring>
#include <limits>
#include <set>
#include <type_traits>
#include <utility>

#include "parvis/core/file.h"
#include "parvis/formats/gguf.h"
#include "parvis/formats/gguf_types.h"

namespace parvis::formats {
namespace {

constexpr uint32_t kVersion = 3;

template <typename T>
constexpr GgufType TypeOf() {
  if constexpr (std::is_same_v<T, uint8_t>) return GgufType::kU8;
  if constexpr (std::is_same_v<T, uint32_t>) return GgufType::kU32;
  if constexpr (std::is_same_v<T, int32_t>) return GgufType::kI32;
  if constexpr (std::is_same_v<T, uint64_t>) return GgufType::kU64;
  if constexpr (std::is_same_v<T, int64_t>) return GgufType::kI64;
  if constexpr (std::is_same_v<T, float>) return GgufType::kF32;
  if constexpr (std::is_same_v<T, double>) return GgufType::kF64;
  if constexpr (std::is_same_v<T, bool>) return GgufType::kBool;
  if constexpr (std::is_same_v<T, std::string>) return GgufType::kString;
}

template <typename T>
void Put(T value, std::string& out) {
  if constexpr (std::is_same_v<T, bool>) {
    out.push_back(value ? '\1' : '\0');
  } else {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out.append(bytes, sizeof(T));
  }
}

void Put(const std::string& text, std::string& out) {
  Put(static_cast<uint64_t>(text.size()), out);
  out += text;
}

template <typename T>
void PutTyped(const T& value, std::string& out) {
  Put(static_cast<uint32_t>(TypeOf<T>()), out);
  Put(value, out);
}

template <typename T>
void PutTyped(const std::vector<T>& values, std::string& out) {
  Put(static_cast<uint32_t>(GgufType::kArray), out);
  Put(static_cast<uint32_t>(TypeOf<T>()), out);
  Put(static_cast<uint64_t>(values.size()), out);
  for (const T& value : values) Put(value, out);
}

size_t Padded(size_t size) { return (size + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment; }

Status CheckPlan(const TensorPlan& plan, std::set<std::string_view>& names) {
  const auto refuse = [&](const std::string& why) {
    return InvalidArgument("tensor \"" + plan.name + "\": " + why);
  };
  if (plan.name.empty() || plan.name.size() > kGgufMaxTensorName) {
    return refuse("GGUF names have 1 to 63 bytes");
  }
  if (!names.insert(plan.name).second) return refuse("given twice");
  if (FindGgmlType(plan.dtype) == nullptr) {
    return refuse("GGUF does not hold " + std::string(DTypeName(plan.dtype)));
  }
  const auto bytes = StoredBytes(plan.shape, plan.dtype);
  if (plan.shape.empty() || plan.shape.size() > kGgufMaxRank || !bytes || *bytes == 0) {
    return refuse("GGUF does not hold " + std::string(DTypeName(plan.dtype)) + " " +
                  ShapeText(plan.shape));
  }
  return {};
}

Result<std::string> Header(const GgufMetadata& metadata, std::span<const TensorPlan> plans) {
  std::string out(kGgufMagic);
  Put(kVersion, out);
  Put(static_cast<uint64_t>(plans.size()), out);
  Put(static_cast<uint64_t>(metadata.size()), out);
  std::set<std::string_view> keys;
  for (const auto& [key, value] : metadata) {
    if (key.empty() || key.size() > kGgufMaxKey || !keys.insert(key).second) {
      return InvalidArgument("key \"" + key.substr(0, 200) + "\": empty, too long or given twice");
    }
    Put(key, out);
    std::visit([&](const auto& held) { PutTyped(held, out); }, value);
  }
  if (!keys.contains("general.architecture")) {
    return InvalidArgument("general.architecture: the key is missing");
  }
  std::set<std::string_view> names;
  size_t offset = 0;
  for (const TensorPlan& plan : plans) {
    PARVIS_RETURN_IF_ERROR(CheckPlan(plan, names));
    Put(plan.name, out);
    Put(static_cast<uint32_t>(plan.shape.size()), out);
    for (size_t i = plan.shape.size(); i-- > 0;) Put(static_cast<uint64_t>(plan.shape[i]), out);
    Put(FindGgmlType(plan.dtype)->number, out);
    Put(static_cast<uint64_t>(offset), out);
    offset += Padded(*StoredBytes(plan.shape, plan.dtype));
  }
  out.resize(Padded(out.size()), '\0');
  return out;
}

GgufValue ValueOf(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number_float()) return json.get<float>();
  if (json.is_number_unsigned()) {
    const auto number = json.get<uint64_t>();
    if (number <= std::numeric_limits<uint32_t>::max()) return static_cast<uint32_t>(number);
    return number;
  }
  PARVIS_CHECK(json.is_number_integer());
  const auto number = json.get<int64_t>();
  if (number >= 0) return ValueOf(Json(static_cast<uint64_t>(number)));
  if (number >= std::numeric_limits<int32_t>::min()) return static_cast<int32_t>(number);
  return number;
}

// Booleans in arrays become the numbers 0 and 1.
GgufValue ArrayOf(const Json& json) {
  bool strings = true, whole = true;
  for (const Json& element : json) {
    PARVIS_CHECK(element.is_string() || element.is_boolean() || element.is_number());
    strings &= element.is_string();
    whole &= element.is_boolean() ||
             (element.is_number_integer() && element.get<int64_t>() <= INT32_MAX &&
              element.get<int64_t>() >= INT32_MIN);
  }
  if (strings) return json.get<std::vector<std::string>>();
  if (whole) return json.get<std::vector<int32_t>>();
  return json.get<std::vector<float>>();
}

}  // namespace

void AppendJson(const std::string& prefix, const Json& object, GgufMetadata& metadata) {
  for (const auto& [key, value] : object.items()) {
    metadata.emplace_back(prefix + key, value.is_array() ? ArrayOf(value) : ValueOf(value));
  }
}

uint32_t GgufFileType(DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return 1;
    case DType::kQ4_0:
      return 2;
    case DType::kQ4_1:
      return 3;
    case DType::kQ8_0:
      return 7;
    case DType::kQ5_0:
      return 8;
    case DType::kQ5_1:
      return 9;
    case DType::kQ4K:
      return 14;
    case DType::kQ5K:
      return 16;
    case DType::kQ6K:
      return 18;
    case DType::kBf16:
      return 32;
    default:
      return 0;
  }
}

Status WriteGguf(const std::string& path, const GgufMetadata& metadata,
                 std::span<const TensorPlan> plans, const TensorProducer& produce) {
  PARVIS_ASSIGN_OR_RETURN(const std::string header, Header(metadata, plans));
  PARVIS_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  PARVIS_RETURN_IF_ERROR(file.Write(header));
  constexpr char kZeros[kGgufAlignment] = {};
  for (size_t i = 0; i < plans.size(); ++i) {
    PARVIS_ASSIGN_OR_RETURN(const Tensor tensor, ProduceChecked(plans[i], i, produce));
    PARVIS_RETURN_IF_ERROR(file.Write(tensor.data(), tensor.bytes()));
    PARVIS_RETURN_IF_ERROR(file.Write(kZeros, Padded(tensor.bytes()) - tensor.bytes()));
  }
  return file.Commit();
}

}  // namespace parvis::formats
