#include "parvis/formats/hf_tokenizer.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "parvis/core/file.h"
#include "parvis/core/json.h"
#include "parvis/formats/chat_files.h"

namespace parvis::formats {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxTokenizerConfigBytes = size_t{16} << 20;
constexpr char kFairseqModel[] = "sentencepiece.bpe.model";
constexpr size_t kMaxTokenizerBytes = size_t{64} << 20;

using Pointer = std::shared_ptr<const text::Tokenizer>;

std::string InFolder(const std::string& folder, const char* name) {
  return (fs::path(folder) / name).string();
}

bool Exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// The text of a file that may be missing: empty then.
Result<std::string> ReadIfThere(const std::string& path, size_t max_bytes) {
  if (!Exists(path)) return std::string();
  return ReadFile(path, max_bytes);
}

// A JSON object that may be missing: empty then.
Result<Json> ReadObject(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadIfThere(path, kMaxTokenizerConfigBytes));
  if (text.empty()) return Json::object();
  Result<Json> json = ParseJson(text);
  if (!json.ok()) return json.status().In(path);
  if (!json->is_object()) return DataLoss(path + ": not a JSON object");
  return json;
}

// special_tokens_map.json of older folders names special tokens where the config does not.
Status AddSpecialTokensMap(const std::string& folder, Json& config) {
  PARVIS_ASSIGN_OR_RETURN(const Json map, ReadObject(InFolder(folder, "special_tokens_map.json")));
  for (const auto& [key, value] : map.items()) {
    if (!config.contains(key) || config[key].is_null()) config[key] = value;
  }
  return {};
}

// Whether a token is one of those that the config names as special.
bool IsNamed(const Json& config, const std::string& token) {
  const auto is = [&](const Json& value) {
    return value == token || (value.is_object() && value.value("content", Json()) == token);
  };
  for (const auto& [key, value] : config.items()) {
    if (key.ends_with("_token") && is(value)) return true;
  }
  const Json more = config.value("additional_special_tokens", Json());
  return more.is_array() && std::any_of(more.begin(), more.end(), is);
}

// added_tokens.json of older folders, ids by token, becomes the list that newer ones have.
Status AddAddedTokens(const std::string& folder, Json& config) {
  const std::string path = InFolder(folder, "added_tokens.json");
  PARVIS_ASSIGN_OR_RETURN(const Json ids, ReadObject(path));
  if (ids.empty() || config.contains("added_tokens_decoder")) return {};
  Json decoder = Json::object();
  for (const auto& [token, id] : ids.items()) {
    if (!id.is_number_unsigned()) {
      return DataLoss(path + ": [\"" + token.substr(0, 40) + "\"]: is not a token id");
    }
    const bool special = IsNamed(config, token);
    decoder[std::to_string(id.get<uint64_t>())] = {
        {"content", token}, {"special", special}, {"normalized", !special}};
  }
  config["added_tokens_decoder"] = std::move(decoder);
  return {};
}

// Whose ids a sentencepiece.bpe.model has, if the config does not say: config.json's family does.
Status AddTokenizerClass(const std::string& folder, Json& config) {
  if (!Exists(InFolder(folder, kFairseqModel)) || config.contains("tokenizer_class")) return {};
  PARVIS_ASSIGN_OR_RETURN(const Json model, ReadObject(InFolder(folder, "config.json")));
  const Json family = model.value("model_type", Json());
  if (family == "camembert") config["tokenizer_class"] = "CamembertTokenizer";
  if (family == "xlm-roberta") config["tokenizer_class"] = "XLMRobertaTokenizer";
  return {};
}

