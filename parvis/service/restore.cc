// The other direction of backup.h. What is restored is made whole beside what there is, in
// restore.part; renaming that to restore.ready is the point of no return, after which every start
// goes on with it.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "parvis/core/file_lock.h"
#include "parvis/governance/secret.h"
#include "parvis/service/archive.h"
#include "parvis/service/backup.h"
#include "parvis/service/backup_parts.h"
#include "parvis/service/records.h"
#include "parvis/store/database.h"

namespace parvis::service {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxManifest = int64_t{1} << 20;
constexpr char kPart[] = "/restore.part", kReady[] = "/restore.ready";

Status Of(const std::error_code& error, const std::string& path) {
  return error ? IoError(path + ": " + error.message()) : Status();
}

// "files/OWNER/ID": the owner is a digest's half.
bool IsFileName(const std::string& name) {
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return name.size() > 39 && name.starts_with("files/") && name[38] == '/' &&
         std::all_of(name.begin() + 6, name.begin() + 38, hex) &&
         name.find('/', 39) == std::string::npos;
}

Status Extract(ArchiveReader& archive, const ArchiveReader::Member& member,
               const std::string& path) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return IoError(path + ": " + std::strerror(errno));
  Status status = archive.Read(member, [&](std::string_view bytes) -> Status {
    while (!bytes.empty()) {
      const ssize_t n = write(fd, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return IoError(path + ": " + std::strerror(errno));
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return {};
  });
  if (status.ok() && fsync(fd) != 0) status = IoError(path + ": " + std::strerror(errno));
  close(fd);
  return status;
}

// `files_beside`: files of owners that stood in the archive beside the database.
Result<BackupFacts> FactsOf(const std::string& manifest, int64_t files_beside) {
  PARVIS_ASSIGN_OR_RETURN(const Json json, ParseJson(manifest));
  const auto wrong = [] { return DataLoss("is no whole backup: its manifest is damaged"); };
  const Json schema = json.is_object() ? json.value("schema", Json()) : Json();
  const bool before = schema == kBackupSchemaBefore;
  if (!before && schema != kBackupSchema) {
    return InvalidArgument("is no backup of this Parvis; a later one may have made it");
  }
  const Json made_by = json.value("parvis", Json()), created = json.value("created_ms", Json()),
             files = json.value("files", Json()), database = json.value("database", Json());
  if (!made_by.is_string() || !created.is_number_integer() || !files.is_number_integer() ||
      !database.is_object() || !database.value("version", Json()).is_number_integer() ||
      !database.value("rows", Json()).is_object()) {
    return wrong();
  }
  BackupFacts facts{.made_by = made_by.get<std::string>(),
                    .created_ms = created.get<int64_t>(),
                    .files = files.get<int64_t>()};
  facts.database.version = database["version"].get<int64_t>();
  for (const auto& [table, rows] : database["rows"].items()) {
    if (!rows.is_number_integer()) return wrong();
    facts.database.rows[table] = rows.get<int64_t>();
  }
  if (files_beside != (before ? facts.files : 0) || facts.files != facts.database.rows["files"]) {
    return DataLoss("is no whole backup: files are missing");
  }
  return facts;
}

// All members into `folder`, and what the backup says of itself.
Result<BackupFacts> ExtractAll(const std::string& file, const std::string& folder) {
  PARVIS_ASSIGN_OR_RETURN(const auto archive, ArchiveReader::Open(file));
  std::string manifest;
  int64_t files = 0;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const auto member, archive->Next());
    if (!member) break;
    if (member->name == kManifestName) {
      PARVIS_ASSIGN_OR_RETURN(manifest, archive->ReadAll(*member, kMaxManifest));
      continue;
    }
    const bool file_of_owner = IsFileName(member->name);
    if (!file_of_owner && member->name != kDatabaseName && member->name != kPepperName) {
      return DataLoss(file + ": is no backup: it has '" + member->name + "'");
    }
    files += file_of_owner ? 1 : 0;
    PARVIS_RETURN_IF_ERROR(Extract(*archive, *member, folder + "/" + member->name));
  }
  auto facts = FactsOf(manifest, files);
  return facts.ok() ? std::move(facts) : facts.status().In(file);
}

