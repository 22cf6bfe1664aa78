#include "parvis/net/hub.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "parvis/core/file.h"
#include "parvis/core/json.h"

namespace parvis::net {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFiles = 10'000;
constexpr size_t kMaxToken = 4096;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string Trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.pop_back();
  }
  return text;
}

bool IsNameText(std::string_view text) {
  return !text.empty() && text.size() <= 96 && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

bool IsHex(std::string_view text, size_t size) {
  return text.size() == size && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// A path that stays within its folder, wherever it is joined to.
bool IsSafePath(const std::string& path) {
  if (path.empty() || path.size() > 512 || path.front() == '/' || path.back() == '/') return false;
  for (const unsigned char c : path) {
    if (c < 0x20 || c == '\\' || c == 0x7f) return false;
  }
  for (const fs::path& part : fs::path(path)) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

// What a URL may hold as it is; the rest in hexadecimal.
std::string Quoted(const std::string& path) {
  std::string text;
  for (const unsigned char c : path) {
    const bool plain = std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '/';
    text += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  }
  return text;
}

std::string FolderOf(const std::string& cache, const std::string& repository) {
  std::string name = repository;
  const size_t slash = name.find('/');
  if (slash != std::string::npos) name.replace(slash, 1, "--");
  return cache + "/models--" + name;
}

// Files of a model beside its weights: what Parvis reads, and what people should.
bool IsWanted(const std::string& path) {
  static constexpr const char* kNames[] = {"config.json",
                                           "generation_config.json",
                                           "tokenizer.json",
                                           "tokenizer.model",
                                           "tokenizer_config.json",
                                           "special_tokens_map.json",
                                           "added_tokens.json",
                                           "vocab.txt",
                                           "vocab.json",
                                           "merges.txt",
                                           "spiece.model",
                                           "chat_template.jinja",
                                           "chat_template.json",
                                           "modules.json",
                                           "sentence_bert_config.json",
                                           "README.md",
                                           "LICENSE",
                                           "LICENSE.txt",
                                           "LICENSE.md",
                                           "1_Pooling/config.json",
                                           "adapter_config.json",
                                           "config_sentence_transformers.json",
                                           "sentencepiece.bpe.model"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&path](const char* name) { return path == name; });
}

bool IsTop(const std::string& path) { return path.find('/') == std::string::npos; }

// "model.safetensors", its shards and their index, an adapter's; no second copy under another name.
bool IsSafetensors(const std::string& path) {
  return IsTop(path) && (path.starts_with("model") || path.starts_with("adapter_model")) &&
         (path.ends_with(".safetensors") || path.ends_with(".safetensors.index.json"));
}

bool Contains(std::string text, std::string part) {
  const auto lower = [](std::string& s) {
    for (char& c : s) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  };
  lower(text);
  lower(part);
  return text.find(part) != std::string::npos;
}

Result<std::vector<HubFile>> Choose(std::vector<HubFile> all, const std::string& repository,
                                    const std::string& pattern) {
  std::vector<HubFile> weights, others, gguf;
  for (HubFile& file : all) {
    if (IsSafetensors(file.path)) {
      weights.push_back(std::move(file));
    } else if (file.path.ends_with(".gguf") && IsTop(file.path)) {
      gguf.push_back(std::move(file));
    } else if (IsWanted(file.path)) {
      others.push_back(std::move(file));
    }
  }
  if (!weights.empty() && pattern.empty()) {
    weights.insert(weights.end(), std::make_move_iterator(others.begin()),
                   std::make_move_iterator(others.end()));
    return weights;
  }
  if (gguf.empty()) {
    return NotFound(repository +
                    ": has no weights as safetensors or GGUF; pickles (.bin, .pt) can "
                    "run code and are not read");
  }
  std::vector<HubFile> fitting;
  std::string names;
  for (HubFile& file : gguf) {
    names += (names.empty() ? "" : ", ") + file.path;
    if (pattern.empty() || Contains(file.path, pattern)) fitting.push_back(std::move(file));
  }
  if (fitting.size() == 1) return fitting;
  return InvalidArgument(repository + ": --file must name one of: " + names);
}

Result<HubFile> ReadSibling(const Json& json, const std::string& repository) {
  const auto wrong = [&repository](const std::string& what) {
    return DataLoss(repository + ": the hub's list of files: " + what);
  };
  if (!json.is_object() || !json.contains("rfilename") || !json["rfilename"].is_string()) {
    return wrong("a file without a name");
  }
  HubFile file{.path = json["rfilename"].get<std::string>()};
  if (!IsSafePath(file.path)) return wrong("a name that leads elsewhere");
  const auto size = json.find("size");
  if (size == json.end() || !size->is_number_unsigned()) return wrong(file.path + ": no size");
  file.bytes = size->get<int64_t>();
  if (const auto lfs = json.find("lfs"); lfs != json.end() && lfs->is_object()) {
    const auto digest = lfs->find("sha256");
    if (digest == lfs->end() || !digest->is_string() || !IsHex(digest->get<std::string>(), 64)) {
      return wrong(file.path + ": no SHA-256");
    }
    file.sha256 = digest->get<std::string>();
    return file;
  }
  const auto blob = json.find("blobId");
  if (blob == json.end() || !blob->is_string() || !IsHex(blob->get<std::string>(), 40)) {
    return wrong(file.path + ": neither SHA-256 nor git's name");
  }
  file.git_blob = blob->get<std::string>();
  return file;
}

std::string BlobName(const HubFile& file) {
  return file.sha256.empty() ? file.git_blob : file.sha256;
}

// A link that is there whole from its first moment on.
Status LinkAnew(const fs::path& target, const fs::path& link) {
  std::error_code error;
  fs::create_directories(link.parent_path(), error);
  if (error) return IoError(link.parent_path().string() + ": " + error.message());
  if (fs::is_symlink(link, error) && fs::read_symlink(link, error) == target) return {};
  const fs::path fresh = link.string() + ".new";
  fs::remove(fresh, error);
  fs::create_symlink(target, fresh, error);
  if (!error) fs::rename(fresh, link, error);
  if (error) return IoError(link.string() + ": " + error.message());
  return {};
}

// The model that a snapshot is, or empty: weights and all that its links lead to must be there.
std::string ModelOfSnapshot(const fs::path& snapshot) {
  std::error_code error;
  std::string gguf;
  bool weights = false;
  for (fs::directory_iterator it(snapshot, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (!fs::exists(it->path(), ignored)) return {};  // a link to a blob that is not there
    const std::string name = it->path().filename();
    if (name.ends_with(".safetensors")) weights = true;
    if (name.ends_with(".gguf") && (gguf.empty() || it->path() < gguf)) gguf = it->path();
  }
  std::error_code ignored;
  if (weights && fs::exists(snapshot / "config.json", ignored)) return snapshot;
  return gguf;
}

}  // namespace

Result<HubSettings> HubFromEnvironment() {
  HubSettings hub{.endpoint = Environment("HF_ENDPOINT")};
  if (hub.endpoint.empty()) hub.endpoint = "https://huggingface.co";
  while (hub.endpoint.ends_with('/')) hub.endpoint.pop_back();
  std::string home = Environment("HF_HOME");
  if (home.empty()) {
    const std::string cache = Environment("XDG_CACHE_HOME");
    home = (cache.empty() ? Environment("HOME") + "/.cache" : cache) + "/huggingface";
  }
  hub.cache = Environment("HF_HUB_CACHE");
  if (hub.cache.empty()) hub.cache = Environment("HUGGINGFACE_HUB_CACHE");
  if (hub.cache.empty()) hub.cache = home + "/hub";
  hub.token = Environment("HF_TOKEN");
  if (hub.token.empty()) {
    const std::string path = Environment("HF_TOKEN_PATH");
    const auto file = ReadFile(path.empty() ? home + "/token" : path, kMaxToken);
    if (file.ok()) hub.token = Trimmed(*file);
  }
  for (const unsigned char c : hub.token) {
    if (c <= 0x20 || c >= 0x7f) return InvalidArgument("HF_TOKEN: not a token");
  }
  const std::string offline = Environment("HF_HUB_OFFLINE");
  hub.offline = offline == "1" || Contains(offline, "true") || Contains(offline, "yes");
  return hub;
}

Result<HubName> ParseHubName(const std::string& text) {
  std::string name = text.starts_with("hf:") ? text.substr(3) : text;
  HubName parsed;
  if (const size_t at = name.find('@'); at != std::string::npos) {
    parsed.revision = name.substr(at + 1);
    name.resize(at);
  }
  const size_t slash = name.find('/');
  const bool good = slash == std::string::npos
                        ? IsNameText(name)
                        : IsNameText(name.substr(0, slash)) && IsNameText(name.substr(slash + 1));
  if (!good || !IsSafePath(parsed.revision)) {
    return InvalidArgument(text + ": must be hf:ORG/NAME or hf:ORG/NAME@REVISION");
  }
  parsed.repository = name;
  return parsed;
}

Result<HubModel> AskHub(const HubSettings& hub, const HubName& name, const std::string& pattern,
                        const DownloadSettings& settings) {
  if (hub.offline) return Status(StatusCode::kUnavailable, "HF_HUB_OFFLINE forbids asking the hub");
  const std::string url = fmt::format("{}/api/models/{}/revision/{}?blobs=true", hub.endpoint,
                                      Quoted(name.repository), Quoted(name.revision));
  DownloadSettings with_token = settings;
  with_token.token = hub.token;
  PARVIS_ASSIGN_OR_RETURN(const std::string text, DownloadText(url, with_token));
  auto parsed = ParseJson(text);
  if (!parsed.ok()) return parsed.status().In(name.repository + ": the hub's answer");
  const Json& json = *parsed;
  const auto wrong = DataLoss(name.repository + ": the hub's answer is not about a model");
  if (!json.is_object() || !json.contains("sha") || !json["sha"].is_string() ||
      !json.contains("siblings") || !json["siblings"].is_array()) {
    return wrong;
  }
  HubModel model{.name = name, .commit = json["sha"].get<std::string>()};
  if (!IsHex(model.commit, 40) || json["siblings"].size() > kMaxFiles) return wrong;
  std::vector<HubFile> files;
  for (const Json& sibling : json["siblings"]) {
    PARVIS_ASSIGN_OR_RETURN(HubFile file, ReadSibling(sibling, name.repository));
    files.push_back(std::move(file));
  }
  PARVIS_ASSIGN_OR_RETURN(model.files, Choose(std::move(files), name.repository, pattern));
  return model;
}

Result<std::string> FetchModel(const HubSettings& hub, const HubModel& model,
                               const DownloadSettings& settings) {
  const fs::path folder = FolderOf(hub.cache, model.name.repository);
  std::error_code error;
  fs::create_directories(folder / "blobs", error);
  if (!error) fs::create_directories(folder / "refs", error);
  if (error) return IoError(folder.string() + ": " + error.message());
  DownloadSettings with_token = settings;
  with_token.token = hub.token;
  int64_t before = 0;
  if (settings.progress) {
    with_token.progress = [&](int64_t bytes) { settings.progress(before + bytes); };
  }
  for (const HubFile& file : model.files) {
    const fs::path blob = folder / "blobs" / BlobName(file);
    if (!fs::exists(blob, error)) {
      Download wanted{
          .url = fmt::format("{}/{}/resolve/{}/{}", hub.endpoint, Quoted(model.name.repository),
                             model.commit, Quoted(file.path)),
          .path = blob,
          .bytes = file.bytes,
          .sha256 = file.sha256,
          .git_blob = file.git_blob};
      PARVIS_RETURN_IF_ERROR(DownloadFile(wanted, with_token));
    }
    before += file.bytes;
    if (settings.progress) settings.progress(before);
  }
  const fs::path snapshot = folder / "snapshots" / model.commit;
  for (const HubFile& file : model.files) {
    fs::path up;
    for (const fs::path& part : fs::path(file.path).parent_path()) {
      (void)part;
      up /= "..";
    }
    PARVIS_RETURN_IF_ERROR(
        LinkAnew(up / ".." / ".." / "blobs" / BlobName(file), snapshot / file.path));
  }
  if (model.name.revision != model.commit) {
    const fs::path ref = folder / "refs" / model.name.revision;
    fs::create_directories(ref.parent_path(), error);
    PARVIS_RETURN_IF_ERROR(WriteFileAtomically(ref, model.commit));
  }
  // Of several GGUF files of one commit the one that was asked for.
  if (model.files.size() == 1) return (snapshot / model.files[0].path).string();
  return snapshot.string();
}

std::vector<CachedModel> ListCache(const std::string& cache) {
  std::vector<CachedModel> models;
  std::error_code error;
  for (fs::directory_iterator it(cache, error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename();
    if (!name.starts_with("models--")) continue;
    name.erase(0, 8);
    if (const size_t dashes = name.find("--"); dashes != std::string::npos) {
      name.replace(dashes, 2, "/");
    }
    const auto path = FindInCache(cache, {name});
    if (path) models.push_back({std::move(name), *path});
  }
  std::sort(models.begin(), models.end(),
            [](const auto& a, const auto& b) { return a.repository < b.repository; });
  return models;
}

std::optional<std::string> FindInCache(const std::string& cache, const HubName& name) {
  const fs::path folder = FolderOf(cache, name.repository);
  std::string commit = name.revision;
  if (const auto ref = ReadFile(folder / "refs" / name.revision, 4096); ref.ok()) {
    commit = Trimmed(*ref);
  }
  if (!IsHex(commit, 40)) return std::nullopt;
  std::string model = ModelOfSnapshot(folder / "snapshots" / commit);
  if (model.empty()) return std::nullopt;
  return model;
}

}  // namespace parvis::net
