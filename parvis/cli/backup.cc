// parvis backup and restore: all that a server keeps, in one file.

#include "parvis/service/backup.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/model_path.h"
#include "parvis/cli/store_folder.h"
#include "parvis/cli/version.h"
#include "parvis/core/utc.h"
#include "parvis/store/database.h"

namespace parvis::cli {
namespace {

struct Options {
  StoreFlags store;
  std::string file;
  bool force = false;
};

struct RestoreOptions {
  std::string file, data;
  bool force = false;
};

// A folder that is ours, or not there yet: what we would leave in somebody else's, its server could
// not read.
Result<std::string> FolderFor(const std::string& data) {
  const std::string folder = data.empty() ? HomeFolder() : data;
  struct stat info = {};
  if (stat(folder.c_str(), &info) == 0 && info.st_uid != geteuid()) {
    return Status(StatusCode::kPermissionDenied,
                  folder + ": belongs to another user; run this as that one (sudo -u …)");
  }
  return folder;
}

void Told(const char* command, const char* done, const std::string& file,
          const service::BackupFacts& facts, Console& console) {
  if (console.json) {
    OrderedJson document = Console::Document(command);
    document["backup"] = service::JsonOf(facts);
    return console.PrintJson(document);
  }
  int64_t rows = 0;
  for (const auto& [table, count] : facts.database.rows) rows += count;
  console.Note(fmt::format("{}: {}, {} rows in {} tables and {} files, of {}.", file, done, rows,
                           facts.database.rows.size(), facts.files, UtcSeconds(facts.created_ms)));
}

std::function<Status()> DefineBackup(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("--file,file", &o->file, "Where to", {.required = true});
  flags.Add("--force", &o->force, "Overwrite it");
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_RETURN_IF_ERROR(o->store.Open().status());
    PARVIS_ASSIGN_OR_RETURN(const std::string database, o->store.DatabasePath());
    if (store::Database::IsShared(database)) {
      return Unimplemented("a shared database is backed up by its own tools (pg_dump)");
    }
    const std::string folder = std::filesystem::path(database).parent_path();
    PARVIS_ASSIGN_OR_RETURN(const auto facts,
                            service::MakeBackup(folder, o->file, kVersion, o->force));
    Told("backup", "written and read back", o->file, facts, console);
    return {};
  };
}

std::function<Status()> DefineRestore(FlagSet& flags, Console& console) {
  auto o = std::make_shared<RestoreOptions>();
  flags.Add("--file,file", &o->file, "The backup", {.required = true});
  flags.Add("--force", &o->force, "Replace what is there; it goes to the folder 'replaced.N'");
  flags.Add("--data", &o->data,
            "Folder of parvis.db, made if it is not there (default: PARVIS_HOME)");
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const std::string folder, FolderFor(o->data));
    PARVIS_ASSIGN_OR_RETURN(const auto facts, service::RestoreBackup(o->file, folder, o->force));
    Told("restore", "checked and restored", o->file, facts, console);
    return {};
  };
}

}  // namespace

const Command kBackup = {"backup", "Write all that a server keeps into one file, while it runs",
                         "parvis backup monday.parvis", &DefineBackup};
const Command kRestore = {"restore", "Put a backup in place",
                          "parvis restore monday.parvis --data new", &DefineRestore};

}  // namespace parvis::cli
