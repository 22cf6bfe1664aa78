#include "parvis/service/invoice_use.h"

#include <utility>

namespace parvis::service {
namespace {

#define PARVIS_CHARGED                                                          \
  "FROM requests r JOIN answers a ON a.request = r.id "                         \
  "WHERE r.organisation = ?1 AND r.created_ms >= ?2 AND r.created_ms < ?3 AND " \
  "a.charged_micros > 0 "
#define PARVIS_USE                                                                  \
  "count(*), sum(coalesce(a.input_tokens, 0)), sum(coalesce(a.cached_tokens, 0)), " \
  "sum(coalesce(a.output_tokens, 0)), sum(a.charged_micros) "

governance::InvoiceUse UseOf(const store::Statement& row, int first) {
  return {row.Int(first), row.Int(first + 1), row.Int(first + 2), row.Int(first + 3),
          row.Int(first + 4)};
}

store::Statement& BindPeriod(store::Statement& statement, const InvoicePeriod& period) {
  return statement.Bind(1, period.organisation).Bind(2, period.from_ms).Bind(3, period.to_ms);
}

}  // namespace

Result<std::vector<std::string>> CurrenciesOf(store::Database& database,
                                              const InvoicePeriod& period) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select, database.Prepare("SELECT DISTINCT r.currency " PARVIS_CHARGED "ORDER BY 1"));
  BindPeriod(select, period);
  std::vector<std::string> currencies;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return currencies;
    currencies.push_back(select.Text(0));
  }
}

Result<int64_t> OpenRequests(store::Database& database, const InvoicePeriod& period) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select, database.Prepare("SELECT count(*) FROM requests r WHERE r.organisation = ?1 AND "
                                    "r.created_ms >= ?2 AND r.created_ms < ?3 AND NOT EXISTS "
                                    "(SELECT 1 FROM answers a WHERE a.request = r.id)"));
  BindPeriod(select, period);
  PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
  return row ? select.Int(0) : 0;
}

Result<std::vector<governance::InvoiceLine>> InvoiceLines(store::Database& database,
                                                          const InvoicePeriod& period,
                                                          const std::string& currency) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database.Prepare("SELECT r.model, r.input_price, r.cached_price, r.output_price, " PARVIS_USE
                           PARVIS_CHARGED "AND r.currency = ?4 GROUP BY 1, 2, 3, 4 "
                       "ORDER BY 1, 2, 3, 4"));
  BindPeriod(select, period).Bind(4, currency);
  std::vector<governance::InvoiceLine> lines;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return lines;
    lines.push_back(
        {select.Text(0), {select.Int(1), select.Int(2), select.Int(3)}, UseOf(select, 4)});
  }
}

Result<std::vector<governance::InvoiceShare>> InvoiceShares(store::Database& database,
                                                            const InvoicePeriod& period,
                                                            const std::string& currency,
                                                            bool users) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database.Prepare(
          "SELECT coalesce((SELECT g.name FROM user_groups g WHERE g.id = r.user_group), "
          "r.user_group), CASE WHEN ?5 = 1 THEN coalesce((SELECT u.name FROM users u WHERE "
          "u.id = r.owner), r.owner) ELSE '' END, " PARVIS_USE PARVIS_CHARGED
          "AND r.currency = ?4 GROUP BY 1, 2 ORDER BY 1, 2"));
  BindPeriod(select, period).Bind(4, currency).Bind(5, int64_t{users});
  std::vector<governance::InvoiceShare> shares;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return shares;
    shares.push_back({select.Text(0), select.Text(1), UseOf(select, 2)});
  }
}

}  // namespace parvis::service
