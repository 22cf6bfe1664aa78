// What a GGUF value holds, decoded when asked for.

#include <cstring>
#include <limits>
#include <type_traits>

#include "parvis/core/check.h"
#include "parvis/formats/gguf.h"

namespace parvis::formats {
namespace {

template <typename T>
T Load(const std::byte* data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

// Calls f with the number at `data`, in its own type. REQUIRES: a type of numbers.
template <typename F>
auto WithNumber(GgufType type, const std::byte* data, const F& f) {
  switch (type) {
    case GgufType::kU8:
    case GgufType::kBool:
      return f(Load<uint8_t>(data));
    case GgufType::kI8:
      return f(Load<int8_t>(data));
    case GgufType::kU16:
      return f(Load<uint16_t>(data));
    case GgufType::kI16:
      return f(Load<int16_t>(data));
    case GgufType::kU32:
      return f(Load<uint32_t>(data));
    case GgufType::kI32:
      return f(Load<int32_t>(data));
    case GgufType::kF32:
      return f(Load<float>(data));
    case GgufType::kU64:
      return f(Load<uint64_t>(data));
    case GgufType::kI64:
      return f(Load<int64_t>(data));
    case GgufType::kF64:
      return f(Load<double>(data));
    case GgufType::kString:
    case GgufType::kArray:
      break;
  }
  PARVIS_CHECK(false);
  return f(uint8_t{0});
}

bool IsNumber(GgufType type) {
  return type != GgufType::kString && type != GgufType::kArray && type != GgufType::kBool;
}

// The string at `data` and the bytes that follow it.
std::string_view TakeText(std::span<const std::byte>& data) {
  const auto size = Load<uint64_t>(data.data());
  const std::string_view text(reinterpret_cast<const char*>(data.data()) + sizeof(uint64_t), size);
  data = data.subspan(sizeof(uint64_t) + size);
  return text;
}

Json ElementToJson(GgufType type, std::span<const std::byte>& data) {
  if (type == GgufType::kString) return std::string(TakeText(data));
  const Json json = WithNumber(type, data.data(), [&](auto number) -> Json {
    data = data.subspan(sizeof(number));
    return number;
  });
  return type == GgufType::kBool ? Json(json != 0) : json;
}

}  // namespace

std::optional<int64_t> GgufField::Int() const {
  if (is_array || !IsNumber(type)) return std::nullopt;
  return WithNumber(type, data.data(), [](auto number) -> std::optional<int64_t> {
    if (std::is_floating_point_v<decltype(number)>) return std::nullopt;
    if (number > 0 && static_cast<uint64_t>(number) > INT64_MAX) return std::nullopt;
    return static_cast<int64_t>(number);
  });
}

std::optional<double> GgufField::Number() const {
  if (is_array || !IsNumber(type)) return std::nullopt;
  return WithNumber(type, data.data(), [](auto number) { return static_cast<double>(number); });
}

std::optional<bool> GgufField::Bool() const {
  if (is_array || type != GgufType::kBool) return std::nullopt;
  return data[0] != std::byte{0};
}

std::optional<std::string_view> GgufField::Text() const {
  if (is_array || type != GgufType::kString) return std::nullopt;
  std::span<const std::byte> rest = data;
  return TakeText(rest);
}

std::optional<std::vector<std::string_view>> GgufField::Texts() const {
  if (!is_array || type != GgufType::kString) return std::nullopt;
  std::vector<std::string_view> texts;
  texts.reserve(count);
  std::span<const std::byte> rest = data;
  for (uint64_t i = 0; i < count; ++i) texts.push_back(TakeText(rest));
  return texts;
}

std::optional<std::vector<double>> GgufField::Numbers() const {
  if (!is_array || !IsNumber(type)) return std::nullopt;
  std::vector<double> numbers;
  numbers.reserve(count);
  const size_t size = count == 0 ? 0 : data.size() / count;
  for (uint64_t i = 0; i < count; ++i) {
    numbers.push_back(WithNumber(type, data.data() + i * size,
                                 [](auto number) { return static_cast<double>(number); }));
  }
  return numbers;
}

Json GgufField::ToJson() const {
  std::span<const std::byte> rest = data;
  if (!is_array) return ElementToJson(type, rest);
  Json array = Json::array();
  for (uint64_t i = 0; i < count; ++i) array.push_back(ElementToJson(type, rest));
  return array;
}

const GgufField* GgufFile::Find(std::string_view key) const {
  const auto found = field_index.find(key);
  return found == field_index.end() ? nullptr : &fields[found->second];
}

}  // namespace parvis::formats
