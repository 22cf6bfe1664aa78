// parvis pull: a model from a hub, an address or a folder, to where it is found by name. It is
// there whole and verified, or not at all.

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "parvis/cli/command.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/model_store.h"
#include "parvis/cli/model_summary.h"
#include "parvis/cli/progress.h"
#include "parvis/net/http_client.h"
#include "parvis/net/hub.h"

namespace parvis::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string model, file, name, sha256;
};

struct Pulled {
  std::string name, path;
};

net::DownloadSettings SettingsOf(Progress& progress) {
  net::DownloadSettings settings;
  settings.progress = [&progress](int64_t bytes) { progress.Update(bytes); };
  settings.stopped = [] { return Interrupted(); };
  return settings;
}

Result<Pulled> PullFromHub(const Options& options, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const net::HubSettings hub, net::HubFromEnvironment());
  PARVIS_ASSIGN_OR_RETURN(const net::HubName name, net::ParseHubName(options.model));
  net::DownloadSettings asking;
  asking.stopped = [] { return Interrupted(); };
  PARVIS_ASSIGN_OR_RETURN(const net::HubModel model, net::AskHub(hub, name, options.file, asking));
  int64_t total = 0;
  for (const net::HubFile& file : model.files) total += file.bytes;
  Progress progress("pull", total, "bytes", !console.quiet && !console.json);
  PARVIS_ASSIGN_OR_RETURN(const std::string path,
                          net::FetchModel(hub, model, SettingsOf(progress)));
  return Pulled{name.repository, path};
}

Result<Pulled> PullFromUrl(const Options& options, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const net::Url url, net::ParseUrl(options.model));
  const fs::path file = fs::path(url.path).filename();
  if (file.extension() != ".gguf") {
    return InvalidArgument("an address must lead to a .gguf file; folders come from a hub");
  }
  const std::string name = options.name.empty() ? file.stem().string() : options.name;
  if (!IsModelName(name)) return InvalidArgument("--name: '" + name + "' is no name for a model");
  const fs::path folder = fs::path(OwnModelFolder()) / ".pulls";
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return IoError(folder.string() + ": " + error.message());
  const fs::path target = fs::path(OwnModelFolder()) / (name + ".gguf");
  if (fs::exists(target, error)) return InvalidArgument("there is a model '" + name + "' already");
  Progress progress("pull", 0, "bytes", !console.quiet && !console.json);
  const fs::path half = folder / (name + ".gguf");
  PARVIS_RETURN_IF_ERROR(net::DownloadFile(
      {.url = options.model, .path = half, .sha256 = options.sha256}, SettingsOf(progress)));
  const Status readable = OpenModel(half).status();  // what cannot be read is no model
  if (readable.ok()) fs::rename(half, target, error);
  std::error_code ignored;
  fs::remove(half, ignored);
  PARVIS_RETURN_IF_ERROR(readable);
  if (error) return IoError(target.string() + ": " + error.message());
  return Pulled{name, target};
}

Result<Pulled> PullFromDisk(const Options& options) {
  fs::path whole = fs::absolute(options.model).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  std::string name = options.name;
  if (name.empty()) name = whole.extension() == ".gguf" ? whole.stem() : whole.filename();
  PARVIS_RETURN_IF_ERROR(CopyModel(options.model, name));
  return Pulled{name, OwnModelFolder() + "/" + name};
}

Status Pull(const Options& options, Console& console) {
  CatchInterrupts();
  std::error_code error;
  auto pulled = [&]() -> Result<Pulled> {
    if (options.model.starts_with("hf:")) return PullFromHub(options, console);
    if (options.model.starts_with("http://") || options.model.starts_with("https://")) {
      return PullFromUrl(options, console);
    }
    if (fs::exists(options.model, error)) return PullFromDisk(options);
    return NotFound(options.model + ": neither hf:ORG/NAME, nor an address, nor a file or folder");
  }();
  if (!pulled.ok()) return pulled.status();
  if (console.json) {
    OrderedJson document = Console::Document("pull");
    document["name"] = pulled->name;
    document["path"] = pulled->path;
    console.PrintJson(document);
  } else {
    console.Note(fmt::format("'{}' is in {}.", pulled->name, pulled->path));
  }
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  flags.Add("-m,--model,model", &options->model,
            "hf:ORG/NAME[@REVISION], the address of a GGUF file, or a file or folder",
            {.required = true});
  flags.Add("--file", &options->file, "Of several GGUF files of a hub: part of the one's name");
  flags.Add("--name", &options->name, "What it is to be called (not those of a hub)");
  flags.Add("--sha256", &options->sha256, "What the file at an address must have");
  return [options, &console] { return Pull(*options, console); };
}

}  // namespace

const Command kPull = {"pull", "Fetch a model from a hub, an address or a folder",
                       "parvis pull hf:ORG/NAME", &Define};

}  // namespace parvis::cli
