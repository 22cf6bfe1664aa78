#include "parvis/text/tokenizer.h"

#include <unordered_set>

#include "parvis/text/byte_bpe.h"
#include "parvis/text/sentencepiece_bpe.h"
#include "parvis/text/unigram.h"
#include "parvis/text/utf8.h"
#include "parvis/text/wordpiece.h"

namespace parvis::text {
namespace {

constexpr size_t kMaxTokens = 2'000'000;
constexpr size_t kMaxTokenBytes = 4096;
constexpr size_t kMaxTemplate = 16;
// Of the tokens that are found by a tree with up to 53 bytes for each of theirs.
constexpr size_t kMaxTreeBytes = 4 << 20;

Status CheckTrees(const Vocabulary& v) {
  size_t tokens = 0, added = 0;
  for (const std::string& token : v.tokens) tokens += token.size();
  for (const AddedToken& token : v.added) added += token.content.size();
  const bool tree = v.model == "unigram" || v.model == "wordpiece";
  if (added <= kMaxTreeBytes && (!tree || tokens <= kMaxTreeBytes)) return {};
  return DataLoss(added > kMaxTreeBytes ? "the added tokens are longer than 4 MiB together"
                                        : "the tokens are longer than 4 MiB together");
}

// Each of two texts once, and not so many tokens that a short text becomes a long one.
Status CheckPair(const Vocabulary& v) {
  size_t first = 0, second = 0;
  for (const TemplatePart& part : v.pair) {
    first += part.kind == TemplatePart::Kind::kFirst;
    second += part.kind == TemplatePart::Kind::kSecond;
    if (part.kind == TemplatePart::Kind::kToken &&
        (part.token < 0 || static_cast<size_t>(part.token) >= v.tokens.size())) {
      return DataLoss("the template for two texts holds token " + std::to_string(part.token) +
                      ", which is outside the vocabulary");
    }
  }
  if (v.pair.empty() || (first == 1 && second == 1 && v.pair.size() <= kMaxTemplate)) return {};
  return DataLoss(
      "the template for two texts does not hold each of them once, in 16 parts or less");
}

Status CheckVocabulary(const Vocabulary& v) {
  if (v.tokens.empty()) return DataLoss("the vocabulary is empty");
  if (v.tokens.size() > kMaxTokens) {
    return DataLoss("the vocabulary has " + std::to_string(v.tokens.size()) + " tokens, limit " +
                    std::to_string(kMaxTokens));
  }
  if (v.kinds.size() != v.tokens.size()) {
    return DataLoss("token types: " + std::to_string(v.kinds.size()) + " for " +
                    std::to_string(v.tokens.size()) + " tokens");
  }
  std::unordered_set<std::string_view> seen;
  for (size_t id = 0; id < v.tokens.size(); ++id) {
    if (v.tokens[id].size() > kMaxTokenBytes) {
      return DataLoss("token " + std::to_string(id) + " is longer than 4096 bytes");
    }
    if (!IsValidUtf8(v.tokens[id])) {
      return DataLoss("token " + std::to_string(id) + " is not valid UTF-8");
    }
    if (!seen.insert(v.tokens[id]).second) {
      return DataLoss("token " + std::to_string(id) + " \"" + v.tokens[id].substr(0, 40) +
                      "\" is in the vocabulary twice");
    }
  }
  const auto size = static_cast<TokenId>(v.tokens.size());
  for (const auto& [id, name] : {std::pair{v.bos, "bos"}, std::pair{v.eos, "eos"},
                                 std::pair{v.unknown, "unknown"}, std::pair{v.padding, "padding"},
                                 std::pair{v.separator, "separator"}, std::pair{v.mask, "mask"}}) {
    if (id && (*id < 0 || *id >= size)) {
      return DataLoss(std::string(name) + " token id " + std::to_string(*id) +
                      " is outside the vocabulary");
    }
  }
  for (const AddedToken& added : v.added) {
    if (added.id < 0 || added.id >= size || v.tokens[added.id] != added.content) {
      return DataLoss("added token \"" + added.content.substr(0, 40) + "\" has id " +
                      std::to_string(added.id) + ", which is another token");
    }
  }
  PARVIS_RETURN_IF_ERROR(CheckTrees(v));
  return CheckPair(v);
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> MakeTokenizer(Vocabulary vocabulary) {
  PARVIS_RETURN_IF_ERROR(CheckVocabulary(vocabulary));
  std::erase_if(vocabulary.end_tokens, [&](TokenId id) {
    return id == vocabulary.eos || id < 0 || static_cast<size_t>(id) >= vocabulary.tokens.size();
  });
  vocabulary.add_bos &= vocabulary.bos.has_value();
  vocabulary.add_eos &= vocabulary.eos.has_value();
  PARVIS_ASSIGN_OR_RETURN(Normalizer normalizer, Normalizer::Make(vocabulary.normalizer));
  const std::string& model = vocabulary.model;
  if (model == "byte_bpe") return ByteBpe::Make(std::move(vocabulary), std::move(normalizer));
  if (model == "sentencepiece_bpe") {
    return SentencePieceBpe::Make(std::move(vocabulary), std::move(normalizer));
  }
  if (model == "unigram") return Unigram::Make(std::move(vocabulary), std::move(normalizer));
  if (model == "wordpiece") return WordPiece::Make(std::move(vocabulary), std::move(normalizer));
  return Unimplemented("tokeniser \"" + model + "\" is not one that Parvis computes");
}

}  // namespace parvis::text