// tokenizer_config.json, with what stands in files of their own in some folders put in.
Result<std::string> TokenizerConfig(const std::string& folder) {
  PARVIS_ASSIGN_OR_RETURN(Json config, ReadObject(InFolder(folder, "tokenizer_config.json")));
  PARVIS_RETURN_IF_ERROR(AddChatFiles(folder, config));
  PARVIS_RETURN_IF_ERROR(AddSpecialTokensMap(folder, config));
  PARVIS_RETURN_IF_ERROR(AddAddedTokens(folder, config));
  PARVIS_RETURN_IF_ERROR(AddTokenizerClass(folder, config));
  if (config.empty()) return std::string();
  return config.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Others than these two have such a file, with ids of their own (mBART, NLLB).
bool HasFairseqIds(const std::string& config) {
  const auto json = ParseJson(config);
  if (!json.ok() || !json->is_object()) return false;
  const Json named = json->value("tokenizer_class", Json());
  if (!named.is_string()) return false;
  const auto& name = named.get_ref<const std::string&>();
  return name.starts_with("XLMRobertaTokenizer") || name.starts_with("CamembertTokenizer");
}

Result<Pointer> ReadPair(const std::string& folder, const std::string& config) {
  PARVIS_ASSIGN_OR_RETURN(const std::string vocab,
                          ReadFile(InFolder(folder, "vocab.json"), kMaxTokenizerBytes));
  PARVIS_ASSIGN_OR_RETURN(const std::string merges,
                          ReadFile(InFolder(folder, "merges.txt"), kMaxTokenizerBytes));
  auto made = text::ReadVocabAndMerges(vocab, merges, config);
  if (!made.ok()) return made.status().In(folder);
  return Pointer(std::move(made).value());
}

}  // namespace

Result<Pointer> ReadTokenizerFile(const std::string& path) {
  const fs::path name(path);
  const bool json = name.extension() == ".json";
  const bool model = name.extension() == ".model" || name.extension() == ".spm";
  const bool list = name.extension() == ".txt";
  if (!json && !model && !list) return Pointer();
  PARVIS_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kMaxTokenizerBytes));
  PARVIS_ASSIGN_OR_RETURN(const std::string config, TokenizerConfig(name.parent_path().string()));
  if (name.filename() == kFairseqModel && !HasFairseqIds(config)) {
    return Unimplemented(path +
                         ": is read for XLM-RoBERTa and CamemBERT only; neither tokenizer_class "
                         "nor config.json says that it is one");
  }
  auto made = json    ? text::ReadTokenizerJson(bytes, config)
              : model ? text::ReadSentencePieceModel(bytes, config)
                      : text::ReadVocabTxt(bytes, config);
  if (!made.ok()) return made.status().In(path);
  return Pointer(std::move(made).value());
}

Result<Pointer> ReadHfTokenizer(const std::string& folder) {
  for (const char* name : {"tokenizer.json", "spiece.model", "tokenizer.model", kFairseqModel}) {
    if (Exists(InFolder(folder, name))) return ReadTokenizerFile(InFolder(folder, name));
  }
  if (Exists(InFolder(folder, "vocab.json")) && Exists(InFolder(folder, "merges.txt"))) {
    PARVIS_ASSIGN_OR_RETURN(const std::string config, TokenizerConfig(folder));
    return ReadPair(folder, config);
  }
  const std::string list = InFolder(folder, "vocab.txt");
  return Exists(list) ? ReadTokenizerFile(list) : Pointer();
}

Status WriteHfTokenizer(const std::string& folder, const text::Tokenizer& tokenizer) {
  const text::Vocabulary& v = tokenizer.vocabulary();
  PARVIS_RETURN_IF_ERROR(
      WriteFileAtomically(InFolder(folder, "tokenizer.json"), WriteTokenizerJson(tokenizer)));
  PARVIS_RETURN_IF_ERROR(WriteFileAtomically(InFolder(folder, "tokenizer_config.json"),
                                             WriteTokenizerConfigJson(tokenizer)));
  OrderedJson generation = OrderedJson::object();
  const auto add = [&](const char* key, const std::optional<text::TokenId>& id) {
    if (id.has_value()) generation[key] = *id;
  };
  add("bos_token_id", v.bos);
  add("eos_token_id", v.eos);
  add("pad_token_id", v.padding);
  if (v.eos && !v.end_tokens.empty()) {
    generation["eos_token_id"] = Json::array({*v.eos});
    for (const text::TokenId id : v.end_tokens) generation["eos_token_id"].push_back(id);
  }
  const auto dump = [](const OrderedJson& json) {
    return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
  };
  return WriteFileAtomically(InFolder(folder, "generation_config.json"), dump(generation));
}

}  // namespace parvis::formats
