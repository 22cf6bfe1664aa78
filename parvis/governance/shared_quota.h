#ifndef PARVIS_GOVERNANCE_SHARED_QUOTA_H_
#define PARVIS_GOVERNANCE_SHARED_QUOTA_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/governance/quota.h"
#include "parvis/governance/quota_rules.h"
#include "parvis/store/database.h"

namespace parvis::governance {

// The books of several servers, as rows of their database: a Take has the rows of its accounts for
// itself, so that no two requests spend the same unit wherever they run. Nothing of it is synced by
// itself: the record of the request is, after its Take and before anything is delivered, and a
// database writes its log in order. A Take that a loss of power forgets had no record.
//
// Each Take leaves a hold under the name of its server until it is settled, so that others can
// settle what a server that died had under way. Safe to call from several threads.
class SharedQuotaBook : public QuotaBook {
 public:
  // REQUIRES: the database has schema.h's tables. `server`: the name of this one now. `clock`: the
  // servers' clocks must agree; minutes go by the one on the wall here, too. `connections`: so many
  // requests take at a time.
  static Result<std::unique_ptr<SharedQuotaBook>> Open(const std::string& where,
                                                       std::function<std::string()> server,
                                                       QuotaClock clock = SystemQuotaClock(),
                                                       size_t connections = 4);
  ~SharedQuotaBook() override;

  Result<std::variant<Grant, LimitHit>> Take(const LimitTable& table, const LimitSet& each_key,
                                             const Spender& spender, const Ask& ask) override;
  // What the database does not take now is kept for SettleAgain.
  void Settle(const Grant& grant, int64_t tokens, int64_t micros) override;
  void SettleAgain();
  // The same for a server that is not in the table `servers` any more. Does nothing if one that is
  // there has taken over the hold.
  Status SettleLeft(const Grant& grant, int64_t tokens, int64_t micros);

 private:
  class Borrowed;
  struct Used {
    Grant grant;
    int64_t tokens, micros;
  };

  SharedQuotaBook(std::function<std::string()> server, QuotaClock clock)
      : server_(std::move(server)), clock_(std::move(clock)) {}
  Status SettleNow(const Used& used, store::Sql take_away);

  const std::function<std::string()> server_;
  const QuotaClock clock_;
  std::mutex mutex_;  // guards the three below
  std::condition_variable freed_;
  std::vector<std::unique_ptr<store::Database>> free_;
  std::vector<Used> unsettled_;
};

// A grant as it stands in the row of its hold.
Result<Grant> GrantOf(std::string request, int64_t tokens, int64_t micros,
                      const std::string& places);

// As if the request had used nothing, of whose answer nobody got anything: settles its hold with
// that, or takes out of the accounts' day and month what it counted when it was settled
// (`created_ms`, `tokens` and `micros` as on its record). Within the caller's transaction. Does
// nothing to accounts that are not rows.
Status Uncount(store::Database& database, const std::string& request, const Spender& spender,
               int64_t created_ms, int64_t tokens, int64_t micros);

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_SHARED_QUOTA_H_
