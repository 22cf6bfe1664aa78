// From JSON to Schema: one handler for each keyword; a keyword without one is refused.

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "parvis/grammar/formats.h"
#include "parvis/grammar/json_pointer.h"
#include "parvis/grammar/regex.h"
#include "parvis/grammar/schema.h"

namespace parvis::grammar {
namespace {

constexpr int kMaxDepth = 64;                  // of the JSON that holds the schema
constexpr size_t kMaxNodes = 4096;             // schemas in it
constexpr size_t kMaxConstants = 4096;         // of all enums
constexpr size_t kMaxConstantBytes = 1 << 20;  // likewise
constexpr int kMaxChain = 32;                  // schemas about the same value in one another
constexpr size_t kMaxSchemaBytes = 1 << 20;

// Say nothing about values.
const std::set<std::string, std::less<>>& Annotations() {
  static const auto& names = *new std::set<std::string, std::less<>>{
      "title",   "description", "default",  "examples",  "example", "$comment",
      "$schema", "deprecated",  "readOnly", "writeOnly", "$defs",   "definitions"};
  return names;
}

}  // namespace

class SchemaReader {
 public:
  SchemaReader(const OrderedJson& document, const SchemaOptions& options)
      : document_(document), options_(options), schema_(new Schema()) {}

  Result<std::shared_ptr<const Schema>> Run() {
    PARVIS_RETURN_IF_ERROR(Node(document_, "#", 0).status());
    while (!references_.empty()) {
      const auto [from, target] = references_.front();
      references_.pop_front();
      const OrderedJson* found = FindPointer(document_, target);
      if (found == nullptr) {
        return At(schema_->nodes_[from].place + "/$ref",
                  "there is no " + target + " in the schema");
      }
      PARVIS_ASSIGN_OR_RETURN(schema_->nodes_[from].reference, Node(*found, target, 0));
    }
    colours_.assign(schema_->nodes_.size(), -1);
    for (SchemaId id = 0; id < schema_->nodes_.size(); ++id) {
      PARVIS_RETURN_IF_ERROR(Chain(id, 0).status());
    }
    if (options_.strict) {
      for (const SchemaNode& node : schema_->nodes_) PARVIS_RETURN_IF_ERROR(CheckStrict(node));
    }
    return std::shared_ptr<const Schema>(std::move(schema_));
  }

 private:
  using Ids = std::vector<SchemaId>;

  static Status At(const std::string& place, const std::string& why) {
    return InvalidArgument(place + ": " + why);
  }
  SchemaNode& node(SchemaId id) { return schema_->nodes_[id]; }

  // The schema at `place`; read once.
  Result<SchemaId> Node(const OrderedJson& json, const std::string& place, int depth) {
    if (const auto known = ids_.find(place); known != ids_.end()) return known->second;
    if (depth > kMaxDepth) return At(place, "nested deeper than 64");
    if (schema_->nodes_.size() >= kMaxNodes) return At(place, "more than 4096 schemas");
    const auto id = static_cast<SchemaId>(schema_->nodes_.size());
    ids_.emplace(place, id);
    schema_->nodes_.emplace_back();
    node(id).place = place;
    if (json.is_boolean()) {
      node(id).never = !json.get<bool>();
      return id;
    }
    if (!json.is_object()) return At(place, "a schema is an object, true or false");
    for (const auto& [key, value] : json.items()) {
      PARVIS_RETURN_IF_ERROR(Keyword(id, key, value, depth));
    }
    if (json.contains("nullable")) {
      if (!json["nullable"].is_boolean()) return At(place + "/nullable", "expected true or false");
      if (json["nullable"].get<bool>()) node(id).types |= kNull;
    }
    return id;
  }

  Status Keyword(SchemaId id, const std::string& key, const OrderedJson& value, int depth) {
    const std::string place = node(id).place + "/" + EscapedPointer(key);
    if (key == "type") return Types(id, value, place);
    if (key == "enum" || key == "const") return Constants(id, key, value, place);
    if (key == "$ref") {
      if (!value.is_string() || !value.get<std::string>().starts_with("#")) {
        return At(place, "only references within the schema (\"#/…\") are supported");
      }
      references_.emplace_back(id, NormalPointer(value.get<std::string>()));
      return {};
    }
    if (key == "minimum" || key == "maximum" || key == "exclusiveMinimum" ||
        key == "exclusiveMaximum") {
      return Bound(id, key, value, place);
    }
    if (key == "pattern" || key == "format") return Text(id, key, value, place);
    if (key == "required") return Required(id, value, place);
    if (key == "minLength" || key == "maxLength" || key == "minItems" || key == "maxItems") {
      return Size(id, key, value, place);
    }
    if (key == "properties" || key == "items" || key == "prefixItems" ||
        key == "additionalProperties" || key == "allOf" || key == "anyOf" || key == "oneOf") {
      return Children(id, key, value, place, depth);
    }
    if (key == "uniqueItems" && value.is_boolean() && !value.get<bool>()) return {};
    if (key == "nullable" || Annotations().contains(key)) return {};
    if (key == "$id" && id == Schema::kRoot) return {};
    return Status(StatusCode::kUnimplemented, place + ": this keyword is not supported");
  }

