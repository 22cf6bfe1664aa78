#ifndef PARVIS_NET_HUB_H_
#define PARVIS_NET_HUB_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "parvis/net/download.h"

// A hub of models as Hugging Face's, and the cache of what was fetched from it in the layout that
// its own programs use (models--ORG--NAME/{blobs,refs,snapshots}), so that both find the same
// files.
namespace parvis::net {

struct HubSettings {
  std::string endpoint;  // HF_ENDPOINT, else https://huggingface.co
  std::string cache;     // HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub
  std::string token;     // HF_TOKEN, else the file of `hf auth login`; may be empty
  bool offline = false;  // HF_HUB_OFFLINE
};
// From the environment. Refuses a token that is none.
Result<HubSettings> HubFromEnvironment();

struct HubName {
  std::string repository;  // "org/name"
  std::string revision = "main";
};
// "hf:org/name", "hf:org/name@v1". Refuses what is no such name.
Result<HubName> ParseHubName(const std::string& text);

struct HubFile {
  std::string path;  // within the repository
  int64_t bytes = 0;
  std::string sha256;    // of large files
  std::string git_blob;  // of the others
};
struct HubModel {
  HubName name;
  std::string commit;
  std::vector<HubFile> files;  // those that a model needs and no others
};
// Asks the hub what there is. Of several GGUF files `pattern` ("Q8_0", part of the name) chooses.
// Files that could run code (pickles) are never among them.
Result<HubModel> AskHub(const HubSettings& hub, const HubName& name, const std::string& pattern,
                        const DownloadSettings& settings);

// Fetches what is missing, verified; then, and only then, the model can be found. Returns the
// folder of its snapshot, or its one GGUF file.
Result<std::string> FetchModel(const HubSettings& hub, const HubModel& model,
                               const DownloadSettings& settings);

// A model of the cache that is whole.
struct CachedModel {
  std::string repository, path;  // a folder, or a GGUF file
};
std::vector<CachedModel> ListCache(const std::string& cache);
// The one of this name and revision ("main", a tag, a commit); nothing if it is not there.
std::optional<std::string> FindInCache(const std::string& cache, const HubName& name);

}  // namespace parvis::net

#endif  // PARVIS_NET_HUB_H_
