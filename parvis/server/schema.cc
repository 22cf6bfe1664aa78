#include "parvis/server/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace parvis::server {
namespace {

using service::Invalid;
using service::Refusal;

constexpr JsonLimits kBodyLimits{
    .max_bytes = size_t{64} << 20, .max_depth = 64, .max_values = 2'000'000};

std::string Join(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

std::string_view NameOf(const Shape& shape) {
  switch (shape.kind) {
    case Shape::Kind::kBoolean:
      return "a boolean";
    case Shape::Kind::kInteger:
      return "an integer";
    case Shape::Kind::kNumber:
      return "a number";
    case Shape::Kind::kString:
      return "a string";
    case Shape::Kind::kArray:
      return "an array";
    case Shape::Kind::kObject:
    case Shape::Kind::kMap:
      return "an object";
    default:
      return "any value";
  }
}

bool HasKind(const Json& value, const Shape& shape) {
  switch (shape.kind) {
    case Shape::Kind::kBoolean:
      return value.is_boolean();
    case Shape::Kind::kInteger:  // 3.0 is an integer, too, as in JSON Schema
      return value.is_number_integer() ||
             (value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>());
    case Shape::Kind::kNumber:
      return value.is_number();
    case Shape::Kind::kString:
      return value.is_string();
    case Shape::Kind::kArray:
      return value.is_array();
    case Shape::Kind::kObject:
    case Shape::Kind::kMap:
      return value.is_object();
    default:
      return true;
  }
}

std::string BoundText(double bound) {
  return bound == std::trunc(bound) ? fmt::format("{:.0f}", bound) : fmt::format("{}", bound);
}

std::optional<Refusal> CheckNumber(const Json& value, const Shape& shape, const std::string& path) {
  const double number = value.get<double>();
  if (number >= shape.min && number <= shape.max) return std::nullopt;  // false for NaN
  return Invalid(path,
                 fmt::format("'{}' must be between {} and {}.", path, BoundText(shape.min),
                             BoundText(shape.max)),
                 "out_of_range");
}

std::optional<Refusal> CheckString(const Json& value, const Shape& shape, const std::string& path) {
  const std::string& text = value.get_ref<const std::string&>();
  if (text.size() < shape.min_size) {
    return Invalid(path, fmt::format("'{}' must not be empty.", path));
  }
  if (text.size() > shape.max_size) {
    return Invalid(
        path, fmt::format("'{}' has {} bytes; {} are the most.", path, text.size(), shape.max_size),
        "string_above_max_length");
  }
  const auto& names = shape.one_of_strings;
  if (!names.empty() && std::find(names.begin(), names.end(), text) == names.end()) {
    std::string all;
    for (const std::string_view name : names)
      all += fmt::format("{}'{}'", all.empty() ? "" : ", ", name);
    return Invalid(path, fmt::format("'{}' must be one of {}.", path, all), "invalid_value");
  }
  return std::nullopt;
}

std::optional<Refusal> CheckSize(size_t size, const Shape& shape, const std::string& path) {
  if (size >= shape.min_size && size <= shape.max_size) return std::nullopt;
  return Invalid(path,
                 fmt::format("'{}' has {} entries; it must have between {} and {}.", path, size,
                             shape.min_size, shape.max_size),
                 size < shape.min_size ? "array_below_min_length" : "array_above_max_length");
}

std::optional<Refusal> CheckField(const Json& value, const Field& field, const std::string& path) {
  if (field.presence == Presence::kUnsupported) {
    if (value.is_null()) return std::nullopt;
    return Invalid(path, fmt::format("Parvis does not support '{}'.", path),
                   "unsupported_parameter");
  }
  if (value.is_null() &&
      (field.presence == Presence::kNullable || field.presence == Presence::kIgnored)) {
    return std::nullopt;
  }
  return CheckShape(value, field.shape, path);
}

std::optional<Refusal> CheckObject(const Json& value, const Shape& shape, const std::string& path) {
  for (const Field& field : shape.fields) {
    if (field.presence == Presence::kRequired && !value.contains(field.name)) {
      const std::string where = Join(path, field.name);
      return Invalid(where, fmt::format("'{}' is missing.", where), "missing_required_parameter");
    }
  }
  for (const auto& [name, entry] : value.items()) {
    const auto field = std::find_if(shape.fields.begin(), shape.fields.end(),
                                    [&](const Field& f) { return f.name == name; });
    // A name that nobody knows may be of any length.
    const std::string where = Join(path, name.substr(0, 64));
    if (field == shape.fields.end()) {
      if (shape.open) continue;
      return Invalid(where, fmt::format("There is no parameter '{}'.", where), "unknown_parameter");
    }
    if (auto refusal = CheckField(entry, *field, where)) return refusal;
  }
  return std::nullopt;
}

// The refusal of the alternative that the value meant: the one of its kind, if there is one.
std::optional<Refusal> CheckOneOf(const Json& value, const Shape& shape, const std::string& path) {
  std::optional<Refusal> nearest;
  for (const Shape& alternative : shape.shapes) {
    auto refusal = CheckShape(value, alternative, path);
    if (!refusal) return std::nullopt;
    if (HasKind(value, alternative)) nearest = std::move(refusal);
  }
  if (nearest) return nearest;
  std::string kinds;
  for (const Shape& alternative : shape.shapes) {
    if (kinds.find(NameOf(alternative)) != std::string::npos) continue;
    kinds += fmt::format("{}{}", kinds.empty() ? "" : " or ", NameOf(alternative));
  }
  return Invalid(path, fmt::format("'{}' must be {}.", path, kinds), "invalid_type");
}

}  // namespace

std::optional<Refusal> CheckShape(const Json& value, const Shape& shape, const std::string& path) {
  if (shape.kind == Shape::Kind::kOneOf) return CheckOneOf(value, shape, path);
  if (!HasKind(value, shape)) {
    const std::string what = path.empty() ? "The body" : "'" + path + "'";
    return Invalid(path, fmt::format("{} must be {}.", what, NameOf(shape)), "invalid_type");
  }
  switch (shape.kind) {
    case Shape::Kind::kInteger:
    case Shape::Kind::kNumber:
      return CheckNumber(value, shape, path);
    case Shape::Kind::kString:
      return CheckString(value, shape, path);
    case Shape::Kind::kObject:
      return CheckObject(value, shape, path);
    case Shape::Kind::kArray:
      if (auto refusal = CheckSize(value.size(), shape, path)) return refusal;
      for (size_t i = 0; i < value.size(); ++i) {
        if (auto refusal = CheckShape(value[i], *shape.items, fmt::format("{}[{}]", path, i))) {
          return refusal;
        }
      }
      return std::nullopt;
    case Shape::Kind::kMap:
      if (auto refusal = CheckSize(value.size(), shape, path)) return refusal;
      for (const auto& [name, entry] : value.items()) {
        if (auto refusal = CheckShape(entry, *shape.items, Join(path, name.substr(0, 64)))) {
          return refusal;
        }
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

service::OrRefusal<Json> ReadBody(std::string_view body, const Shape& shape) {
  Result<Json> json = ParseJson(body, kBodyLimits);
  if (!json.ok()) {
    return Invalid("", "The body is not JSON as it should be: " + json.status().message(),
                   "invalid_json");
  }
  if (auto refusal = CheckShape(*json, shape)) return std::move(*refusal);
  return std::move(json).value();
}

namespace {

OrderedJson SchemaOfObject(const Shape& shape) {
  OrderedJson properties = OrderedJson::object();
  OrderedJson required = OrderedJson::array();
  for (const Field& field : shape.fields) {
    if (field.presence == Presence::kUnsupported) continue;
    OrderedJson schema = SchemaOf(field.shape);
    if (field.presence == Presence::kIgnored) schema["description"] = "Accepted; has no effect.";
    if (field.presence == Presence::kNullable || field.presence == Presence::kIgnored) {
      schema = {{"anyOf", {std::move(schema), {{"type", "null"}}}}};
    }
    if (field.presence == Presence::kRequired) required.push_back(field.name);
    properties[std::string(field.name)] = std::move(schema);
  }
  OrderedJson schema = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  if (!shape.open) schema["additionalProperties"] = false;
  return schema;
}

OrderedJson Bound(double bound) {
  return bound == std::trunc(bound) && std::abs(bound) <= kMaxExactInteger
             ? OrderedJson(static_cast<int64_t>(bound))
             : OrderedJson(bound);
}

}  // namespace

OrderedJson SchemaOf(const Shape& shape) {
  switch (shape.kind) {
    case Shape::Kind::kBoolean:
      return {{"type", "boolean"}};
    case Shape::Kind::kInteger:
    case Shape::Kind::kNumber:
      return {{"type", shape.kind == Shape::Kind::kInteger ? "integer" : "number"},
              {"minimum", Bound(shape.min)},
              {"maximum", Bound(shape.max)}};
    case Shape::Kind::kString: {
      OrderedJson schema = {{"type", "string"}};
      if (!shape.one_of_strings.empty()) {
        schema["enum"] = OrderedJson::array();
        for (const std::string_view name : shape.one_of_strings) schema["enum"].push_back(name);
        return schema;
      }
      if (shape.min_size > 0) schema["minLength"] = shape.min_size;
      schema["maxLength"] = shape.max_size;
      return schema;
    }
    case Shape::Kind::kArray:
      return {{"type", "array"},
              {"items", SchemaOf(*shape.items)},
              {"minItems", shape.min_size},
              {"maxItems", shape.max_size}};
    case Shape::Kind::kObject:
      return SchemaOfObject(shape);
    case Shape::Kind::kMap:
      return {{"type", "object"},
              {"additionalProperties", SchemaOf(*shape.items)},
              {"maxProperties", shape.max_size}};
    case Shape::Kind::kOneOf: {
      OrderedJson all = OrderedJson::array();
      for (const Shape& alternative : shape.shapes) all.push_back(SchemaOf(alternative));
      return {{"anyOf", std::move(all)}};
    }
    default:
      return OrderedJson::object();
  }
}

const Json& Get(const Json& object, std::string_view name) {
  static const Json kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

}  // namespace parvis::server