  Status Types(SchemaId id, const OrderedJson& value, const std::string& place) {
    static const auto& names =
        *new std::map<std::string, uint8_t>{{"null", kNull},     {"boolean", kBoolean},
                                            {"integer", kWhole}, {"number", kWhole | kFraction},
                                            {"string", kString}, {"array", kArray},
                                            {"object", kObject}};
    uint8_t types = 0;
    const auto add = [&](const OrderedJson& name) {
      const auto at = name.is_string() ? names.find(name.get<std::string>()) : names.end();
      if (at != names.end()) types |= at->second;
      return at != names.end();
    };
    const bool list = value.is_array() && !value.empty();
    if (list ? !std::all_of(value.begin(), value.end(), add) : !add(value)) {
      return At(place, "expected null, boolean, integer, number, string, array or object");
    }
    node(id).types &= types;
    return {};
  }

  Status Constants(SchemaId id, const std::string& key, const OrderedJson& value,
                   const std::string& place) {
    const auto read = [&](const OrderedJson& json) {
      SchemaNode::Constant constant{
          Json(json), json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace)};
      constant_bytes_ += constant.text.size();
      return constant;
    };
    if (key == "const") {
      node(id).constant = read(value);
    } else {
      if (!value.is_array()) return At(place, "expected a list of values");
      constants_ += value.size();
      if (constants_ > kMaxConstants) return At(place, "more than 4096 values");
      node(id).constants.emplace();
      for (const OrderedJson& one : value) node(id).constants->push_back(read(one));
    }
    return constant_bytes_ > kMaxConstantBytes ? At(place, "more than 1 MiB of values") : Status();
  }

  Status Bound(SchemaId id, const std::string& key, const OrderedJson& value,
               const std::string& place) {
    if (!value.is_number() || !std::isfinite(value.get<double>())) {
      return At(place, "expected a number");
    }
    const SchemaNode::Bound bound{value.get<double>(), key.starts_with("exclusive")};
    const bool low = key.ends_with("inimum");
    auto& place_of = low ? node(id).minimum : node(id).maximum;
    const bool tighter =
        !place_of || (low ? bound.value > place_of->value : bound.value < place_of->value);
    if (tighter || (bound.value == place_of->value && bound.exclusive)) place_of = bound;
    return {};
  }

  Status Text(SchemaId id, const std::string& key, const OrderedJson& value,
              const std::string& place) {
    if (!value.is_string()) return At(place, "expected a string");
    std::string pattern = value.get<std::string>();
    if (key == "format") {
      const auto known = PatternOfFormat(pattern);
      if (!known) {
        return Status(StatusCode::kUnimplemented, place + ": not one of " + FormatNames());
      }
      if (pattern == "hostname")
        node(id).max_length = std::min<int64_t>(node(id).max_length.value_or(253), 253);
      pattern = *known;
    }
    auto& known = patterns_[pattern];
    if (known == nullptr) {
      auto dfa = CompilePattern(pattern, budget_);
      PARVIS_RETURN_IF_ERROR(dfa.status().In(place));
      known = std::make_shared<const Dfa>(std::move(dfa).value());
    }
    node(id).texts.push_back(known);
    return {};
  }

  Status Required(SchemaId id, const OrderedJson& value, const std::string& place) {
    if (!value.is_array()) return At(place, "expected a list of names");
    for (const OrderedJson& name : value) {
      if (!name.is_string()) return At(place, "expected a list of names");
      auto& required = node(id).required;
      if (std::find(required.begin(), required.end(), name.get<std::string>()) == required.end()) {
        required.push_back(name.get<std::string>());
      }
      if (required.size() > kMaxNodes) return At(place, "more than 4096 names");
    }
    return {};
  }

