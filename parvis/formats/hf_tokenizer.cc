#include "parvis/formats/hf_tokenizer.h"

#include <filesystem>
#include <utility>

#include "parvis/core/file.h"
#include "parvis/core/json.h"

namespace parvis::formats {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxTokenizerConfigBytes = size_t{16} << 20;
constexpr size_t kMaxTokenizerBytes = size_t{64} << 20;
constexpr size_t kMaxTemplateBytes = size_t{1} << 20;

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

// tokenizer_config.json, with the template of chat_template.jinja put in where newer folders keep
// it apart.
Result<std::string> TokenizerConfig(const std::string& folder) {
  const std::string path = InFolder(folder, "tokenizer_config.json");
  PARVIS_ASSIGN_OR_RETURN(std::string config, ReadIfThere(path, kMaxTokenizerConfigBytes));
  PARVIS_ASSIGN_OR_RETURN(const std::string chat_template,
                          ReadIfThere(InFolder(folder, "chat_template.jinja"), kMaxTemplateBytes));
  if (chat_template.empty()) return config;
  Result<Json> json = config.empty() ? Json::object() : ParseJson(config);
  if (!json.ok()) return json.status().In(path);
  if (!json->is_object()) return DataLoss(path + ": not a JSON object");
  (*json)["chat_template"] = chat_template;
  return json->dump(-1, ' ', false, Json::error_handler_t::replace);
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
  auto made = json    ? text::ReadTokenizerJson(bytes, config)
              : model ? text::ReadSentencePieceModel(bytes, config)
                      : text::ReadVocabTxt(bytes, config);
  if (!made.ok()) return made.status().In(path);
  return Pointer(std::move(made).value());
}

Result<Pointer> ReadHfTokenizer(const std::string& folder) {
  for (const char* name : {"tokenizer.json", "spiece.model", "tokenizer.model"}) {
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
  OrderedJson config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                        {"clean_up_tokenization_spaces", false}};
  OrderedJson generation = OrderedJson::object();
  const auto add = [&](const std::string& key, const std::optional<text::TokenId>& id) {
    if (!id.has_value()) return;
    config[key] = v.tokens[*id];
    if (key != "unk_token") generation[key + "_id"] = *id;
  };
  add("bos_token", v.bos);
  add("eos_token", v.eos);
  add("pad_token", v.padding);
  add("unk_token", v.unknown);
  if (!v.chat_template.empty()) config["chat_template"] = v.chat_template;
  const auto dump = [](const OrderedJson& json) {
    return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
  };
  PARVIS_RETURN_IF_ERROR(
      WriteFileAtomically(InFolder(folder, "tokenizer_config.json"), dump(config)));
  return WriteFileAtomically(InFolder(folder, "generation_config.json"), dump(generation));
}

}  // namespace parvis::formats
