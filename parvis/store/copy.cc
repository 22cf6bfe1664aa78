// Copies by SQLite's backup interface. Names of tables stand in statements here, since they are the
// database's own; they are quoted by SQLite.

#include "parvis/store/copy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

namespace parvis::store {
namespace {

struct Close {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
using Handle = std::unique_ptr<sqlite3, Close>;

Status Failed(sqlite3* handle, const std::string& path) {
  const int code = sqlite3_errcode(handle) & 0xff;
  const std::string message = path + ": " + sqlite3_errmsg(handle);
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) return DataLoss(message);
  if (code == SQLITE_FULL) return ResourceExhausted(message);
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return {StatusCode::kUnavailable, message};
  return IoError(message);
}

Result<Handle> Open(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Handle handle(raw);
  if (code != SQLITE_OK) return Failed(raw, path);
  sqlite3_busy_timeout(raw, 5000);
  return handle;
}

// The first column of all rows.
Result<std::vector<std::string>> Column(sqlite3* handle, const std::string& path, const char* sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(handle, sql, -1, &raw, nullptr) != SQLITE_OK) return Failed(handle, path);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, &sqlite3_finalize);
  std::vector<std::string> values;
  while (true) {
    const int code = sqlite3_step(raw);
    if (code == SQLITE_DONE) return values;
    if (code != SQLITE_ROW) return Failed(handle, path);
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(raw, 0));
    values.emplace_back(text == nullptr ? "" : text);
  }
}

Result<int64_t> Number(sqlite3* handle, const std::string& path, const char* sql) {
  PARVIS_ASSIGN_OR_RETURN(const auto values, Column(handle, path, sql));
  return values.empty() ? 0 : std::strtoll(values[0].c_str(), nullptr, 10);
}

Result<DatabaseFacts> FactsOf(sqlite3* handle, const std::string& path) {
  DatabaseFacts facts;
  PARVIS_ASSIGN_OR_RETURN(facts.version, Number(handle, path, "PRAGMA user_version"));
  PARVIS_ASSIGN_OR_RETURN(
      const auto tables,
      Column(handle, path,
             "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"));
  for (const std::string& table : tables) {
    char* const sql = sqlite3_mprintf("SELECT count(*) FROM \"%w\"", table.c_str());
    const auto rows = Number(handle, path, sql);
    sqlite3_free(sql);
    if (!rows.ok()) return rows.status();
    facts.rows[table] = *rows;
  }
  return facts;
}

Result<DatabaseFacts> Check(sqlite3* handle, const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(const auto found, Column(handle, path, "PRAGMA integrity_check(1)"));
  if (found.size() != 1 || found[0] != "ok") {
    return DataLoss(path + ": is damaged: " + (found.empty() ? "no answer" : found[0]));
  }
  PARVIS_ASSIGN_OR_RETURN(const auto orphans, Column(handle, path, "PRAGMA foreign_key_check"));
  if (!orphans.empty())
    return DataLoss(path + ": rows of '" + orphans[0] + "' name what is not there");
  return FactsOf(handle, path);
}

// Without a log beside it.
Status MakeOneFile(sqlite3* handle, const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(const auto mode, Column(handle, path, "PRAGMA journal_mode = DELETE"));
  if (mode.size() != 1 || mode[0] != "delete") return Internal(path + ": keeps its log");
  return {};
}

Status Copy(sqlite3* from, sqlite3* to, const std::string& path) {
  sqlite3_backup* const copy = sqlite3_backup_init(to, "main", from, "main");
  if (copy == nullptr) return Failed(to, path);
  // All pages in one step, so of one moment; in a write-ahead log writers do not wait for it.
  const int code = sqlite3_backup_step(copy, -1);
  sqlite3_backup_finish(copy);
  return code == SQLITE_DONE ? Status() : Failed(to, path);
}

// A new, empty file that others cannot read, whatever umask says.
Status MakePrivate(const std::string& path) {
  unlink(path.c_str());
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return IoError(path + ": " + std::strerror(errno));
  close(fd);
  return {};
}

// A name is on the disk once its folder is synced.
Status MoveTo(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return IoError(to + ": " + std::strerror(errno));
  const std::string folder = std::filesystem::path(to).parent_path().string();
  const int fd = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    (void)fsync(fd);
    close(fd);
  }
  return {};
}

}  // namespace

Result<DatabaseFacts> CheckDatabase(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(const Handle handle, Open(path, SQLITE_OPEN_READWRITE));
  PARVIS_RETURN_IF_ERROR(MakeOneFile(handle.get(), path));
  return Check(handle.get(), path);
}

Result<DatabaseFacts> CopyDatabase(const std::string& from, const std::string& to) {
  const std::string part = to + ".part";
  PARVIS_RETURN_IF_ERROR(MakePrivate(part));
  DatabaseFacts facts;
  {
    PARVIS_ASSIGN_OR_RETURN(const Handle source, Open(from, SQLITE_OPEN_READWRITE));
    PARVIS_ASSIGN_OR_RETURN(const Handle target, Open(part, SQLITE_OPEN_READWRITE));
    PARVIS_RETURN_IF_ERROR(Copy(source.get(), target.get(), part));
    PARVIS_RETURN_IF_ERROR(MakeOneFile(target.get(), part));
    PARVIS_ASSIGN_OR_RETURN(facts, Check(target.get(), part));
  }
  PARVIS_RETURN_IF_ERROR(MoveTo(part, to));
  return facts;
}

}  // namespace parvis::store