  Status Size(SchemaId id, const std::string& key, const OrderedJson& value,
              const std::string& place) {
    SchemaNode& n = node(id);
    const double number = value.is_number() ? value.get<double>() : -1.0;
    if (!(number >= 0 && number <= 9e15) || number != std::floor(number)) {
      return At(place, "expected a whole number from 0");
    }
    const auto size = static_cast<int64_t>(number);
    if (key == "minLength") n.min_length = size;
    if (key == "minItems") n.min_items = size;
    if (key == "maxLength") n.max_length = std::min(n.max_length.value_or(size), size);
    if (key == "maxItems") n.max_items = size;
    return {};
  }

  Status Children(SchemaId id, const std::string& key, const OrderedJson& value,
                  const std::string& place, int depth) {
    if (key == "properties") {
      if (!value.is_object()) return At(place, "expected an object");
      for (const auto& [name, schema] : value.items()) {
        PARVIS_ASSIGN_OR_RETURN(const SchemaId child,
                                Node(schema, place + "/" + EscapedPointer(name), depth + 1));
        node(id).properties.emplace_back(name, child);
      }
      return {};
    }
    if (key == "items" || key == "additionalProperties") {
      if (value.is_array()) return At(place, "a list of schemas is called prefixItems");
      PARVIS_ASSIGN_OR_RETURN(const SchemaId child, Node(value, place, depth + 1));
      (key == "items" ? node(id).items : node(id).additional) = child;
      return {};
    }
    if (!value.is_array() || value.empty()) return At(place, "expected a list of schemas");
    Ids children;
    for (size_t i = 0; i < value.size(); ++i) {
      PARVIS_ASSIGN_OR_RETURN(const SchemaId child,
                              Node(value[i], place + "/" + std::to_string(i), depth + 1));
      children.push_back(child);
    }
    SchemaNode& n = node(id);
    (key == "allOf"   ? n.all_of
     : key == "anyOf" ? n.any_of
     : key == "oneOf" ? n.one_of
                      : n.prefix_items) = std::move(children);
    return {};
  }

  // How many schemas about the same value stand in one another from here on.
  Result<int> Chain(SchemaId id, int above) {
    constexpr int kOpen = -2;
    const SchemaNode& n = node(id);
    if (colours_[id] == kOpen) return At(n.place, "refers to itself, about the same value");
    if (above > kMaxChain) return At(n.place, "more than 32 schemas about one value in a row");
    if (colours_[id] >= 0) return colours_[id];
    colours_[id] = kOpen;
    Ids next = n.all_of;
    if (n.reference) next.push_back(*n.reference);
    next.insert(next.end(), n.any_of.begin(), n.any_of.end());
    next.insert(next.end(), n.one_of.begin(), n.one_of.end());
    int below = 0;
    for (const SchemaId child : next) {
      PARVIS_ASSIGN_OR_RETURN(const int more, Chain(child, above + 1));
      below = std::max(below, more + 1);
    }
    if (below > kMaxChain) return At(n.place, "more than 32 schemas about one value in a row");
    colours_[id] = below;
    return below;
  }

  Status CheckStrict(const SchemaNode& n) {
    const bool object = (n.types & kObject) != 0 && (n.types != kAnyType || !n.properties.empty());
    if (!object) return {};
    if (!n.additional || !node(*n.additional).never) {
      return At(n.place, "strict: \"additionalProperties\": false is missing");
    }
    for (const auto& [name, child] : n.properties) {
      if (std::find(n.required.begin(), n.required.end(), name) == n.required.end()) {
        return At(n.place + "/required", "strict: \"" + name + "\" is missing");
      }
    }
    return {};
  }

  const OrderedJson& document_;
  const SchemaOptions options_;
  std::shared_ptr<Schema> schema_;
  std::map<std::string, SchemaId> ids_;  // by place
  std::deque<std::pair<SchemaId, std::string>> references_;
  std::map<std::string, std::shared_ptr<const Dfa>> patterns_;
  std::vector<int> colours_;
  Budget budget_;
  size_t constants_ = 0, constant_bytes_ = 0;
};

Result<std::shared_ptr<const Schema>> Schema::Read(const OrderedJson& schema,
                                                   const SchemaOptions& options) {
  return SchemaReader(schema, options).Run();
}

Result<OrderedJson> ParseSchemaJson(std::string_view text) {
  const JsonLimits limits{.max_bytes = kMaxSchemaBytes, .max_depth = kMaxDepth};
  PARVIS_RETURN_IF_ERROR(ParseJson(text, limits).status());
  OrderedJson json = OrderedJson::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return DataLoss("not valid JSON");
  return json;
}

Result<std::shared_ptr<const Schema>> Schema::Parse(std::string_view text,
                                                    const SchemaOptions& options) {
  PARVIS_ASSIGN_OR_RETURN(const OrderedJson json, ParseSchemaJson(text));
  return Read(json, options);
}

}  // namespace parvis::grammar
