#include "parvis/core/toml_reader.h"

#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "fmt/ranges.h"

namespace parvis {
namespace {

// Levenshtein's distance: how many letters must change.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t change = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string TypeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return fmt::format("the text \"{}\"", node.as_string()->get());
    case toml::node_type::integer:
      return fmt::format("the number {}", node.as_integer()->get());
    case toml::node_type::floating_point:
      return fmt::format("the number {}", node.as_floating_point()->get());
    case toml::node_type::boolean:
      return node.as_boolean()->get() ? "true" : "false";
    default:
      return "a date or time";
  }
}

}  // namespace

TomlReader::TomlReader(const toml::table* table, std::string file, std::string name)
    : table_(table), file_(std::move(file)), name_(std::move(name)) {}

const toml::node* TomlReader::Ask(std::string_view key) {
  known_.emplace_back(key);
  return table_ == nullptr ? nullptr : table_->get(key);
}

bool TomlReader::Has(std::string_view key) const {
  return table_ != nullptr && table_->get(key) != nullptr;
}

void TomlReader::Know(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  }
}

std::string TomlReader::PlaceOf(const toml::node* node, std::string_view key) const {
  const toml::node* at = node != nullptr ? node : table_;
  std::string place = file_;
  if (at != nullptr && at->source().begin.line > 0) {
    const auto& origin = at->source().path;
    // A node that was put into the table is from elsewhere.
    place = origin != nullptr && *origin != file_
                ? *origin
                : fmt::format("{}:{}", file_, at->source().begin.line);
  }
  place += ": ";
  if (!name_.empty()) place += fmt::format("[{}] ", name_);
  return place + std::string(key);
}

std::string TomlReader::Place(std::string_view key) const {
  return PlaceOf(table_ == nullptr ? nullptr : table_->get(key), key);
}

void TomlReader::Refuse(std::string_view key, const std::string& why) {
  if (status_.ok()) status_ = InvalidArgument(fmt::format("{}: {}", Place(key), why));
}

void TomlReader::RefuseAt(const toml::node& node, std::string_view key, const std::string& why) {
  if (status_.ok()) status_ = InvalidArgument(fmt::format("{}: {}", PlaceOf(&node, key), why));
}

std::string TomlReader::Text(std::string_view key, std::string fallback) {
  const toml::node* node = Ask(key);
  if (node == nullptr) return fallback;
  if (const auto* text = node->as_string()) return text->get();
  Refuse(key, "must be a text in quotes, not " + TypeName(*node));
  return fallback;
}

std::string TomlReader::OneOf(std::string_view key, std::string fallback,
                              const std::vector<std::string>& choices) {
  std::string value = Text(key, std::move(fallback));
  if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
    Refuse(key, fmt::format("\"{}\" is none of: {}", value, fmt::join(choices, ", ")));
  }
  return value;
}

int64_t TomlReader::Integer(std::string_view key, int64_t fallback, int64_t low, int64_t high) {
  const toml::node* node = Ask(key);
  if (node == nullptr) return fallback;
  int64_t value = fallback;
  if (const auto* integer = node->as_integer()) {
    value = integer->get();
  } else if (const auto* number = node->as_floating_point();
             number != nullptr && std::abs(number->get()) < 9e15 &&
             std::trunc(number->get()) == number->get()) {
    value = static_cast<int64_t>(number->get());
  } else {
    Refuse(key, "must be a whole number, not " + TypeName(*node));
    return fallback;
  }
  if (value < low || value > high) {
    Refuse(key, high == std::numeric_limits<int64_t>::max()
                    ? fmt::format("{} is too small: at least {}", value, low)
                    : fmt::format("{} is not between {} and {}", value, low, high));
    return fallback;
  }
  return value;
}

double TomlReader::Number(std::string_view key, double fallback, double low, double high) {
  const toml::node* node = Ask(key);
  if (node == nullptr) return fallback;
  double value = fallback;
  if (const auto* integer = node->as_integer()) {
    value = static_cast<double>(integer->get());
  } else if (const auto* number = node->as_floating_point()) {
    value = number->get();
  } else {
    Refuse(key, "must be a number, not " + TypeName(*node));
    return fallback;
  }
  if (!(value >= low && value <= high)) {  // refuses nan, too
    Refuse(key, fmt::format("{} is not between {} and {}", value, low, high));
    return fallback;
  }
  return value;
}

bool TomlReader::Flag(std::string_view key, bool fallback) {
  const toml::node* node = Ask(key);
  if (node == nullptr) return fallback;
  if (const auto* flag = node->as_boolean()) return flag->get();
  Refuse(key, "must be true or false, not " + TypeName(*node));
  return fallback;
}

std::vector<std::string> TomlReader::Texts(std::string_view key) {
  std::vector<std::string> texts;
  const toml::array* array = Array(key);
  if (array == nullptr) return texts;
  for (const toml::node& node : *array) {
    if (const auto* text = node.as_string()) {
      texts.push_back(text->get());
    } else {
      RefuseAt(node, key, "must hold texts in quotes, not " + TypeName(node));
    }
  }
  return texts;
}

const toml::table* TomlReader::Table(std::string_view key) {
  const toml::node* node = Ask(key);
  if (node == nullptr) return nullptr;
  if (node->is_table()) return node->as_table();
  Refuse(key, "must be a table, not " + TypeName(*node));
  return nullptr;
}

const toml::array* TomlReader::Array(std::string_view key) {
  const toml::node* node = Ask(key);
  if (node == nullptr) return nullptr;
  if (node->is_array()) return node->as_array();
  Refuse(key, "must be an array in [ ], not " + TypeName(*node));
  return nullptr;
}

Status TomlReader::Finish() {
  if (!status_.ok() || table_ == nullptr) return status_;
  for (const auto& [key, node] : *table_) {
    const std::string_view name = key.str();
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    const auto nearest = std::min_element(
        known_.begin(), known_.end(),
        [&](const auto& a, const auto& b) { return Distance(name, a) < Distance(name, b); });
    std::string why = "unknown key";
    if (nearest != known_.end() && Distance(name, *nearest) <= 1 + name.size() / 3) {
      why += fmt::format("; did you mean {}?", *nearest);
    }
    Refuse(name, fmt::format("{} (known: {})", why, fmt::join(known_, ", ")));
  }
  return status_;
}

Result<Json> JsonOfToml(const toml::node& node) {
  if (const auto* text = node.as_string()) return Json(text->get());
  if (const auto* integer = node.as_integer()) return Json(integer->get());
  if (const auto* number = node.as_floating_point()) return Json(number->get());
  if (const auto* flag = node.as_boolean()) return Json(flag->get());
  if (const auto* array = node.as_array()) {
    Json values = Json::array();
    for (const toml::node& item : *array) {
      PARVIS_ASSIGN_OR_RETURN(Json value, JsonOfToml(item));
      values.push_back(std::move(value));
    }
    return values;
  }
  if (const auto* table = node.as_table()) {
    Json values = Json::object();
    for (const auto& [key, item] : *table) {
      PARVIS_ASSIGN_OR_RETURN(Json value, JsonOfToml(item));
      values[std::string(key.str())] = std::move(value);
    }
    return values;
  }
  return InvalidArgument("dates and times have no place here");
}

}  // namespace parvis
