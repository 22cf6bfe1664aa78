#include "parvis/service/backup.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include "parvis/core/clock.h"
#include "parvis/core/file_lock.h"
#include "parvis/service/archive.h"
#include "parvis/service/backup_parts.h"
#include "parvis/store/database.h"

namespace parvis::service {
namespace {

namespace fs = std::filesystem;

// Files of owners as they lie on the disk, "OWNER/ID" by id.
std::map<std::string, std::string> FilesOnDisk(const fs::path& folder) {
  std::map<std::string, std::string> found;
  std::error_code error;
  for (const auto& owner : fs::directory_iterator(folder, error)) {
    std::error_code ignored;
    for (const auto& file : fs::directory_iterator(owner.path(), ignored)) {
      found[file.path().filename()] =
          owner.path().filename().string() + "/" + file.path().filename().string();
    }
  }
  return found;
}

Result<std::vector<std::string>> FilesOf(store::Database& copy) {
  PARVIS_ASSIGN_OR_RETURN(auto select, copy.Prepare("SELECT id FROM files ORDER BY id"));
  std::vector<std::string> ids;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return ids;
    ids.push_back(select.Text(0));
  }
}

// The files that the copy names. One that was removed since the copy was made is removed from it,
// too. Returns how many there are.
Result<int64_t> AddFiles(ArchiveWriter& archive, const fs::path& folder,
                         const std::string& copy_path) {
  PARVIS_ASSIGN_OR_RETURN(const auto copy, store::Database::Open(copy_path));
  PARVIS_ASSIGN_OR_RETURN(const auto ids, FilesOf(*copy));
  const auto on_disk = FilesOnDisk(folder);
  int64_t count = 0;
  for (const std::string& id : ids) {
    const auto found = on_disk.find(id);
    Status added = found == on_disk.end() ? NotFound(id)
                                          : archive.AddFile("files/" + found->second,
                                                            (folder / found->second).string());
    if (added.ok()) {
      ++count;
      continue;
    }
    if (added.code() != StatusCode::kNotFound) return added;
    PARVIS_ASSIGN_OR_RETURN(auto remove, copy->Prepare("DELETE FROM files WHERE id = ?1"));
    PARVIS_RETURN_IF_ERROR(remove.Bind(1, id).Run());
  }
  return count;
}

Result<BackupFacts> WriteArchive(const std::string& folder, const std::string& copy,
                                 const std::string& path, const std::string& made_by) {
  PARVIS_ASSIGN_OR_RETURN(const auto archive, ArchiveWriter::Create(path));
  BackupFacts facts{.made_by = made_by, .created_ms = WallClockMs()};
  PARVIS_ASSIGN_OR_RETURN(facts.files, AddFiles(*archive, fs::path(folder) / kFilesName, copy));
  PARVIS_RETURN_IF_ERROR(archive->AddFile(kPepperName, folder + "/" + kPepperName));
  PARVIS_ASSIGN_OR_RETURN(facts.database, store::CheckDatabase(copy));
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
