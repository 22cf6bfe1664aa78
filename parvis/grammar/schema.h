#ifndef PARVIS_GRAMMAR_SCHEMA_H_
#define PARVIS_GRAMMAR_SCHEMA_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/grammar/dfa.h"

namespace parvis::grammar {

// Kinds of JSON values. A whole number is kWhole, however it is written; "number" is both.
enum ValueType : uint8_t {
  kNull = 1,
  kBoolean = 2,
  kWhole = 4,
  kFraction = 8,
  kString = 16,
  kArray = 32,
  kObject = 64,
  kAnyType = 127,
};

using SchemaId = uint32_t;

// One schema, with what stands in it. Keywords say something only about values of their own kind.
struct SchemaNode {
  struct Constant {
    Json value;
    std::string text;  // JSON, with the keys in the order of the schema
  };
  struct Bound {
    double value;
    bool exclusive;
  };

  std::string place;   // JSON pointer: "#/properties/name"
  bool never = false;  // the schema `false`
  uint8_t types = kAnyType;
  std::optional<std::vector<Constant>> constants;  // enum
  std::optional<Constant> constant;                // const
  std::optional<Bound> minimum, maximum;           // the tighter of both forms
  int64_t min_length = 0;
  std::optional<int64_t> max_length;              // characters
  std::vector<std::shared_ptr<const Dfa>> texts;  // pattern and format: what a string may be
  std::vector<SchemaId> prefix_items;
  std::optional<SchemaId> items;
  int64_t min_items = 0;
  std::optional<int64_t> max_items;
  std::vector<std::pair<std::string, SchemaId>> properties;  // in the order of the schema
  std::vector<std::string> required;
  std::optional<SchemaId> additional;  // additionalProperties
  std::optional<SchemaId> reference;   // $ref
  std::vector<SchemaId> all_of, any_of, one_of;
};

struct SchemaOptions {
  // OpenAI's "strict": each object names all its properties as required and has
  // "additionalProperties": false.
  bool strict = false;
};

// The JSON of a schema from untrusted bytes, its keys in their order. Bounded.
Result<OrderedJson> ParseSchemaJson(std::string_view text);

// A JSON Schema (draft 2020-12, the part that docs/design/constrained-decoding.md lists) that is
// checked and read. One tree serves both to validate values and to make a grammar. Immutable.
class Schema {
 public:
  // What is not supported, or wrong, is refused with its JSON pointer; annotations (title,
  // description, default, examples …) are passed over. Sizes are bounded.
  static Result<std::shared_ptr<const Schema>> Read(const OrderedJson& schema,
                                                    const SchemaOptions& options = {});
  // The same of untrusted bytes.
  static Result<std::shared_ptr<const Schema>> Parse(std::string_view text,
                                                     const SchemaOptions& options = {});

  // Whether a value satisfies the schema; if not, where and which keyword. The work is bounded:
  // kResourceExhausted says that it was too much.
  Status Validate(const Json& value) const;

  // The same of one node's own keywords, without those that name other schemas for the same value
  // ($ref, allOf, anyOf, oneOf).
  bool SatisfiesOwn(SchemaId id, const Json& value) const;

  static constexpr SchemaId kRoot = 0;
  const SchemaNode& node(SchemaId id) const { return nodes_[id]; }
  size_t size() const { return nodes_.size(); }

 private:
  friend class SchemaReader;
  Schema() = default;

  std::vector<SchemaNode> nodes_;
};

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_SCHEMA_H_
