#include "parvis/train/recipe_overrides.h"

#include <sstream>
#include <utility>

#include "fmt/format.h"

namespace parvis::train {
namespace {

toml::parse_result Parse(const std::string& text) {
  const std::string place = "--set " + text;
  toml::parse_result parsed = toml::parse(text, place);
  if (parsed) return parsed;
  const size_t at = text.find('=');
  return toml::parse(text.substr(0, at + 1) + Json(text.substr(at + 1)).dump(), place);
}

// Moves, because a copy of a node does not know where it comes from.
void Merge(toml::table& from, toml::table& into) {
  for (auto&& [key, node] : from) {
    toml::table* inner = node.as_table();
    toml::table* there = into[key.str()].as_table();
    if (inner != nullptr && there != nullptr) {
      Merge(*inner, *there);
      continue;
    }
    node.visit(
        [&into, &key = key](auto& value) { into.insert_or_assign(key.str(), std::move(value)); });
  }
}

// A run has one length.
void DropOtherLengths(const toml::table& told, toml::table& recipe) {
  constexpr std::string_view kLengths[] = {"tokens", "epochs", "steps"};
  toml::table* train = recipe["train"].as_table();
  const toml::table* told_train = told["train"].as_table();
  if (train == nullptr || told_train == nullptr) return;
  for (const std::string_view length : kLengths) {
    if (!told_train->contains(length)) continue;
    for (const std::string_view other : kLengths) {
      if (other != length) train->erase(other);
    }
  }
}

}  // namespace

Status Override(std::span<const std::string> overrides, toml::table& recipe) {
  for (const std::string& text : overrides) {
    const size_t at = text.find('=');
    if (at == std::string::npos || text.find('\n') != std::string::npos) {
      return InvalidArgument(
          fmt::format("--set {}: not of the form TABLE.KEY=VALUE, as in train.steps=20", text));
    }
    toml::parse_result parsed = Parse(text);
    if (!parsed) {
      return InvalidArgument(
          fmt::format("--set {}: not TOML: {}", text, parsed.error().description()));
    }
    DropOtherLengths(parsed.table(), recipe);
    Merge(parsed.table(), recipe);
  }
  return {};
}

std::string TextOf(const toml::table& recipe, std::span<const std::string> overrides) {
  std::ostringstream text;
  for (const std::string& each : overrides) text << "# --set " << each << "\n";
  text << recipe << "\n";
  return text.str();
}

}  // namespace parvis::train
