#include "parvis/formats/chat_files.h"

#include <filesystem>
#include <map>

#include "parvis/core/file.h"

namespace parvis::formats {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxTemplateBytes = size_t{1} << 20;
constexpr size_t kMaxConfigBytes = size_t{1} << 20;
constexpr size_t kMaxTemplates = 64;

// The text of a file that may be missing: empty then.
Result<std::string> ReadIfThere(const fs::path& path, size_t max_bytes) {
  std::error_code error;
  if (!fs::exists(path, error)) return std::string();
  return ReadFile(path.string(), max_bytes);
}

// By name, in the order of their names.
Result<std::map<std::string, std::string>> ReadAdditional(const fs::path& folder) {
  std::map<std::string, std::string> templates;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".jinja") continue;
    if (templates.size() == kMaxTemplates) {
      return DataLoss(folder.string() + ": more than 64 templates");
    }
    PARVIS_ASSIGN_OR_RETURN(templates[entry.path().stem().string()],
                            ReadFile(entry.path().string(), kMaxTemplateBytes));
  }
  return templates;
}

}  // namespace

Status AddChatFiles(const std::string& folder, Json& config) {
  const fs::path base = folder;
  PARVIS_ASSIGN_OR_RETURN(const std::string usual,
                          ReadIfThere(base / "chat_template.jinja", kMaxTemplateBytes));
  PARVIS_ASSIGN_OR_RETURN(const auto additional,
                          ReadAdditional(base / "additional_chat_templates"));
  if (!usual.empty()) config["chat_template"] = usual;
  if (!additional.empty()) {
    Json list = Json::array();
    const Json own = config.value("chat_template", Json());
    if (own.is_string()) list.push_back({{"name", "default"}, {"template", own}});
    if (own.is_array()) list = own;
    for (const auto& [name, text] : additional)
      list.push_back({{"name", name}, {"template", text}});
    config["chat_template"] = std::move(list);
  }
  const fs::path generation = base / "generation_config.json";
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadIfThere(generation, kMaxConfigBytes));
  if (text.empty()) return {};
  const Result<Json> json = ParseJson(text);
  if (!json.ok()) return json.status().In(generation.string());
  const Json ends = json->is_object() ? json->value("eos_token_id", Json()) : Json();
  if (ends.is_array()) config["end_token_ids"] = ends;
  if (ends.is_number_unsigned()) config["end_token_ids"] = Json::array({ends});
  return {};
}

}  // namespace parvis::formats
