#include "parvis/service/backup.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <utility>

#include "parvis/core/clock.h"
#include "parvis/core/file_lock.h"
#include "parvis/service/archive.h"
#include "parvis/service/backup_parts.h"
#include "parvis/service/file_import.h"

namespace parvis::service {
namespace {

namespace fs = std::filesystem;

// Those of Parvis 0.1 lie beside the database until a server has started. One that runs has them.
Status TakeInOldFiles(const std::string& folder) {
  const std::string files = folder + "/" + kFilesName;
  std::error_code error;
  if (!fs::exists(files, error)) return {};
  const auto lock = FileLock::Take(folder + "/parvis.lock");
  if (!lock.ok()) return lock.status().In("a server takes its files into the database");
  return TakeInFiles(folder + "/" + kDatabaseName, files);
}

Result<BackupFacts> WriteArchive(const std::string& folder, const std::string& copy,
                                 const std::string& path, const std::string& made_by) {
  PARVIS_ASSIGN_OR_RETURN(const auto archive, ArchiveWriter::Create(path));
  BackupFacts facts{.made_by = made_by, .created_ms = WallClockMs()};
  PARVIS_RETURN_IF_ERROR(archive->AddFile(kPepperName, folder + "/" + kPepperName));
  PARVIS_ASSIGN_OR_RETURN(facts.database, store::CheckDatabase(copy));
  facts.files = facts.database.rows["files"];
  PARVIS_RETURN_IF_ERROR(archive->AddFile(kDatabaseName, copy));
  PARVIS_RETURN_IF_ERROR(archive->Add(kManifestName, JsonOf(facts).dump(2) + "\n"));
  PARVIS_RETURN_IF_ERROR(archive->Finish());
  return facts;
}

// Every byte, as a restore would.
Status ReadBack(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(const auto archive, ArchiveReader::Open(path));
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const auto member, archive->Next());
    if (!member) return {};
    PARVIS_RETURN_IF_ERROR(archive->Read(*member, [](std::string_view) { return Status(); }));
  }
}

}  // namespace

OrderedJson JsonOf(const BackupFacts& facts) {
  OrderedJson rows = OrderedJson::object();
  for (const auto& [table, count] : facts.database.rows) rows[table] = count;
  return {{"schema", kBackupSchema},
          {"parvis", facts.made_by},
          {"created_ms", facts.created_ms},
          {"files", facts.files},
          {"database", {{"version", facts.database.version}, {"rows", std::move(rows)}}}};
}

Result<BackupFacts> MakeBackup(const std::string& folder, const std::string& file,
                               const std::string& made_by, bool force) {
  std::error_code error;
  if (!force && fs::exists(file, error)) {
    return InvalidArgument(file + " is there already; --force overwrites it");
  }
  const std::string part = file + ".part";
  if (mkdir(part.c_str(), 0700) != 0 && !fs::is_directory(part, error)) {
    return IoError(part + ": cannot be made");
  }
  const std::string archive = part + "/archive", copy = part + "/" + kDatabaseName;
  BackupFacts facts;
  {
    PARVIS_ASSIGN_OR_RETURN(const FileLock lock, FileLock::Take(part + "/lock"));
    fs::remove(archive, error);  // what a kill left; the copy clears its own
    PARVIS_RETURN_IF_ERROR(TakeInOldFiles(folder));
    PARVIS_RETURN_IF_ERROR(store::CopyDatabase(folder + "/" + kDatabaseName, copy).status());
    PARVIS_ASSIGN_OR_RETURN(facts, WriteArchive(folder, copy, archive, made_by));
    PARVIS_RETURN_IF_ERROR(ReadBack(archive));
    fs::rename(archive, file, error);
    if (error) return IoError(file + ": " + error.message());
    PARVIS_RETURN_IF_ERROR(SyncFolder(fs::path(file).parent_path().string()));
  }
  fs::remove_all(part, error);
  return facts;
}

}  // namespace parvis::service
