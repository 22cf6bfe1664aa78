#include "parvis/formats/sentence_transformers.h"

#include <filesystem>
#include <string_view>
#include <utility>

#include "parvis/core/file.h"

namespace parvis::formats {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr char kPoolingFile[] = "1_Pooling/config.json", kModulesFile[] = "modules.json";

constexpr std::pair<std::string_view, std::string_view> kModes[] = {
    {"pooling_mode_mean_tokens", "mean"},
    {"pooling_mode_cls_token", "cls"},
    {"pooling_mode_lasttoken", "last"}};

std::string InFolder(const std::string& folder, const char* name) {
  return (fs::path(folder) / name).string();
}

// Null where the file is not there.
Result<Json> ReadJsonIfThere(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return Json();
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxBytes));
  Result<Json> json = ParseJson(text);
  if (!json.ok()) return json.status().In(path);
  return json;
}

void Join(std::string& all, std::string_view one) {
  if (!all.empty()) all += " + ";
  all += one;
}

// The modes that are switched on; several are put side by side by sentence-transformers.
std::string ModesIn(const Json& pooling) {
  if (const auto mode = pooling.find("pooling_mode"); mode != pooling.end() && mode->is_string()) {
    const auto text = mode->get<std::string>();
    return text == "lasttoken" ? "last" : text;
  }
  std::string all;
  for (const auto& [key, on] : pooling.items()) {
    if (!key.starts_with("pooling_mode") || on != Json(true)) continue;
    std::string_view name = key;
    for (const auto& [known, ours] : kModes) {
      if (key == known) name = ours;
    }
    Join(all, name);
  }
  return all.empty() ? "none" : all;
}

}  // namespace

Result<SentencePooling> ReadSentencePooling(const std::string& folder) {
  PARVIS_ASSIGN_OR_RETURN(const Json pooling, ReadJsonIfThere(InFolder(folder, kPoolingFile)));
  PARVIS_ASSIGN_OR_RETURN(const Json modules, ReadJsonIfThere(InFolder(folder, kModulesFile)));
  SentencePooling result;
  if (pooling.is_null()) return result;
  if (!pooling.is_object()) return DataLoss(InFolder(folder, kPoolingFile) + ": not an object");
  result.pooling = ModesIn(pooling);
  if (!modules.is_array()) return result;
  for (const Json& module : modules) {
    if (!module.is_object() || !module.contains("type") || !module["type"].is_string()) continue;
    const auto type = module["type"].get<std::string>();  // "sentence_transformers.models.Pooling"
    const std::string name = type.substr(type.rfind('.') + 1);
    if (name == "Normalize") {
      result.normalize = true;
    } else if (name != "Transformer" && name != "Pooling") {
      Join(result.pooling, name);
    }
  }
  return result;
}

Status WriteSentencePooling(const std::string& folder, const SentencePooling& pooling,
                            int64_t hidden_size) {
  OrderedJson modes = {{"word_embedding_dimension", hidden_size}};
  for (const auto& [key, name] : kModes) modes[std::string(key)] = name == pooling.pooling;
  OrderedJson modules = OrderedJson::array();
  const auto add = [&](const char* name, const char* path) {
    const size_t index = modules.size();
    modules.push_back({{"idx", index},
                       {"name", std::to_string(index)},
                       {"path", path},
                       {"type", std::string("sentence_transformers.models.") + name}});
  };
  add("Transformer", "");
  add("Pooling", "1_Pooling");
  if (pooling.normalize) add("Normalize", "2_Normalize");
  std::error_code error;
  fs::create_directories(fs::path(folder) / "1_Pooling", error);
  if (error) return IoError("cannot create a folder in " + folder + ": " + error.message());
  PARVIS_RETURN_IF_ERROR(WriteFileAtomically(InFolder(folder, kPoolingFile), modes.dump(2) + "\n"));
  return WriteFileAtomically(InFolder(folder, kModulesFile), modules.dump(2) + "\n");
}

}  // namespace parvis::formats
