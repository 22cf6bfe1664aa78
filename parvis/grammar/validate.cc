// Whether a value satisfies a schema, keyword by keyword.

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <string_view>

#include "fmt/format.h"
#include "parvis/grammar/json_pointer.h"
#include "parvis/grammar/schema.h"

namespace parvis::grammar {
namespace {

constexpr int64_t kMaxSteps = 2'000'000;  // schemas that are held against a value

uint8_t TypeOf(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return kNull;
    case Json::value_t::boolean:
      return kBoolean;
    case Json::value_t::number_float:
      return value.get<double>() == std::floor(value.get<double>()) ? kWhole : kFraction;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return kWhole;
    case Json::value_t::string:
      return kString;
    case Json::value_t::array:
      return kArray;
    default:
      return kObject;
  }
}

int64_t CharactersOf(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

class Validator {
 public:
  explicit Validator(const Schema& schema) : schema_(schema) {}

  Status Run(const Json& value) {
    const bool valid = Holds(Schema::kRoot, value, "");
    if (steps_ > kMaxSteps) return ResourceExhausted("the schema takes too long to be checked");
    return valid ? Status() : InvalidArgument(why_);
  }

  bool RunOwn(SchemaId id, const Json& value) {
    return Holds(id, value, "", true) && steps_ <= kMaxSteps;
  }

 private:
  // `path`: where the value is, "/items/0".
  bool Holds(SchemaId id, const Json& value, const std::string& path, bool own_only = false) {
    if (++steps_ > kMaxSteps) return false;
    const SchemaNode& n = schema_.node(id);
    const uint8_t type = TypeOf(value);
    if (n.never) return No(path, n, "nothing is allowed here");
    if ((n.types & type) == 0) return No(path, n, "the value is of another type");
    if (!IsConstant(n, value)) return No(path, n, "the value is none of those allowed");
    if ((type & (kWhole | kFraction)) != 0 && !InBounds(n, value.get<double>())) {
      return No(path, n, "the number is out of bounds");
    }
    if (type == kString && !Fits(n, value.get_ref<const std::string&>())) {
      return No(path, n, "the string's length, pattern or format is another");
    }
    if (type == kArray && !ItemsHold(n, value, path)) return false;
    if (type == kObject && !PropertiesHold(n, value, path)) return false;
    return own_only || OthersHold(n, value, path);
  }

  bool OthersHold(const SchemaNode& n, const Json& value, const std::string& path) {
    if (n.reference && !Holds(*n.reference, value, path)) return false;
    for (const SchemaId part : n.all_of) {
      if (!Holds(part, value, path)) return false;
    }
    if (!n.any_of.empty() && Count(n.any_of, value, path) == 0) {
      return No(path, n, "none of anyOf fits");
    }
    if (n.one_of.empty()) return true;
    const int64_t count = Count(n.one_of, value, path);
    return count == 1 || No(path, n, fmt::format("{} of oneOf fit", count));
  }

  bool No(const std::string& path, const SchemaNode& n, const std::string& why) {
    if (why_.empty()) {
      why_ = fmt::format("{}: {} ({})", path.empty() ? "/" : path, why, n.place);
    }
    return false;
  }

  int64_t Count(const std::vector<SchemaId>& schemas, const Json& value, const std::string& path) {
    int64_t count = 0;
    for (const SchemaId id : schemas) {
      const std::string before = why_;
      count += Holds(id, value, path) ? 1 : 0;
      why_ = before;  // what a part refuses is no reason yet
    }
    return count;
  }

  static bool IsConstant(const SchemaNode& n, const Json& value) {
    if (n.constant && n.constant->value != value) return false;
    return !n.constants || std::any_of(n.constants->begin(), n.constants->end(),
                                       [&](const auto& c) { return c.value == value; });
  }

  static bool InBounds(const SchemaNode& n, double x) {
    if (n.minimum && (n.minimum->exclusive ? x <= n.minimum->value : x < n.minimum->value)) {
      return false;
    }
    return !n.maximum || (n.maximum->exclusive ? x < n.maximum->value : x <= n.maximum->value);
  }

  static bool Fits(const SchemaNode& n, const std::string& text) {
    if (n.min_length > 0 || n.max_length) {
      const int64_t size = CharactersOf(text);
      if (size < n.min_length || (n.max_length && size > *n.max_length)) return false;
    }
    return std::all_of(n.texts.begin(), n.texts.end(),
                       [&](const auto& dfa) { return dfa->Matches(text); });
  }

  bool ItemsHold(const SchemaNode& n, const Json& value, const std::string& path) {
    const auto size = static_cast<int64_t>(value.size());
    if (size < n.min_items || (n.max_items && size > *n.max_items)) {
      return No(path, n, fmt::format("{} items are too few or too many", size));
    }
    for (size_t i = 0; i < value.size(); ++i) {
      const bool first = i < n.prefix_items.size();
      if (!first && !n.items) break;
      if (!Holds(first ? n.prefix_items[i] : *n.items, value[i], fmt::format("{}/{}", path, i))) {
        return false;
      }
    }
    return true;
  }

  bool PropertiesHold(const SchemaNode& n, const Json& value, const std::string& path) {
    for (const std::string& name : n.required) {
      if (!value.contains(name)) return No(path, n, "\"" + name + "\" is missing");
    }
    size_t declared = 0;
    for (const auto& [name, id] : n.properties) {
      const auto at = value.find(name);
      if (at == value.end()) continue;
      ++declared;
      if (!Holds(id, *at, path + "/" + EscapedPointer(name))) return false;
    }
    if (!n.additional || declared == value.size()) return true;
    std::set<std::string_view> known;
    for (const auto& [name, id] : n.properties) known.insert(name);
    for (const auto& [name, child] : value.items()) {
      if (!known.contains(name) && !Holds(*n.additional, child, path + "/" + EscapedPointer(name)))
        return false;
    }
    return true;
  }

  const Schema& schema_;
  int64_t steps_ = 0;
  std::string why_;
};

}  // namespace

Status Schema::Validate(const Json& value) const { return Validator(*this).Run(value); }

bool Schema::SatisfiesOwn(SchemaId id, const Json& value) const {
  return Validator(*this).RunOwn(id, value);
}

}  // namespace parvis::grammar
