#include "parvis/service/file_store.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <utility>

#include "parvis/core/check.h"
#include "parvis/core/clock.h"
#include "parvis/core/file.h"
#include "parvis/core/sha256.h"

namespace parvis::service {
namespace {

namespace fs = std::filesystem;

Refusal NoSuchFile(const std::string& param) {
  return {RefusalKind::kNotFound, "There is no such file.", param, "file_not_found", {}};
}

// What the disk or the database refused: for the operator's log, not for the caller.
Refusal Unavailable() {
  return {RefusalKind::kUnavailable, "Files cannot be read or written now.", {}, {}, 1000};
}

StoredFile FileOf(const store::Statement& row) {
  return {row.Text(0), row.Text(1), row.Text(2), row.Text(3),
          row.Text(4), row.Int(5),  row.Int(6),  row.IntOrNull(7)};
}

Status MakePrivate(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  return error ? IoError(folder.string() + ": " + error.message()) : Status();
}

}  // namespace

std::string NewId(std::string_view prefix) {
  std::array<unsigned char, 12> bytes;
  PARVIS_CHECK(RAND_bytes(bytes.data(), bytes.size()) == 1);
  std::string id(prefix);
  for (const unsigned char byte : bytes) id += fmt::format("{:02x}", byte);
  return id;
}

Result<std::unique_ptr<FileStore>> FileStore::Open(const std::string& database,
                                                   const std::string& folder,
                                                   const FileLimits& limits) {
  PARVIS_RETURN_IF_ERROR(MakePrivate(folder));
  PARVIS_ASSIGN_OR_RETURN(auto opened, store::Database::Open(database));
  std::unique_ptr<FileStore> files(new FileStore(std::move(opened), folder, limits));
  PARVIS_RETURN_IF_ERROR(files->Sweep());
  return files;
}

std::string FileStore::PathOf(const std::string& organisation, const std::string& owner,
                              const std::string& id) const {
  return folder_ + "/" + Sha256Hex(organisation + '\0' + owner).substr(0, 32) + "/" + id;
}

OrRefusal<StoredFile> FileStore::Add(const Caller& caller, const std::string& name,
                                     const std::string& purpose, std::string_view content,
                                     std::optional<int64_t> expires_ms) {
  StoredFile file{NewId("file-"), caller.organisation,
                  caller.owner,   name,
                  purpose,        static_cast<int64_t>(content.size()),
                  WallClockMs(),  {}};
  file.expires_ms = EndOf(file.created_ms, expires_ms);
  const std::lock_guard lock(mutex_);
  auto sum = database_->Prepare(
      "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM files WHERE organisation = ?1 AND owner = ?2");
  if (!sum.ok()) return Unavailable();
  const auto row = sum->Bind(1, caller.organisation).Bind(2, caller.owner).Step();
  if (!row.ok()) return Unavailable();
  if (sum->Int(0) >= limits_.owner_files || sum->Int(1) + file.bytes > limits_.owner_bytes) {
    return Refusal{
        RefusalKind::kQuotaExhausted,
        fmt::format("Files of one owner may have {} MiB together, and be {}; remove some.",
                    limits_.owner_bytes >> 20, limits_.owner_files),
        "file",
        "insufficient_quota",
        {}};
  }
  const std::string path = PathOf(file.organisation, file.owner, file.id);
  if (!MakePrivate(fs::path(path).parent_path()).ok()) return Unavailable();
  if (!WriteFileAtomically(path, content).ok() || !Insert(file).ok()) {
    std::error_code ignored;
    fs::remove(path, ignored);
    return Unavailable();
  }
  return file;
}

Status FileStore::Insert(const StoredFile& file) {
  PARVIS_ASSIGN_OR_RETURN(
      auto insert,
      database_->Prepare(
          "INSERT OR REPLACE INTO files(id, organisation, owner, name, purpose, bytes, "
          "created_ms, expires_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
  return insert.Bind(1, file.id)
      .Bind(2, file.organisation)
      .Bind(3, file.owner)
      .Bind(4, file.name)
      .Bind(5, file.purpose)
      .Bind(6, file.bytes)
      .Bind(7, file.created_ms)
      .Bind(8, file.expires_ms)
      .Run();
}

std::optional<int64_t> FileStore::EndOf(int64_t created_ms, std::optional<int64_t> asked_ms) const {
  if (limits_.keep_ms == 0) return asked_ms;
  const int64_t last = created_ms + limits_.keep_ms;
  return std::min(asked_ms.value_or(last), last);
}

Status FileStore::Put(const StoredFile& given, std::string_view content) {
  StoredFile file = given;
  file.expires_ms = EndOf(file.created_ms, file.expires_ms);
  const std::lock_guard lock(mutex_);
  const std::string path = PathOf(file.organisation, file.owner, file.id);
  PARVIS_RETURN_IF_ERROR(MakePrivate(fs::path(path).parent_path()));
  PARVIS_RETURN_IF_ERROR(WriteFileAtomically(path, content));
  return Insert(file);
}

Result<std::optional<StoredFile>> FileStore::Get(const Caller& caller, const std::string& id) {
  PARVIS_ASSIGN_OR_RETURN(
      auto find, database_->Prepare(
                     "SELECT id, organisation, owner, name, purpose, bytes, created_ms, expires_ms "
                     "FROM files WHERE id = ?1 AND organisation = ?2 AND owner = ?3"));
  PARVIS_ASSIGN_OR_RETURN(
      const bool found, find.Bind(1, id).Bind(2, caller.organisation).Bind(3, caller.owner).Step());
  if (!found) return std::optional<StoredFile>();
  StoredFile file = FileOf(find);
  if (file.expires_ms && *file.expires_ms <= WallClockMs()) return std::optional<StoredFile>();
  return std::optional<StoredFile>(std::move(file));
}

OrRefusal<StoredFile> FileStore::Find(const Caller& caller, const std::string& id) {
  const std::lock_guard lock(mutex_);
  auto file = Get(caller, id);
  if (!file.ok()) return Unavailable();
  if (!*file) return NoSuchFile("file_id");
  return std::move(**file);
}

OrRefusal<std::string> FileStore::Read(const Caller& caller, const std::string& id) {
  const auto file = Find(caller, id);
  if (!file.ok()) return file.refusal();
  auto content = ReadFile(PathOf(file->organisation, file->owner, file->id));
  if (!content.ok()) return Unavailable();
  return std::move(content).value();
}

OrRefusal<FileContent> FileStore::Content(const Caller& caller, const std::string& id) {
  const auto file = Find(caller, id);
  if (!file.ok()) return file.refusal();
  auto content = ContentOfFile(PathOf(file->organisation, file->owner, file->id));
  if (!content.ok()) return Unavailable();
  return std::move(content).value();
}

OrRefusal<Paged<StoredFile>> FileStore::List(const Caller& caller, const std::string& purpose,
                                             const Page& page) {
  const std::lock_guard lock(mutex_);
  // rowid tells files of one millisecond apart, in the order in which they came.
  int64_t after = page.newest_first ? INT64_MAX : 0;
  if (!page.after.empty()) {
    auto find = database_->Prepare(
        "SELECT rowid FROM files WHERE id = ?1 AND organisation = ?2 AND owner = ?3");
    if (!find.ok()) return Unavailable();
    const auto found =
        find->Bind(1, page.after).Bind(2, caller.organisation).Bind(3, caller.owner).Step();
    if (!found.ok()) return Unavailable();
    if (!*found) return NoSuchFile("after");
    after = find->Int(0);
  }
  auto list = page.newest_first
                  ? database_->Prepare(
                        "SELECT id, organisation, owner, name, purpose, bytes, created_ms, "
                        "expires_ms FROM files WHERE organisation = ?1 AND owner = ?2 AND "
                        "(?3 = '' OR purpose = ?3) AND rowid < ?4 ORDER BY rowid DESC LIMIT ?5")
                  : database_->Prepare(
                        "SELECT id, organisation, owner, name, purpose, bytes, created_ms, "
                        "expires_ms FROM files WHERE organisation = ?1 AND owner = ?2 AND "
                        "(?3 = '' OR purpose = ?3) AND rowid > ?4 ORDER BY rowid LIMIT ?5");
  if (!list.ok()) return Unavailable();
  list->Bind(1, caller.organisation)
      .Bind(2, caller.owner)
      .Bind(3, purpose)
      .Bind(4, after)
      .Bind(5, page.limit + 1);
  auto paged = ReadPaged(*list, page.limit, FileOf);
  if (!paged.ok()) return Unavailable();
  return std::move(*paged);
}

std::optional<Refusal> FileStore::Remove(const Caller& caller, const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto file = Get(caller, id);
  if (!file.ok()) return Unavailable();
  if (!*file) return NoSuchFile("file_id");
  auto reading = database_->Prepare(
      "SELECT 1 FROM batches WHERE input_file = ?1 AND status IN "
      "('validating', 'in_progress', 'finalizing', 'cancelling')");
  if (!reading.ok()) return Unavailable();
  const auto found = reading->Bind(1, id).Step();
  if (!found.ok()) return Unavailable();
  if (*found) return Invalid("file_id", "A batch still reads this file.", "file_in_use");
  auto remove = database_->Prepare("DELETE FROM files WHERE id = ?1");
  if (!remove.ok() || !remove->Bind(1, id).Run().ok()) return Unavailable();
  std::error_code ignored;  // without its entry it is nobody's, and swept at the next start
  fs::remove(PathOf((*file)->organisation, (*file)->owner, id), ignored);
  return std::nullopt;
}

Status FileStore::Expire(int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(
      auto list, database_->Prepare(
                     "SELECT id, organisation, owner FROM files f WHERE expires_ms <= ?1 AND NOT "
                     "EXISTS (SELECT 1 FROM batches WHERE input_file = f.id AND status IN "
                     "('validating', 'in_progress', 'finalizing', 'cancelling'))"));
  list.Bind(1, now_ms);
  std::vector<std::pair<std::string, std::string>> over;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, list.Step());
    if (!row) break;
    over.emplace_back(list.Text(0), PathOf(list.Text(1), list.Text(2), list.Text(0)));
  }
  for (const auto& [id, path] : over) {
    PARVIS_ASSIGN_OR_RETURN(auto remove, database_->Prepare("DELETE FROM files WHERE id = ?1"));
    PARVIS_RETURN_IF_ERROR(remove.Bind(1, id).Run());
    std::error_code ignored;
    fs::remove(path, ignored);
  }
  return {};
}

Status FileStore::Sweep() {
  std::set<std::string> known;
  {
    PARVIS_ASSIGN_OR_RETURN(auto list, database_->Prepare("SELECT id FROM files"));
    while (true) {
      PARVIS_ASSIGN_OR_RETURN(const bool row, list.Step());
      if (!row) break;
      known.insert(list.Text(0));
    }
  }
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder_, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored) && !known.contains(it->path().filename())) {
      fs::remove(it->path(), ignored);
    }
  }
  return {};
}

}  // namespace parvis::service
