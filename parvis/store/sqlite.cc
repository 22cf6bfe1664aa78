// The database on SQLite's C interface.

#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include "parvis/core/wipe.h"
#include "parvis/store/copy.h"
#include "parvis/store/database.h"

namespace parvis::store {
namespace {

Status StatusOf(sqlite3* database, int code, std::string_view what) {
  const std::string message = fmt::format("{}: {}", what, sqlite3_errmsg(database));
  switch (code & 0xff) {
    case SQLITE_FULL:
      return ResourceExhausted(message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {StatusCode::kUnavailable, message};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return DataLoss(message);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return IoError(message);
    case SQLITE_CONSTRAINT:
      return InvalidArgument(message);
    default:
      return Internal(message);
  }
}

// Makes the file with 0600 before SQLite would make it with what umask allows; those of the log
// are made as this one is. A file that is there is looked at but never opened: closing it would
// drop the locks that this process holds on it by SQLite's own handles (fcntl(2)), and another
// process could then take the log away from under us.
Status MakePrivate(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) {
    close(fd);
    return {};
  }
  struct stat info = {};
  if (errno != EEXIST || stat(path.c_str(), &info) != 0) {
    return IoError(fmt::format("{}: {}", path, std::strerror(errno)));
  }
  if ((info.st_mode & 0077) != 0) {
    return Status(StatusCode::kPermissionDenied,
                  path + ": others can read or write it; chmod 600 it first");
  }
  return {};
}

// What statements and pages held goes back wiped, if that is what the process does (wipe.h). Before
// the first database is opened; afterwards SQLite refuses it.
void WipeWhatIsFreed() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (!WipesFreedMemory()) return;
    static sqlite3_mem_methods methods;
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &methods);
    methods.xMalloc = [](int bytes) { return std::malloc(static_cast<size_t>(bytes)); };
    methods.xFree = &WipingFree;
    methods.xRealloc = [](void* memory, int bytes) {
      return WipingRealloc(memory, static_cast<size_t>(bytes));
    };
    methods.xSize = [](void* memory) { return static_cast<int>(::malloc_usable_size(memory)); };
    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
    // Small pieces and pages would go to stores of each connection's own.
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
  });
}

class SqliteStatement : public Statement::Engine {
 public:
  SqliteStatement(sqlite3* database, sqlite3_stmt* statement)
      : database_(database), statement_(statement) {}
  ~SqliteStatement() override { sqlite3_finalize(statement_); }
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  void BindInt(int place, int64_t value) override {
    bind_error_ |= sqlite3_bind_int64(statement_, place, value);
  }
  void BindText(int place, std::string_view text) override {
    bind_error_ |= sqlite3_bind_text64(statement_, place, text.data() == nullptr ? "" : text.data(),
                                       text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  void BindBytes(int place, std::string_view bytes) override {
    bind_error_ |=
        sqlite3_bind_blob64(statement_, place, bytes.data() == nullptr ? "" : bytes.data(),
                            bytes.size(), SQLITE_TRANSIENT);
  }
  void BindNull(int place) override { bind_error_ |= sqlite3_bind_null(statement_, place); }

  Result<bool> Step() override {
    if (bind_error_ != 0) return StatusOf(database_, bind_error_, "database");
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return StatusOf(database_, code, "database");
  }

  bool IsNull(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  int64_t Int(int column) const override { return sqlite3_column_int64(statement_, column); }
  std::string Text(int column) const override {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3* const database_;
  sqlite3_stmt* const statement_;
  int bind_error_ = 0;
};

// Write-ahead log, strict tables, foreign keys held; what is deleted is overwritten. The file and
// those beside it can be read by their owner only.
class SqliteDatabase : public Database {
 public:
  explicit SqliteDatabase(sqlite3* handle) : handle_(handle) {}
  ~SqliteDatabase() override { sqlite3_close_v2(handle_); }

  Result<Statement> Prepare(Sql sql) override {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v2(handle_, sql.text(), -1, &statement, nullptr);
    if (code != SQLITE_OK) return StatusOf(handle_, code, "database");
    return Statement(std::make_unique<SqliteStatement>(handle_, statement));
  }

  Status RunScript(Sql script) override { return Execute(script.text()); }

  // The log still has the pages as they were. It can be emptied between two transactions of
  // others, which are short.
  Status ForgetDeleted() override {
    constexpr int kTries = 100;
    for (int i = 0; i < kTries; ++i) {
      PARVIS_ASSIGN_OR_RETURN(const bool empty, EmptyLog());
      if (empty) return WipePages();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return Status(StatusCode::kUnavailable, "the database is busy");
  }

  Result<bool> TryLock(int32_t) override { return Unimplemented("a file is not shared"); }
  Status Unlock(int32_t) override { return Unimplemented("a file is not shared"); }

  Status Execute(const char* script) {
    const int code = sqlite3_exec(handle_, script, nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? Status() : StatusOf(handle_, code, "database");
  }

 private:
  // One writes at a time, so together is alone.
  Status Begin(Access access) override {
    return Execute(access == Access::kRead ? "BEGIN" : "BEGIN IMMEDIATE");
  }
  Status Commit() override { return Execute("COMMIT"); }
  void Rollback() override { (void)Execute("ROLLBACK"); }

  Result<int64_t> Version() override {
    PARVIS_ASSIGN_OR_RETURN(Statement statement, Prepare("PRAGMA user_version"));
    PARVIS_ASSIGN_OR_RETURN(const bool row, statement.Step());
    return row ? statement.Int(0) : 0;
  }
  // In memory there are pages, too, and the place where SQLite puts a row together: one of zeroes,
  // as long as fits there, goes over the last, and is undone.
  Status WipePages() {
    {
      PARVIS_ASSIGN_OR_RETURN(const Transaction undone, Transaction::Begin(*this));
      PARVIS_RETURN_IF_ERROR(
          Execute("CREATE TABLE forget(row); INSERT INTO forget VALUES(zeroblob(4058));"));
    }
    return Execute("PRAGMA shrink_memory");
  }
  Result<bool> EmptyLog() {
    PARVIS_ASSIGN_OR_RETURN(auto checkpoint, Prepare("PRAGMA wal_checkpoint(TRUNCATE)"));
    const Result<bool> row = checkpoint.Step();
    if (!row.ok() && row.status().code() != StatusCode::kUnavailable) return row.status();
    return row.ok() && *row && checkpoint.Int(0) == 0;
  }
  // Until the commit others see what there was before: so does the copy.
  Status KeepCopy(int64_t version) override {
    const char* const file = sqlite3_db_filename(handle_, "main");  // none: it is in memory
    const std::string path = file == nullptr ? "" : file;
    if (path.empty()) return {};
    return CopyDatabase(path, fmt::format("{}.v{}", path, version)).status();
  }
  // A pragma takes no parameters; what stands here is a number of ours.
  Status SetVersion(int64_t version) override {
    return Execute(fmt::format("PRAGMA user_version = {}", version).c_str());
  }

  sqlite3* const handle_;
};

}  // namespace

Result<std::unique_ptr<Database>> OpenSqlite(const std::string& path) {
  if (path != ":memory:") PARVIS_RETURN_IF_ERROR(MakePrivate(path));
  WipeWhatIsFreed();
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  auto database = std::make_unique<SqliteDatabase>(handle);
  if (code != SQLITE_OK) return StatusOf(handle, code, path);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, 5000);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  PARVIS_RETURN_IF_ERROR(database
                             ->Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                       "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
                                       "PRAGMA secure_delete = ON;")
                             .In(path));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace parvis::store
