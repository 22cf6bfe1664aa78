// Hugging Face's tokenizer.json: what of it Parvis computes is read into a Vocabulary, anything
// else is refused by its field, since a tokeniser that is almost right is worse than none.

#include <unordered_map>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/text/tokenizer.h"
#include "parvis/text/tokenizer_json_parts.h"

namespace parvis::text {
namespace {

// A merge is "left right" in older files, ["left", "right"] in newer ones.
Status ReadMerges(const Json& merges, Vocabulary& v) {
  size_t number = 0;
  for (const Json& merge : merges) {
    const std::string field = "model.merges[" + std::to_string(number++) + "]";
    if (merge.is_string()) {
      const auto& text = merge.get_ref<const std::string&>();
      const size_t space = text.find(' ');
      if (space == std::string::npos || space == 0 || space + 1 == text.size() ||
          text.find(' ', space + 1) != std::string::npos) {
        return RefuseField(field, "is not two tokens with a space between");
      }
      v.merges.emplace_back(text.substr(0, space), text.substr(space + 1));
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      v.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    } else {
      return RefuseField(field, "is not a pair of tokens");
    }
  }
  return {};
}

// Older files do not name the model's type; their fields tell.
Result<std::string> TypeOf(const Json& model) {
  if (!IsNull(model, "type")) {
    for (const char* type : {"BPE", "Unigram", "WordPiece"}) {
      if (model["type"] == type) return std::string(type);
    }
    return RefuseField("model.type", model["type"].dump().substr(0, 40) +
                                         " is not read, only BPE, Unigram and WordPiece");
  }
  if (model.contains("unk_id")) return std::string("Unigram");
  return std::string(model.contains("max_input_chars_per_word") ? "WordPiece" : "BPE");
}

Status ReadBpe(const Json& model, Vocabulary& v, TokensById& tokens) {
  if (!IsNull(model, "dropout") && model["dropout"] != 0.0) {
    return RefuseField("model.dropout", "must be null");
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!IsNull(model, key) && model[key] != "") {
      return RefuseField("model." + std::string(key), "must be null or empty");
    }
  }
  v.ignore_merges = Flag(model, "ignore_merges", false);
  if (IsNull(model, "vocab") || !model["vocab"].is_object()) {
    return RefuseField("model.vocab", "is not an object");
  }
  for (const auto& [token, id] : model["vocab"].items()) {
    PARVIS_RETURN_IF_ERROR(
        AddToken(id, token, "model.vocab[\"" + token.substr(0, 40) + "\"]", tokens));
  }
  if (IsNull(model, "merges") || !model["merges"].is_array()) {
    return RefuseField("model.merges", "is not an array");
  }
  return ReadMerges(model["merges"], v);
}

// Scores that put merges in the order of the list, for formats that know only scores.
void ScoreByMerges(Vocabulary& v) {
  std::unordered_map<std::string_view, size_t> first;
  std::vector<std::string> merged;
  merged.reserve(v.merges.size());
  for (const auto& [left, right] : v.merges) {
    merged.push_back(left + right);
    first.emplace(merged.back(), merged.size() - 1);
  }
  v.scores.assign(v.tokens.size(), 0.0f);
  for (size_t id = 0; id < v.tokens.size(); ++id) {
    const auto found = first.find(v.tokens[id]);
    if (found != first.end()) v.scores[id] = -static_cast<float>(found->second);
  }
}

// The model and what stands around it.
Status ReadParts(const Json& root, Vocabulary& v, TokensById& tokens) {
  if (IsNull(root, "model") || !root["model"].is_object()) {
    return RefuseField("model", "is missing");
  }
  const Json& model = root["model"];
  PARVIS_ASSIGN_OR_RETURN(const std::string type, TypeOf(model));
  if (type == "Unigram") {
    PARVIS_RETURN_IF_ERROR(ReadUnigramModel(model, tokens, v));
    PARVIS_RETURN_IF_ERROR(ReadAddedTokens(root, v, tokens));
    return ReadUnigram(root, v);
  }
  if (type == "WordPiece") {
    PARVIS_RETURN_IF_ERROR(ReadWordPieceModel(model, tokens, v));
    PARVIS_RETURN_IF_ERROR(ReadAddedTokens(root, v, tokens));
    return ReadWordPiece(root, v);
  }
  PARVIS_RETURN_IF_ERROR(ReadBpe(model, v, tokens));
  PARVIS_RETURN_IF_ERROR(ReadAddedTokens(root, v, tokens));
  const bool sentencepiece =
      IsNull(root, "pre_tokenizer") || IsType(root["pre_tokenizer"], "Metaspace");
  return sentencepiece ? ReadSentencePiece(root, tokens, v) : ReadByteLevel(root, tokens, v);
}

Result<Vocabulary> ReadVocabulary(std::string_view json, std::string_view config) {
  PARVIS_ASSIGN_OR_RETURN(const Json root, ParseJson(json));
  if (!root.is_object()) return DataLoss("is not a JSON object");
  Vocabulary v;
  TokensById tokens;
  PARVIS_RETURN_IF_ERROR(ReadParts(root, v, tokens));
  if (!IsNull(root, "post_processor")) {
    PARVIS_RETURN_IF_ERROR(ReadPostProcessor(root["post_processor"], tokens, v));
  }
  PARVIS_RETURN_IF_ERROR(ReadTokenizerConfig(config, v));
  PARVIS_RETURN_IF_ERROR(ListTokens(tokens, "model.vocab", v));
  if (v.model == "sentencepiece_bpe") ScoreByMerges(v);
  if (v.model == "unigram") v.scores.resize(v.tokens.size(), 0.0f);
  GuessSpecialTokens(v);
  return v;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> ReadTokenizerJson(std::string_view json,
                                                     std::string_view config) {
  Result<Vocabulary> vocabulary = ReadVocabulary(json, config);
  if (!vocabulary.ok()) return vocabulary.status().In("tokenizer.json");
  Result<std::unique_ptr<Tokenizer>> made = MakeTokenizer(std::move(*vocabulary));
  if (!made.ok()) return made.status().In("tokenizer.json");
  return made;
}

}  // namespace parvis::text
