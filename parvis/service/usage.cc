#include "parvis/service/usage.h"

#include <utility>

#include "parvis/service/records.h"

namespace parvis::service {

Result<std::unique_ptr<UsageBook>> UsageBook::Open(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(auto database, store::Database::Open(path));
  PARVIS_RETURN_IF_ERROR(MigrateServiceTables(*database).In(path));
  return std::unique_ptr<UsageBook>(new UsageBook(std::move(database)));
}

Result<std::vector<UsageRow>> UsageBook::Sum(const UsageQuery& query, int64_t max_rows) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database_->Prepare(
          "SELECT CASE WHEN ?3 > 0 THEN r.created_ms / ?3 * ?3 ELSE ?1 END, r.organisation, "
          "CASE WHEN ?4 = 1 THEN r.owner ELSE '' END, "
          "CASE WHEN ?5 = 1 THEN r.user_group ELSE '' END, "
          "CASE WHEN ?6 = 1 THEN r.api_key ELSE '' END, "
          "CASE WHEN ?7 = 1 THEN r.model ELSE '' END, r.currency, count(*), "
          "sum(coalesce(a.input_tokens, 0)), sum(coalesce(a.cached_tokens, 0)), "
          "sum(coalesce(a.output_tokens, 0)), sum(a.charged_micros) "
          "FROM requests r JOIN answers a ON a.request = r.id "
          "WHERE r.created_ms >= ?1 AND r.created_ms < ?2 AND (?8 = '' OR r.organisation = ?8) "
          "AND (?9 = '' OR r.owner = ?9) AND (?10 = '' OR r.user_group = ?10) "
          "AND (?11 = '' OR r.api_key = ?11) AND (?12 = '' OR r.model = ?12) "
          "GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7 LIMIT ?13"));
  select.Bind(1, query.from_ms)
      .Bind(2, query.to_ms)
      .Bind(3, query.by.bucket_ms)
      .Bind(4, int64_t{query.by.user})
      .Bind(5, int64_t{query.by.group})
      .Bind(6, int64_t{query.by.key})
      .Bind(7, int64_t{query.by.model})
      .Bind(8, query.organisation)
      .Bind(9, query.user)
      .Bind(10, query.group)
      .Bind(11, query.api_key)
      .Bind(12, query.model)
      .Bind(13, max_rows);
  std::vector<UsageRow> rows;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return rows;
    rows.push_back({select.Int(0), select.Text(1), select.Text(2), select.Text(3), select.Text(4),
                    select.Text(5), select.Text(6), select.Int(7), select.Int(8), select.Int(9),
                    select.Int(10), select.Int(11)});
  }
}

std::string CsvField(const std::string& text) {
  std::string field;
  if (!text.empty() && std::string_view("=+-@\t\r\n").find(text[0]) != std::string_view::npos) {
    field = "'";
  }
  field += text;
  if (field.find_first_of("\",\r\n;") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace parvis::service
