#include "parvis/store/database.h"

#include <fmt/format.h>

namespace parvis::store {

Statement& Statement::Bind(int place, int64_t value) {
  engine_->BindInt(place, value);
  return *this;
}

Statement& Statement::Bind(int place, std::string_view text) {
  engine_->BindText(place, text);
  return *this;
}

Statement& Statement::Bind(int place, const std::optional<int64_t>& value) {
  return value ? Bind(place, *value) : BindNull(place);
}

Statement& Statement::BindBytes(int place, std::string_view bytes) {
  engine_->BindBytes(place, bytes);
  return *this;
}

Statement& Statement::BindNull(int place) {
  engine_->BindNull(place);
  return *this;
}

Status Statement::Run() {
  PARVIS_ASSIGN_OR_RETURN(const bool row, Step());
  if (row) return Internal("database: the statement has rows");
  return {};
}

std::optional<int64_t> Statement::IntOrNull(int column) const {
  if (engine_->IsNull(column)) return std::nullopt;
  return Int(column);
}

bool Database::IsShared(std::string_view where) {
  return where.starts_with("postgresql://") || where.starts_with("postgres://");
}

Result<std::unique_ptr<Database>> Database::Open(const std::string& where) {
  return IsShared(where) ? OpenPostgres(where) : OpenSqlite(where);
}

Status Database::Run(Sql sql) {
  PARVIS_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  return statement.Run();
}

Status Database::Migrate(std::span<const Sql> steps) {
  PARVIS_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*this));
  PARVIS_ASSIGN_OR_RETURN(const int64_t version, Version());
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
  if (version > 0) PARVIS_RETURN_IF_ERROR(KeepCopy(version));
  PARVIS_RETURN_IF_ERROR(SetVersion(latest));
  return transaction.Commit();
}

Result<Transaction> Transaction::Begin(Database& database, Access access) {
  PARVIS_RETURN_IF_ERROR(database.Begin(access));
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ != nullptr) database_->Rollback();
}

Status Transaction::Commit() {
  Status status = database_->Commit();
  if (status.ok()) database_ = nullptr;
  return status;
}

}  // namespace parvis::store
