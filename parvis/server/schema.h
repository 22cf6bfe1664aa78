#ifndef PARVIS_SERVER_SCHEMA_H_
#define PARVIS_SERVER_SCHEMA_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "parvis/core/json.h"
#include "parvis/service/refusal.h"

// What bodies may hold: one table an endpoint says it, requests are checked against it before
// anything reads them, and the OpenAPI document is written from it.
namespace parvis::server {

struct Field;

// What one value may be.
struct Shape {
  enum class Kind { kAny, kBoolean, kInteger, kNumber, kString, kArray, kObject, kMap, kOneOf };
  Kind kind = Kind::kAny;
  double min = 0, max = 0;            // of numbers
  size_t min_size = 0, max_size = 0;  // bytes of strings, entries of arrays and maps
  std::span<const std::string_view> one_of_strings = {};  // all that a string may be; none: any
  const Shape* items = nullptr;                           // of arrays, and values of maps
  std::span<const Field> fields = {};                     // of objects
  bool open = false;                                      // an object may have more than these
  std::span<const Shape> shapes = {};                     // of which a kOneOf must have one
};

enum class Presence {
  kOptional,
  kRequired,
  kNullable,     // optional, and null is as good as nothing
  kIgnored,      // known to the dialect; has no effect here, but must look right
  kUnsupported,  // known to the dialect; refused if it is there and not null
};

struct Field {
  std::string_view name;
  Shape shape;
  Presence presence = Presence::kNullable;
};

constexpr Shape Any() { return {}; }
constexpr Shape Boolean() { return {.kind = Shape::Kind::kBoolean}; }
constexpr Shape Integer(double min, double max) {
  return {.kind = Shape::Kind::kInteger, .min = min, .max = max};
}
constexpr Shape Number(double min, double max) {
  return {.kind = Shape::Kind::kNumber, .min = min, .max = max};
}
constexpr Shape String(size_t max_bytes, size_t min_bytes = 0) {
  return {.kind = Shape::Kind::kString, .min_size = min_bytes, .max_size = max_bytes};
}
constexpr Shape Among(std::span<const std::string_view> names) {
  return {.kind = Shape::Kind::kString, .max_size = 64, .one_of_strings = names};
}
constexpr Shape Array(const Shape& items, size_t min, size_t max) {
  return {.kind = Shape::Kind::kArray, .min_size = min, .max_size = max, .items = &items};
}
constexpr Shape Object(std::span<const Field> fields, bool open = false) {
  return {.kind = Shape::Kind::kObject, .fields = fields, .open = open};
}
// An object whose keys are the caller's.
constexpr Shape Map(const Shape& values, size_t max) {
  return {.kind = Shape::Kind::kMap, .max_size = max, .items = &values};
}
constexpr Shape OneOf(std::span<const Shape> shapes) {
  return {.kind = Shape::Kind::kOneOf, .shapes = shapes};
}

inline constexpr double kMaxExactInteger = 9007199254740991.0;  // 2^53 - 1
inline constexpr size_t kMaxText = size_t{8} << 20;  // bytes of one text; bodies are bounded, too

// What is wrong with the value, naming the part ("messages[0].role"); nothing if it fits.
std::optional<service::Refusal> CheckShape(const Json& value, const Shape& shape,
                                           const std::string& path = {});

// Reads a body and checks it: JSON, at most 64 deep, an object that fits.
service::OrRefusal<Json> ReadBody(std::string_view body, const Shape& shape);

// The shape in the words of OpenAPI 3.1 (JSON Schema).
OrderedJson SchemaOf(const Shape& shape);

// The field's value; null where it is absent.
const Json& Get(const Json& object, std::string_view name);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_SCHEMA_H_
