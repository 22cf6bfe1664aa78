// parvis secret …: secrets of the configuration, encrypted under a master key.

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/input.h"
#include "parvis/core/file.h"
#include "parvis/governance/sealing.h"

namespace parvis::cli {
namespace {

using governance::MasterKeys;

constexpr size_t kMaxFile = size_t{1} << 20, kMaxSecret = 4096;

// --master-key: where the key is.
void AddMasterFlag(FlagSet& flags, std::string& path) {
  flags.Add("--master-key", &path,
            "File of the master key (default: parvis.master of systemd's credentials)");
}

Result<MasterKeys> ReadKeys(const std::string& given) {
  const std::string path = given.empty() ? MasterKeys::CredentialPath() : given;
  if (path.empty()) return InvalidArgument("--master-key: which file is it in?");
  return MasterKeys::Read(path);
}

std::function<Status()> DefineMake(FlagSet& flags, Console& console) {
  auto path = std::make_shared<std::string>();
  flags.Add("--file,file", path.get(), "Made, or given one more key that comes first",
            {.required = true});
  return [path, &console]() -> Status {
    PARVIS_RETURN_IF_ERROR(MasterKeys::AddNew(*path));
    console.Note(*path + ": keep it where the configuration and its backups are not.");
    return {};
  };
}

struct SealOptions {
  std::string name, master;
};

std::function<Status()> DefineSeal(FlagSet& flags, Console& console) {
  auto o = std::make_shared<SealOptions>();
  flags.Add("--name,name", &o->name, "What it is the secret of: upstream.NAME", {.required = true});
  AddMasterFlag(flags, o->master);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const MasterKeys keys, ReadKeys(o->master));
    PARVIS_ASSIGN_OR_RETURN(std::string secret, ReadStdin(kMaxSecret));
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
    PARVIS_ASSIGN_OR_RETURN(const std::string sealed, keys.Seal(o->name, secret));
    console.Print(sealed + "\n");
    return {};
  };
}

struct RotateOptions {
  std::vector<std::string> files;
  std::string master;
};

// In the place of what there is, with its rights.
Status Rewrite(const std::string& file, const std::string& text) {
  struct stat info = {};
  if (stat(file.c_str(), &info) != 0) return IoError(file + ": " + std::strerror(errno));
  const mode_t mask = umask(~info.st_mode & 0777);
  const Status written = WriteFileAtomically(file, text);
  umask(mask);
  return written;
}

std::function<Status()> DefineRotate(FlagSet& flags, Console& console) {
  auto o = std::make_shared<RotateOptions>();
  flags.Add("--file,file", &o->files,
            "Files with sealed secrets in them, sealed anew under the first key",
            {.required = true});
  AddMasterFlag(flags, o->master);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const MasterKeys keys, ReadKeys(o->master));
    // Nothing is written before all of them could be.
    std::vector<std::string> texts;
    int all = 0;
    for (const std::string& file : o->files) {
      PARVIS_ASSIGN_OR_RETURN(const std::string before, ReadFile(file, kMaxFile));
      int count = 0;
      auto text = keys.Reseal(before, &count);
      if (!text.ok()) return text.status().In(file);
      if (count == 0) return InvalidArgument(file + ": has no sealed secret");
      texts.push_back(*std::move(text));
      all += count;
    }
    for (size_t i = 0; i < texts.size(); ++i) {
      PARVIS_RETURN_IF_ERROR(Rewrite(o->files[i], texts[i]));
    }
    console.Note(fmt::format("{} secrets are sealed anew. A server takes them at SIGHUP.", all));
    return {};
  };
}

}  // namespace

const Command kSecretMake = {"secret make",
                             "Make a master key, or a new one before those there are",
                             "parvis secret make /etc/parvis/parvis.master", &DefineMake};
const Command kSecretSeal = {
    "secret seal", "Seal a secret that stands on stdin, for one place",
    "parvis secret seal upstream.mistral --master-key /etc/parvis/parvis.master < key",
    &DefineSeal};
const Command kSecretRotate = {
    "secret rotate", "Seal the secrets of files anew, under the first master key",
    "parvis secret rotate config.toml --master-key /etc/parvis/parvis.master", &DefineRotate};

}  // namespace parvis::cli
