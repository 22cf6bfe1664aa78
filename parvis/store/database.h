#ifndef PARVIS_STORE_DATABASE_H_
#define PARVIS_STORE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "parvis/core/result.h"
#include "parvis/store/sql.h"

struct sqlite3;
struct sqlite3_stmt;

namespace parvis::store {

// One statement, prepared. Binds by place, from 1; reads columns by place, from 0. A statement
// belongs to its database and must not outlive it; one thread at a time.
class Statement {
 public:
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& Bind(int place, int64_t value);
  Statement& Bind(int place, std::string_view text);
  Statement& Bind(int place, const std::optional<int64_t>& value);
  Statement& BindBytes(int place, std::string_view bytes);
  Statement& BindNull(int place);

  // The next row. False: there is none. What Bind could not do is told here.
  Result<bool> Step();
  // Runs a statement without rows to its end.
  Status Run();

  int64_t Int(int column) const;
  std::optional<int64_t> IntOrNull(int column) const;
  std::string Text(int column) const;  // text or bytes; empty for null

 private:
  friend class Database;
  Statement(sqlite3* database, sqlite3_stmt* statement);
  sqlite3* database_;
  sqlite3_stmt* statement_;
  int bind_error_ = 0;
};

// An SQLite file (https://sqlite.org): write-ahead log, every commit synced to the disk, strict
// tables, foreign keys held. Its file and those beside it can be read by their owner only.
//
// One thread at a time; open the file several times to read while another writes.
class Database {
 public:
  // Opens or makes the file. `path` ":memory:": a database that nobody else sees.
  static Result<std::unique_ptr<Database>> Open(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<Statement> Prepare(Sql sql);
  Status Run(Sql sql);           // one statement without parameters
  Status RunScript(Sql script);  // several

  // Brings the file to the schema of `steps`: step i makes version i + 1 of version i. Each step is
  // done wholly or not at all. Refuses a file whose version is later than what we know.
  Status Migrate(std::span<const Sql> steps);

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  sqlite3* handle_;
};

// Begins at once with the right to write; is undone unless committed.
class Transaction {
 public:
  static Result<Transaction> Begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(other.database_) {
    other.database_ = nullptr;
  }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status Commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;  // null: over
};

}  // namespace parvis::store

#endif  // PARVIS_STORE_DATABASE_H_