// That what was extracted is what was backed up, and that we can work with it.
Status CheckExtracted(const BackupFacts& facts, const std::string& folder) {
  const std::string path = folder + "/" + kDatabaseName;
  PARVIS_ASSIGN_OR_RETURN(const store::DatabaseFacts found, store::CheckDatabase(path));
  if (found != facts.database) return DataLoss("its tables are not those that were backed up");
  {
    PARVIS_ASSIGN_OR_RETURN(const auto database, store::Database::Open(path));
    PARVIS_RETURN_IF_ERROR(MigrateServiceTables(*database));
  }
  PARVIS_RETURN_IF_ERROR(store::CheckDatabase(path).status());
  struct stat info = {};
  const std::string pepper = folder + "/" + kPepperName;
  if (stat(pepper.c_str(), &info) != 0) return DataLoss("it has no pepper");
  return governance::Pepper::Open(pepper).status();
}

// What a folder has of this name goes to `replaced`, what is ready takes its place. After a kill
// this begins anew: what is not ready any more is done.
Status Exchange(const std::string& folder, const std::string& name) {
  const std::string ready = folder + kReady + "/" + name, place = folder + "/" + name;
  std::error_code error;
  if (!fs::exists(ready, error)) return {};
  for (const char* more : {"-wal", "-shm", ""}) {
    if (*more != 0 && name != kDatabaseName) continue;
    if (!fs::exists(place + more, error)) continue;
    fs::rename(place + more, folder + kReady + "/replaced/" + name + more, error);
    PARVIS_RETURN_IF_ERROR(Of(error, place + more));
  }
  fs::rename(ready, place, error);
  return Of(error, place);
}

}  // namespace

Status SyncFolder(const std::string& folder) {
  const int fd = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return IoError(folder + ": " + std::strerror(errno));
  const bool synced = fsync(fd) == 0;
  close(fd);
  return synced ? Status() : IoError(folder + ": " + std::strerror(errno));
}

Status FinishRestore(const std::string& folder) {
  const std::string ready = folder + kReady;
  std::error_code error;
  if (!fs::exists(ready, error)) return {};
  PARVIS_ASSIGN_OR_RETURN(const FileLock lock, FileLock::Take(folder + "/restore.lock"));
  if (!fs::exists(ready, error)) return {};
  fs::create_directory(ready + "/replaced", error);
  PARVIS_RETURN_IF_ERROR(Of(error, ready));
  for (const char* name : {kFilesName, kPepperName, kDatabaseName}) {
    PARVIS_RETURN_IF_ERROR(Exchange(folder, name));
  }
  PARVIS_RETURN_IF_ERROR(SyncFolder(folder));
  if (!fs::is_empty(ready + "/replaced", error)) {
    int number = 1;
    while (fs::exists(fmt::format("{}/replaced.{}", folder, number), error)) ++number;
    fs::rename(ready + "/replaced", fmt::format("{}/replaced.{}", folder, number), error);
    PARVIS_RETURN_IF_ERROR(Of(error, ready));
  }
  fs::remove_all(ready, error);
  return Of(error, ready);
}

Result<BackupFacts> RestoreBackup(const std::string& file, const std::string& folder, bool force) {
  std::error_code error;
  if (!fs::exists(folder, error)) {
    fs::create_directories(folder, error);
    PARVIS_RETURN_IF_ERROR(Of(error, folder));
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  const auto lock = FileLock::Take(folder + "/parvis.lock");
  if (!lock.ok()) return lock.status().In("stop the server first");
  PARVIS_RETURN_IF_ERROR(FinishRestore(folder));
  for (const char* name : {kDatabaseName, kPepperName}) {
    if (!force && fs::exists(folder + "/" + name, error)) {
      return InvalidArgument(folder + ": holds a " + name + " already; --force replaces it");
    }
  }
  const std::string part = folder + kPart;
  fs::remove_all(part, error);
  if (mkdir(part.c_str(), 0700) != 0) return IoError(part + ": " + std::strerror(errno));
  auto facts = ExtractAll(file, part);
  Status status = facts.ok() ? CheckExtracted(*facts, part) : facts.status();
  if (status.ok()) {
    fs::create_directory(part + "/" + kFilesName, error);  // also if there are none: old ones go
    status = SyncFolder(part);
  }
  if (!status.ok()) {
    fs::remove_all(part, error);
    return status;
  }
  fs::rename(part, folder + kReady, error);
  PARVIS_RETURN_IF_ERROR(Of(error, part));
  PARVIS_RETURN_IF_ERROR(SyncFolder(folder));
  PARVIS_RETURN_IF_ERROR(FinishRestore(folder));
  return facts;
}

}  // namespace parvis::service
