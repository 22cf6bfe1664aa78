// The database on SQLite's C interface.

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

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

}  // namespace

Statement::Statement(sqlite3* database, sqlite3_stmt* statement)
    : database_(database), statement_(statement) {}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      bind_error_(other.bind_error_) {}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::Bind(int place, int64_t value) {
  bind_error_ |= sqlite3_bind_int64(statement_, place, value);
  return *this;
}

Statement& Statement::Bind(int place, std::string_view text) {
  bind_error_ |= sqlite3_bind_text64(statement_, place, text.data() == nullptr ? "" : text.data(),
                                     text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::Bind(int place, const std::optional<int64_t>& value) {
  return value ? Bind(place, *value) : BindNull(place);
}

Statement& Statement::BindBytes(int place, std::string_view bytes) {
  bind_error_ |= sqlite3_bind_blob64(statement_, place, bytes.data() == nullptr ? "" : bytes.data(),
                                     bytes.size(), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::BindNull(int place) {
  bind_error_ |= sqlite3_bind_null(statement_, place);
  return *this;
}

Result<bool> Statement::Step() {
  if (bind_error_ != 0) return StatusOf(database_, bind_error_, "database");
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return StatusOf(database_, code, "database");
}

Status Statement::Run() {
  PARVIS_ASSIGN_OR_RETURN(const bool row, Step());
  if (row) return Internal("database: the statement has rows");
  return {};
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::optional<int64_t> Statement::IntOrNull(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return Int(column);
}

std::string Statement::Text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

Result<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  if (path != ":memory:") PARVIS_RETURN_IF_ERROR(MakePrivate(path));
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  auto database = std::unique_ptr<Database>(new Database(handle));
  if (code != SQLITE_OK) return StatusOf(handle, code, path);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, 5000);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  PARVIS_RETURN_IF_ERROR(database
                             ->RunScript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                         "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")
                             .In(path));
  return database;
}

Database::~Database() { sqlite3_close_v2(handle_); }

Result<Statement> Database::Prepare(Sql sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_, sql.text(), -1, &statement, nullptr);
  if (code != SQLITE_OK) return StatusOf(handle_, code, "database");
  return Statement(handle_, statement);
}

Status Database::Run(Sql sql) {
  PARVIS_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  return statement.Run();
}

Status Database::RunScript(Sql script) {
  const int code = sqlite3_exec(handle_, script.text(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : StatusOf(handle_, code, "database");
}

Status Database::Migrate(std::span<const Sql> steps) {
  PARVIS_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*this));
  int64_t version = 0;
  {
    PARVIS_ASSIGN_OR_RETURN(Statement statement, Prepare("PRAGMA user_version"));
    PARVIS_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (row) version = statement.Int(0);
  }
  const auto latest = static_cast<int64_t>(steps.size());
  if (version > latest) {
    return InvalidArgument(
        fmt::format("the database has version {}, made by a later Parvis; this one knows up to {}",
                    version, latest));
  }
  if (version == latest) return transaction.Commit();
  for (int64_t i = version; i < latest; ++i) {
    PARVIS_RETURN_IF_ERROR(
        RunScript(steps[static_cast<size_t>(i)]).In(fmt::format("migration to version {}", i + 1)));
  }
  // A pragma takes no parameters; what stands here is a number of ours.
  const std::string pragma = fmt::format("PRAGMA user_version = {}", latest);
  const int code = sqlite3_exec(handle_, pragma.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return StatusOf(handle_, code, "database");
  return transaction.Commit();
}

Result<Transaction> Transaction::Begin(Database& database) {
  PARVIS_RETURN_IF_ERROR(database.Run("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ != nullptr) (void)database_->Run("ROLLBACK");
}

Status Transaction::Commit() {
  Status status = database_->Run("COMMIT");
  if (status.ok()) database_ = nullptr;
  return status;
}

}  // namespace parvis::store
