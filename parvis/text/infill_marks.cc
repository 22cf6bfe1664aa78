#include "parvis/text/infill_marks.h"

#include <algorithm>
#include <string_view>

namespace parvis::text {
namespace {

struct Names {
  std::string_view prefix, suffix, middle;
};
constexpr Names kNames[] = {
    {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"},  // Qwen, CodeGemma, our recipes
    {"<fim_prefix>", "<fim_suffix>", "<fim_middle>"},        // StarCoder, Granite
    {"<fim-prefix>", "<fim-suffix>", "<fim-middle>"},        // SantaCoder
    {"<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"},  // DeepSeek
    {"▁<PRE>", "▁<SUF>", "▁<MID>"},                          // CodeLlama
    {"<PRE>", "<SUF>", "<MID>"}};
// What such models write when the middle is over, beside their ends of texts.
constexpr std::string_view kEnds[] = {"<|fim_pad|>",   "<fim_pad>",   "<fim-pad>",
                                      "<|file_sep|>",  "<file_sep>",  "<|file_separator|>",
                                      "<|repo_name|>", "<repo_name>", "<reponame>",
                                      "▁<EOT>",        "<EOT>"};

// A token that stands in no text but by its name.
std::optional<TokenId> FindOwn(const Tokenizer& tokenizer, std::string_view name) {
  const std::optional<TokenId> id = tokenizer.Find(name);
  if (!id || tokenizer.IsSpecial(*id)) return id;
  const auto& added = tokenizer.vocabulary().added;
  const bool own = std::any_of(added.begin(), added.end(),
                               [&](const AddedToken& token) { return token.id == *id; });
  return own ? id : std::nullopt;
}

}  // namespace

std::optional<InfillMarks> InfillMarksOf(const Tokenizer& tokenizer, const InfillIds& ids) {
  const auto is_token = [&](const std::optional<TokenId>& id) {
    return id && *id >= 0 && *id < tokenizer.vocab_size();
  };
  InfillMarks marks{};
  bool found = is_token(ids.prefix) && is_token(ids.suffix) && is_token(ids.middle);
  if (found) marks = {*ids.prefix, *ids.suffix, *ids.middle, {}};
  for (const Names& names : kNames) {
    if (found) break;
    const auto prefix = FindOwn(tokenizer, names.prefix), suffix = FindOwn(tokenizer, names.suffix),
               middle = FindOwn(tokenizer, names.middle);
    found = prefix && suffix && middle;
    if (found) marks = {*prefix, *suffix, *middle, {}};
  }
  if (!found) return std::nullopt;
  std::vector<std::optional<TokenId>> ends = {ids.padding, ids.repository, ids.separator};
  for (const std::string_view name : kEnds) ends.push_back(FindOwn(tokenizer, name));
  for (const std::optional<TokenId>& end : ends) {
    if (!is_token(end)) continue;
    const bool known = std::find(marks.ends.begin(), marks.ends.end(), *end) != marks.ends.end();
    if (!known) marks.ends.push_back(*end);
  }
  return marks;
}

}  // namespace parvis::text
