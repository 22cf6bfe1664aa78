#include "parvis/models/infill.h"

#include <limits>
#include <string>

namespace parvis::models {
namespace {

std::optional<text::TokenId> IdIn(const Json& metadata, const std::string& name) {
  const auto found = metadata.find("tokenizer.ggml." + name + "_token_id");
  if (found == metadata.end() || !found->is_number_integer()) return std::nullopt;
  const auto id = found->get<int64_t>();
  if (id < 0 || id > std::numeric_limits<text::TokenId>::max()) return std::nullopt;
  return static_cast<text::TokenId>(id);
}

// A key, or its older name.
std::optional<text::TokenId> IdIn(const Json& metadata, const std::string& name,
                                  const std::string& older) {
  const auto id = IdIn(metadata, name);
  return id ? id : IdIn(metadata, older);
}

text::InfillIds IdsOf(const Model& model) {
  const Json& metadata = model.metadata;
  return {.prefix = IdIn(metadata, "fim_pre", "prefix"),
          .suffix = IdIn(metadata, "fim_suf", "suffix"),
          .middle = IdIn(metadata, "fim_mid", "middle"),
          .padding = IdIn(metadata, "fim_pad"),
          .repository = IdIn(metadata, "fim_rep"),
          .separator = IdIn(metadata, "fim_sep")};
}

}  // namespace

std::optional<text::InfillMarks> InfillMarksOf(const Model& model) {
  if (model.tokenizer == nullptr) return std::nullopt;
  return text::InfillMarksOf(*model.tokenizer, IdsOf(model));
}

bool WantsSuffixFirst(const Model& model) {
  const auto found = model.metadata.find(kSuffixFirstKey);
  return found != model.metadata.end() && found->is_boolean() && found->get<bool>();
}

Json InfillKeys(const Model& model) {
  Json keys = Json::object();
  const auto marks = InfillMarksOf(model);
  if (!marks) return keys;
  const text::InfillIds ids = IdsOf(model);
  const auto add = [&](const char* name, std::optional<text::TokenId> id) {
    if (id) keys["tokenizer.ggml." + std::string(name) + "_token_id"] = *id;
  };
  add("fim_pre", marks->prefix);
  add("fim_suf", marks->suffix);
  add("fim_mid", marks->middle);
  add("fim_pad", ids.padding);
  add("fim_rep", ids.repository);
  add("fim_sep", ids.separator);
  return keys;
}

}  // namespace parvis::models
