#include "parvis/governance/shared_quota.h"

#include <optional>
#include <utility>

#include "parvis/core/json.h"

namespace parvis::governance {
namespace {

constexpr store::Sql kTakeAway = "DELETE FROM quota_holds WHERE request = ?1 RETURNING request";
constexpr store::Sql kTakeLeftAway =
    "DELETE FROM quota_holds WHERE request = ?1 AND server NOT IN (SELECT id FROM servers) "
    "RETURNING request";

// The account's row, made if it is not there, and nobody else's until the end of the transaction.
Result<QuotaAccount> Lock(store::Database& database, const std::string& name) {
  PARVIS_ASSIGN_OR_RETURN(
      auto lock,
      database.Prepare("INSERT INTO quota_accounts(name, minute, first_entry, day, day_tokens, "
                       "month, month_micros, running) VALUES(?1, '', 0, 0, 0, 0, 0, 0) "
                       "ON CONFLICT(name) DO UPDATE SET running = quota_accounts.running "
                       "RETURNING minute, first_entry, day, day_tokens, month, month_micros, "
                       "running"));
  PARVIS_ASSIGN_OR_RETURN(const bool row, lock.Bind(1, name).Step());
  if (!row) return Internal("quota_accounts: no row was made");
  QuotaAccount account{.first_entry = lock.Int(1),
                       .day = lock.Int(2),
                       .day_tokens = lock.Int(3),
                       .month = lock.Int(4),
                       .month_micros = lock.Int(5),
                       .running = lock.Int(6)};
  PARVIS_RETURN_IF_ERROR(ReadMinute(lock.Text(0), account));
  return account;
}

Status Save(store::Database& database, const std::string& name, const QuotaAccount& account) {
  PARVIS_ASSIGN_OR_RETURN(
      auto save, database.Prepare("UPDATE quota_accounts SET minute = ?2, first_entry = ?3, "
                                  "day = ?4, day_tokens = ?5, month = ?6, month_micros = ?7, "
                                  "running = ?8 WHERE name = ?1"));
  return save.Bind(1, name)
      .Bind(2, MinuteText(account))
      .Bind(3, account.first_entry)
      .Bind(4, account.day)
      .Bind(5, account.day_tokens)
      .Bind(6, account.month)
      .Bind(7, account.month_micros)
      .Bind(8, account.running)
      .Run();
}

std::string PlacesText(const Grant& grant) {
  Json places = Json::array();
  for (const Grant::Place& place : grant.places) {
    places.push_back({place.account, place.entry, place.day, place.month});
  }
  return places.dump();
}

// In all accounts of the grant; whoever does this has taken its hold away.
Status SettleAll(store::Database& database, const Grant& grant, int64_t tokens, int64_t micros) {
  for (const Grant::Place& place : grant.places) {
    PARVIS_ASSIGN_OR_RETURN(QuotaAccount account, Lock(database, place.account));
    SettleIn(account, grant, place, tokens, micros);
    PARVIS_RETURN_IF_ERROR(Save(database, place.account, account));
  }
  return {};
}

Status WriteHold(store::Database& database, const std::string& server, const Grant& grant) {
  PARVIS_ASSIGN_OR_RETURN(
      auto insert, database.Prepare("INSERT INTO quota_holds(request, server, tokens, micros, "
                                    "places) VALUES(?1, ?2, ?3, ?4, ?5)"));
  return insert.Bind(1, grant.request)
      .Bind(2, server)
      .Bind(3, grant.tokens)
      .Bind(4, grant.micros)
      .Bind(5, PlacesText(grant))
      .Run();
}

}  // namespace

Result<Grant> GrantOf(std::string request, int64_t tokens, int64_t micros,
                      const std::string& places) {
  const Status wrong = DataLoss("quota_holds.places: not as they were written");
  PARVIS_ASSIGN_OR_RETURN(const Json all, ParseJson(places));
  Grant grant;
  grant.request = std::move(request);
  grant.tokens = tokens;
  grant.micros = micros;
  if (!all.is_array()) return wrong;
  for (const Json& one : all) {
    if (!one.is_array() || one.size() != 4 || !one[0].is_string()) return wrong;
    for (size_t i = 1; i < 4; ++i) {
      if (!one[i].is_number_integer()) return wrong;
    }
    grant.places.push_back({one[0], one[1], one[2], one[3]});
  }
  return grant;
}

Status Uncount(store::Database& database, const std::string& request, const Spender& spender,
               int64_t created_ms, int64_t tokens, int64_t micros) {
  std::optional<Grant> held;
  {
    PARVIS_ASSIGN_OR_RETURN(auto take,
                            database.Prepare("DELETE FROM quota_holds WHERE request = ?1 "
                                             "RETURNING tokens, micros, places"));
    PARVIS_ASSIGN_OR_RETURN(const bool found, take.Bind(1, request).Step());
    if (found) {
      PARVIS_ASSIGN_OR_RETURN(held, GrantOf(request, take.Int(0), take.Int(1), take.Text(2)));
    }
  }
  if (held) return SettleAll(database, *held, 0, 0);
  for (const QuotaSubject& subject : SubjectsOf(spender)) {
    PARVIS_ASSIGN_OR_RETURN(
        auto update,
        database.Prepare(
            "UPDATE quota_accounts SET "
            "day_tokens = CASE WHEN day = ?2 AND day_tokens > ?3 THEN day_tokens - ?3 "
            "WHEN day = ?2 THEN 0 ELSE day_tokens END, "
            "month_micros = CASE WHEN month = ?4 AND month_micros > ?5 THEN month_micros - ?5 "
            "WHEN month = ?4 THEN 0 ELSE month_micros END WHERE name = ?1"));
    PARVIS_RETURN_IF_ERROR(update.Bind(1, subject.account)
                               .Bind(2, DayOf(created_ms))
                               .Bind(3, tokens)
                               .Bind(4, MonthOf(created_ms))
                               .Bind(5, micros)
                               .Run());
  }
  return {};
}

// A connection for the time of one transaction.
class SharedQuotaBook::Borrowed {
 public:
  explicit Borrowed(SharedQuotaBook& book) : book_(book) {
    std::unique_lock lock(book.mutex_);
    book.freed_.wait(lock, [&book] { return !book.free_.empty(); });
    database_ = std::move(book.free_.back());
    book.free_.pop_back();
  }
  ~Borrowed() {
    {
      const std::lock_guard lock(book_.mutex_);
      book_.free_.push_back(std::move(database_));
    }
    book_.freed_.notify_one();
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  store::Database& operator*() const { return *database_; }

 private:
  SharedQuotaBook& book_;
  std::unique_ptr<store::Database> database_;
};

Result<std::unique_ptr<SharedQuotaBook>> SharedQuotaBook::Open(const std::string& where,
                                                               std::function<std::string()> server,
                                                               QuotaClock clock,
                                                               size_t connections) {
  // A minute of several machines goes by what they have in common.
  clock.steady_ms = clock.wall_ms;
  auto book =
      std::unique_ptr<SharedQuotaBook>(new SharedQuotaBook(std::move(server), std::move(clock)));
  for (size_t i = 0; i < connections; ++i) {
    PARVIS_ASSIGN_OR_RETURN(auto database, store::Database::Open(where));
    book->free_.push_back(std::move(database));
  }
  return book;
}

SharedQuotaBook::~SharedQuotaBook() = default;

Result<std::variant<Grant, LimitHit>> SharedQuotaBook::Take(const LimitTable& table,
                                                            const LimitSet& each_key,
                                                            const Spender& spender,
                                                            const Ask& ask) {
  using Taken = std::variant<Grant, LimitHit>;
  const Borrowed database(*this);
  PARVIS_ASSIGN_OR_RETURN(auto transaction,
                          store::Transaction::Begin(*database, store::Access::kUnsynced));
  const std::vector<QuotaSubject> subjects = SubjectsOf(spender);
  std::vector<QuotaAccount> accounts;
  accounts.reserve(subjects.size());
  std::vector<QuotaAccount*> places;
  for (const QuotaSubject& subject : subjects) {
    PARVIS_ASSIGN_OR_RETURN(QuotaAccount account, Lock(*database, subject.account));
    accounts.push_back(std::move(account));
    places.push_back(&accounts.back());
  }
  const QuotaNow now = NowOf(clock_);  // once nobody is before us any more
  for (QuotaAccount& account : accounts) account.Roll(now);
  Taken taken = TakeFrom(subjects, places, table, each_key, ask, now);
  const Grant* const grant = std::get_if<Grant>(&taken);
  if (grant == nullptr) return taken;
  for (size_t i = 0; i < subjects.size(); ++i) {
    PARVIS_RETURN_IF_ERROR(Save(*database, subjects[i].account, accounts[i]));
  }
  PARVIS_RETURN_IF_ERROR(WriteHold(*database, server_(), *grant));
  PARVIS_RETURN_IF_ERROR(transaction.Commit());
  return taken;
}

// Whoever takes the hold away settles it; so it is done once, however often it is tried.
Status SharedQuotaBook::SettleNow(const Used& used, store::Sql take_away) {
  const Borrowed database(*this);
  PARVIS_ASSIGN_OR_RETURN(auto transaction,
                          store::Transaction::Begin(*database, store::Access::kUnsynced));
  {
    PARVIS_ASSIGN_OR_RETURN(auto remove, (*database).Prepare(take_away));
    PARVIS_ASSIGN_OR_RETURN(const bool held, remove.Bind(1, used.grant.request).Step());
    if (!held) return {};
  }
  PARVIS_RETURN_IF_ERROR(SettleAll(*database, used.grant, used.tokens, used.micros));
  return transaction.Commit();
}

void SharedQuotaBook::Settle(const Grant& grant, int64_t tokens, int64_t micros) {
  Used used{grant, tokens, micros};
  if (SettleNow(used, kTakeAway).ok()) return;
  const std::lock_guard lock(mutex_);
  unsettled_.push_back(std::move(used));
}

Status SharedQuotaBook::SettleLeft(const Grant& grant, int64_t tokens, int64_t micros) {
  return SettleNow({grant, tokens, micros}, kTakeLeftAway);
}

void SharedQuotaBook::SettleAgain() {
  std::vector<Used> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(unsettled_);
  }
  for (Used& used : all) Settle(used.grant, used.tokens, used.micros);
}

}  // namespace parvis::governance
