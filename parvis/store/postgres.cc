// The database on libpq (https://www.postgresql.org/docs/15/libpq.html).

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "parvis/store/database.h"
#include "parvis/store/postgres_sql.h"

namespace parvis::store {
namespace {

// Of what pg_type.dat says; they never change.
constexpr Oid kBytesType = 17, kIntType = 20, kTextType = 25;
constexpr int kOldestServer = 120000;

// First numbers of advisory locks: of whoever writes alone, and of TryLock.
constexpr int kWriterLock = 0x50617201, kNamedLock = 0x50617202;

// What every connection is told. Waiting for another's lock ends as it does with a file.
constexpr char kSettings[] =
    "SET standard_conforming_strings = on; SET synchronous_commit = on; SET lock_timeout = '5s';"
    "SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '30s';"
    "SET client_min_messages = warning";

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

std::string Line(const char* message) {
  std::string text = message == nullptr ? "" : message;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

// By the class of its SQLSTATE (PostgreSQL's documentation, appendix A).
StatusCode CodeOf(std::string_view state) {
  const std::string_view kind = state.substr(0, 2);
  if (kind == "23" || kind == "22") return StatusCode::kInvalidArgument;
  if (kind == "53") return StatusCode::kResourceExhausted;
  if (kind == "40" || kind == "55" || kind == "57" || kind == "08" || kind == "25") {
    return StatusCode::kUnavailable;
  }
  if (kind == "XX") return StatusCode::kDataLoss;
  if (kind == "28" || state == "42501") return StatusCode::kPermissionDenied;
  if (kind == "58") return StatusCode::kIoError;
  return StatusCode::kInternal;
}

// One value that is bound; its bytes as they go over the wire.
struct Value {
  Oid type = 0;
  std::string bytes;
  bool null = true;
};

class PostgresDatabase : public Database {
 public:
  explicit PostgresDatabase(PGconn* connection) : connection_(connection) {}
  ~PostgresDatabase() override { PQfinish(connection_); }

  Status Configure() {
    if (PQstatus(connection_) != CONNECTION_OK) {
      return Status(StatusCode::kUnavailable, Line(PQerrorMessage(connection_)));
    }
    if (PQserverVersion(connection_) < kOldestServer) {
      return Unimplemented("the database is older than PostgreSQL 12");
    }
    PQsetNoticeProcessor(
        connection_, [](void*, const char*) {}, nullptr);
    prepared_.clear();
    return Execute(kSettings);
  }

  Result<Statement> Prepare(Sql sql) override;

  // Migrations: they may take as long as they need.
  Status RunScript(Sql script) override {
    return Execute("SET LOCAL statement_timeout = 0; " + PostgresSql(script.text()));
  }

  Status ForgetDeleted() override { return {}; }

  Result<bool> TryLock(int32_t number) override {
    PARVIS_RETURN_IF_ERROR(Reconnect());
    PARVIS_ASSIGN_OR_RETURN(
        const Answer answer,
        Check(PQexec(
            connection_,
            fmt::format("SELECT pg_try_advisory_lock({}, {})", kNamedLock, number).c_str())));
    const bool taken = PQgetvalue(answer.get(), 0, 0)[0] == 't';
    locks_ = locks_ || taken;
    return taken;
  }
  Status Unlock(int32_t number) override {
    return Execute(fmt::format("SELECT pg_advisory_unlock({}, {})", kNamedLock, number));
  }

  // The statement as the server knows it; it is prepared once for each kind of values.
  Result<Answer> Run(const char* sql, const std::vector<Value>& values);

 private:
  Result<Answer> Check(PGresult* result) {
    Answer answer(result);
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return answer;
    const char* const state = result == nullptr ? nullptr : PQresultErrorField(result, 'C');
    if (state == nullptr || PQstatus(connection_) != CONNECTION_OK) {
      return Status(StatusCode::kUnavailable, "database: " + Line(PQerrorMessage(connection_)));
    }
    return Status(CodeOf(state), "database: " + Line(PQresultErrorField(result, 'M')));
  }

  Status Execute(const std::string& script) {
    return Check(PQexec(connection_, script.c_str())).status();
  }

  // What the other side said while nobody asked: that it ends, and the end. So the first who asks
  // after an outage is not the one who finds out.
  void TakeWord() {
    pollfd socket = {PQsocket(connection_), POLLIN, 0};
    while (PQstatus(connection_) == CONNECTION_OK && poll(&socket, 1, 0) > 0) {
      if (PQconsumeInput(connection_) == 0) return;
    }
  }

  // A connection that broke is made anew, but never within a transaction: its half is lost.
  Status Reconnect() {
    if (!open_ && !locks_) TakeWord();  // who has locks must be told that they are lost
    if (PQstatus(connection_) == CONNECTION_OK) return {};
    if (open_) return {StatusCode::kUnavailable, "database: the connection broke"};
    locks_ = false;
    PQreset(connection_);
    return Configure();
  }

  Status Begin(Access access) override {
    PARVIS_RETURN_IF_ERROR(Reconnect());
    std::string script;
    switch (access) {
      case Access::kAlone:
        script = fmt::format("BEGIN; SELECT pg_advisory_xact_lock({}, 0)", kWriterLock);
        break;
      case Access::kTogether:
        script = "BEGIN";
        break;
      case Access::kUnsynced:
        script = "BEGIN; SET LOCAL synchronous_commit = off";
        break;
      case Access::kRead:
        script = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        break;
    }
    open_ = true;
    Status status = Execute(script);
    if (!status.ok()) Rollback();
    return status;
  }

  Status Commit() override {
    PARVIS_ASSIGN_OR_RETURN(const Answer answer, Check(PQexec(connection_, "COMMIT")));
    // What failed within it makes of COMMIT a ROLLBACK, which succeeds.
    if (std::string_view(PQcmdStatus(answer.get())) != "COMMIT") {
      return Internal("database: the transaction had failed");
    }
    open_ = false;
    return {};
  }

  void Rollback() override {
    (void)Execute("ROLLBACK");
    open_ = false;
  }

  Result<int64_t> Version() override {
    PARVIS_RETURN_IF_ERROR(
        Execute("CREATE TABLE IF NOT EXISTS schema_version(version BIGINT NOT NULL)"));
    PARVIS_ASSIGN_OR_RETURN(
        const Answer answer,
        Check(PQexec(connection_, "SELECT coalesce(max(version), 0) FROM schema_version")));
    return std::strtoll(PQgetvalue(answer.get(), 0, 0), nullptr, 10);
  }

  Status SetVersion(int64_t version) override {
    return Execute(
        fmt::format("DELETE FROM schema_version; INSERT INTO schema_version VALUES({})", version));
  }

  PGconn* const connection_;
  bool open_ = false;   // a transaction
  bool locks_ = false;  // it may have some of its own
  // By statement and the types of its values. Statements are constants, so their address is them.
  std::map<std::pair<const char*, std::vector<Oid>>, std::string> prepared_;
};

class PostgresStatement : public Statement::Engine {
 public:
  PostgresStatement(PostgresDatabase& database, const char* sql) : database_(database), sql_(sql) {}

  void BindInt(int place, int64_t value) override {
    std::string bytes(8, '\0');
    for (int i = 0; i < 8; ++i) {
      const uint64_t shifted = static_cast<uint64_t>(value) >> (56 - 8 * i);
      bytes[static_cast<size_t>(i)] = static_cast<char>(shifted);
    }
    Set(place, {kIntType, std::move(bytes), false});
  }
  void BindText(int place, std::string_view text) override {
    Set(place, {kTextType, std::string(text), false});
  }
  void BindBytes(int place, std::string_view bytes) override {
    Set(place, {kBytesType, std::string(bytes), false});
  }
  void BindNull(int place) override { Set(place, {}); }

  Result<bool> Step() override {
    if (answer_ == nullptr) {
      PARVIS_ASSIGN_OR_RETURN(answer_, database_.Run(sql_, values_));
    } else {
      ++row_;
    }
    return row_ < PQntuples(answer_.get());
  }

  bool IsNull(int column) const override { return PQgetisnull(answer_.get(), row_, column) != 0; }
  int64_t Int(int column) const override {
    const std::string_view text = View(column);
    if (text == "t" || text == "f") return text == "t" ? 1 : 0;
    int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  std::string Text(int column) const override {
    if (PQftype(answer_.get(), column) != kBytesType) return std::string(View(column));
    size_t size = 0;
    unsigned char* const bytes = PQunescapeBytea(
        reinterpret_cast<const unsigned char*>(PQgetvalue(answer_.get(), row_, column)), &size);
    std::string text(reinterpret_cast<const char*>(bytes), size);
    PQfreemem(bytes);
    return text;
  }

 private:
  void Set(int place, Value value) {
    const auto index = static_cast<size_t>(place - 1);
    if (values_.size() <= index) values_.resize(index + 1);
    values_[index] = std::move(value);
  }
  std::string_view View(int column) const {
    return {PQgetvalue(answer_.get(), row_, column),
            static_cast<size_t>(PQgetlength(answer_.get(), row_, column))};
  }

  PostgresDatabase& database_;
  const char* const sql_;
  std::vector<Value> values_;
  Answer answer_;
  int row_ = 0;
};

Result<Statement> PostgresDatabase::Prepare(Sql sql) {
  PARVIS_RETURN_IF_ERROR(Reconnect());
  return Statement(std::make_unique<PostgresStatement>(*this, sql.text()));
}

Result<Answer> PostgresDatabase::Run(const char* sql, const std::vector<Value>& values) {
  const int count = static_cast<int>(values.size());
  std::vector<Oid> types;
  std::vector<const char*> bytes;
  std::vector<int> sizes;
  for (const Value& value : values) {
    types.push_back(value.type);
    bytes.push_back(value.null ? nullptr : value.bytes.data());
    sizes.push_back(static_cast<int>(value.bytes.size()));
  }
  std::string& name = prepared_[{sql, types}];
  if (name.empty()) {
    const std::string fresh = fmt::format("s{}", prepared_.size());
    PARVIS_RETURN_IF_ERROR(
        Check(PQprepare(connection_, fresh.c_str(), PostgresSql(sql).c_str(), count, types.data()))
            .status());
    name = fresh;
  }
  const std::vector<int> binary(values.size(), 1);
  return Check(PQexecPrepared(connection_, name.c_str(), count, bytes.data(), sizes.data(),
                              binary.data(), /*resultFormat=*/0));
}

// An address is shown in messages and lists of processes: what lets somebody in does not belong
// there.
Status CheckUrl(const std::string& url) {
  char* error = nullptr;
  PQconninfoOption* const options = PQconninfoParse(url.c_str(), &error);
  if (options == nullptr) {
    Status status = InvalidArgument("the database's address: " + Line(error));
    PQfreemem(error);
    return status;
  }
  bool secret = false;
  for (const PQconninfoOption* o = options; o->keyword != nullptr; ++o) {
    const std::string_view name = o->keyword;
    secret = secret || (o->val != nullptr && (name == "password" || name == "sslpassword"));
  }
  PQconninfoFree(options);
  if (!secret) return {};
  return InvalidArgument(
      "the database's address has a password; let it stand in a file that only you can read: "
      "?passfile=/path/of/file, ~/.pgpass or PGPASSFILE");
}

}  // namespace

Result<std::unique_ptr<Database>> OpenPostgres(const std::string& url) {
  PARVIS_RETURN_IF_ERROR(CheckUrl(url));
  // What stands before the address can be said otherwise in it.
  const std::array<const char*, 10> names = {"application_name",
                                             "connect_timeout",
                                             "keepalives_idle",
                                             "keepalives_interval",
                                             "keepalives_count",
                                             "tcp_user_timeout",
                                             "dbname",
                                             "client_encoding",
                                             nullptr};
  const std::array<const char*, 10> values = {"parvis", "5",         "5",    "2",    "3",
                                              "10000",  url.c_str(), "UTF8", nullptr};
  PGconn* const connection = PQconnectdbParams(names.data(), values.data(), /*expand_dbname=*/1);
  auto database = std::make_unique<PostgresDatabase>(connection);
  PARVIS_RETURN_IF_ERROR(database->Configure().In("database"));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace parvis::store
