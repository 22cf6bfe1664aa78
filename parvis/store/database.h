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

namespace parvis::store {

// One statement, prepared. Binds by place, from 1; reads columns by place, from 0. A statement
// belongs to its database and must not outlive it; one thread at a time.
class Statement {
 public:
  // How a kind of database does it. `place` and `column` as above; what could not be bound is told
  // by Step.
  class Engine {
   public:
    virtual ~Engine() = default;
    virtual void BindInt(int place, int64_t value) = 0;
    virtual void BindText(int place, std::string_view text) = 0;
    virtual void BindBytes(int place, std::string_view bytes) = 0;
    virtual void BindNull(int place) = 0;
    virtual Result<bool> Step() = 0;
    virtual bool IsNull(int column) const = 0;
    virtual int64_t Int(int column) const = 0;
    virtual std::string Text(int column) const = 0;
  };
  explicit Statement(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

  Statement& Bind(int place, int64_t value);
  Statement& Bind(int place, std::string_view text);
  Statement& Bind(int place, const std::optional<int64_t>& value);
  Statement& BindBytes(int place, std::string_view bytes);
  Statement& BindNull(int place);

  // The next row. False: there is none. What Bind could not do is told here.
  Result<bool> Step() { return engine_->Step(); }
  // Runs a statement without rows to its end.
  Status Run();

  int64_t Int(int column) const { return engine_->Int(column); }
  std::optional<int64_t> IntOrNull(int column) const;
  std::string Text(int column) const { return engine_->Text(column); }  // empty for null

 private:
  std::unique_ptr<Engine> engine_;
};

// Who else may write while a transaction lasts.
enum class Access {
  kAlone,     // nobody: what it has read stays true until its end
  kTogether,  // others, what this one does not touch; where the database can do that
  kUnsynced,  // the same, and its commit is on the disk only with the next one that is not so
  kRead,      // this one writes nothing, and all that it reads is of one moment
};

// A database of tables: an SQLite file (sqlite.cc) or one that several servers share
// (postgres.cc). Statements are written once, in what both understand; every commit is on the disk
// before it returns.
//
// One thread at a time; open it several times to read while another writes.
class Database {
 public:
  // `where`: the path of a file, made if it is not there; ":memory:", a database that nobody else
  // sees; or "postgresql://…" (https://www.postgresql.org/docs/15/libpq-connect.html), without a
  // password: addresses are shown. It stands in PGPASSFILE, ~/.pgpass or passfile=.
  static Result<std::unique_ptr<Database>> Open(const std::string& where);
  static bool IsShared(std::string_view where);  // by several servers: not a file
  virtual ~Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  virtual Result<Statement> Prepare(Sql sql) = 0;
  virtual Status RunScript(Sql script) = 0;  // several statements without parameters
  Status Run(Sql sql);                       // one

  // Brings the database to the schema of `steps`: step i makes version i + 1 of version i. All of
  // them or none is done. Refuses a database whose version is later than what we know.
  Status Migrate(std::span<const Sql> steps);

  // After this the file holds nothing any more of what was deleted. A shared database keeps such
  // pages for itself until it cleans up.
  virtual Status ForgetDeleted() = 0;

  // Takes a lock that is held until this connection ends, also when its process is killed. False:
  // another one holds it. kUnimplemented: nobody shares this database.
  virtual Result<bool> TryLock(int32_t number) = 0;
  virtual Status Unlock(int32_t number) = 0;

 protected:
  Database() = default;

 private:
  friend class Transaction;
  virtual Status Begin(Access access) = 0;
  virtual Status Commit() = 0;
  virtual void Rollback() = 0;
  virtual Result<int64_t> Version() = 0;
  virtual Status SetVersion(int64_t version) = 0;
  // Within a migration, before its commit: keeps what there was, of that version. A shared database
  // is its administrators' to copy.
  virtual Status KeepCopy(int64_t) { return {}; }
};

// Begins at once with the rights that it asks for; is undone unless committed.
class Transaction {
 public:
  static Result<Transaction> Begin(Database& database, Access access = Access::kAlone);
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

// The kinds; Database::Open chooses.
Result<std::unique_ptr<Database>> OpenSqlite(const std::string& path);
Result<std::unique_ptr<Database>> OpenPostgres(const std::string& url);

}  // namespace parvis::store

#endif  // PARVIS_STORE_DATABASE_H_
