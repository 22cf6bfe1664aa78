// parvis usage: what was used, by whom, and what it costs.

#include "parvis/service/usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/store_folder.h"
#include "parvis/core/clock.h"
#include "parvis/core/utc.h"

namespace parvis::cli {
namespace {

using service::UsageRow;

constexpr int64_t kMaxRows = 100'000;
constexpr int64_t kDayMs = 86'400'000;

struct Options {
  StoreFlags store;
  std::string org, from, to;
  std::vector<std::string> by;
  bool csv = false;
};

// "2026-11-01": the first moment of that day, UTC.
Result<int64_t> DayMs(const std::string& text, const std::string& flag) {
  int year = 0, end = 0;
  unsigned month = 0, day = 0;
  if (text.size() == 10 &&
      std::sscanf(text.c_str(), "%4d-%2u-%2u%n", &year, &month, &day, &end) == 3 && end == 10) {
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(day)};
    if (date.ok()) {
      return int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * kDayMs;
    }
  }
  return InvalidArgument(flag + ": a day, such as 2026-11-01");
}

int64_t MonthBeginMs(int64_t now_ms) {
  const std::chrono::year_month_day today =
      std::chrono::sys_days(std::chrono::days(now_ms / kDayMs));
  const auto first = std::chrono::sys_days(today.year() / today.month() / 1);
  return int64_t{first.time_since_epoch().count()} * kDayMs;
}

Result<service::UsageQuery> QueryOf(const Options& o, governance::Directory& directory) {
  service::UsageQuery query;
  const int64_t now = WallClockMs();
  query.from_ms = MonthBeginMs(now);
  query.to_ms = now + 1;
  if (!o.org.empty()) {
    PARVIS_ASSIGN_OR_RETURN(const auto of, directory.FindOrganisation(o.org));
    query.organisation = of.id;
  }
  if (!o.from.empty()) {
    PARVIS_ASSIGN_OR_RETURN(query.from_ms, DayMs(o.from, "--from"));
  }
  if (!o.to.empty()) {
    PARVIS_ASSIGN_OR_RETURN(query.to_ms, DayMs(o.to, "--to"));
    query.to_ms += kDayMs;  // that day, too
  }
  const auto by = [&o](const char* what) {
    return std::find(o.by.begin(), o.by.end(), what) != o.by.end();
  };
  query.by = {by("user"), by("group"), by("key"), by("model"), by("day") ? kDayMs : 0};
  return query;
}

// Names for people in place of ids.
Status NameThem(governance::Directory& directory, std::vector<UsageRow>& rows) {
  std::map<std::string, std::string> names;
  PARVIS_ASSIGN_OR_RETURN(const auto organisations, directory.Organisations());
  for (const auto& organisation : organisations) {
    PARVIS_ASSIGN_OR_RETURN(const auto users, directory.Users(organisation.id));
    for (const auto& user : users) names[user.id] = user.name;
    PARVIS_ASSIGN_OR_RETURN(const auto groups, directory.Groups(organisation.id));
    for (const auto& group : groups) names[group.id] = group.name;
    names[organisation.id] = organisation.name;
  }
  for (UsageRow& row : rows) {
    for (std::string* const field : {&row.organisation, &row.user, &row.group}) {
      const auto found = names.find(*field);
      if (found != names.end()) *field = found->second;
    }
  }
  return {};
}

void PrintCsv(const std::vector<UsageRow>& rows, Console& console) {
  console.Print(
      "from,organisation,group,user,api_key,model,requests,input_tokens,cached_tokens,"
      "output_tokens,charged,currency\r\n");
  for (const UsageRow& row : rows) {
    std::string line = UtcSeconds(row.begin_ms);
    for (const std::string& field :
         {row.organisation, row.group, row.user, row.api_key, row.model}) {
      line += "," + service::CsvField(field);
    }
    console.Print(fmt::format("{},{},{},{},{},{},{}\r\n", line, row.requests, row.input_tokens,
                              row.cached_tokens, row.output_tokens,
                              governance::MoneyText(row.charged_micros), row.currency));
  }
}

OrderedJson JsonOf(const UsageRow& row) {
  return {{"from", UtcSeconds(row.begin_ms)},
          {"organisation", row.organisation},
          {"group", row.group},
          {"user", row.user},
          {"api_key", row.api_key},
          {"model", row.model},
          {"requests", row.requests},
          {"input_tokens", row.input_tokens},
          {"cached_tokens", row.cached_tokens},
          {"output_tokens", row.output_tokens},
          {"charged", governance::MoneyText(row.charged_micros)},
          {"currency", row.currency}};
}

void PrintTable(const std::vector<UsageRow>& rows, Console& console) {
  const char* const kRow = "{:<10} {:<18} {:<12} {:<18} {:<28} {:<16} {:>8} {:>10} {:>10} {:>12}\n";
  if (!console.quiet) {
    console.Print(fmt::format(fmt::runtime(kRow), "FROM", "ORGANISATION", "GROUP", "USER", "KEY",
                              "MODEL", "REQUESTS", "INPUT", "OUTPUT", "CHARGED"));
  }
  const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  for (const UsageRow& row : rows) {
    console.Print(fmt::format(
        fmt::runtime(kRow), UtcDate(row.begin_ms), row.organisation, or_dash(row.group),
        or_dash(row.user), or_dash(row.api_key), or_dash(row.model), row.requests, row.input_tokens,
        row.output_tokens,
        row.currency.empty() ? "-"
                             : governance::MoneyText(row.charged_micros) + " " + row.currency));
  }
}

Status Usage(const Options& o, Console& console) {
  if (o.csv && console.json) return InvalidArgument("--csv and --json: one of them");
  PARVIS_ASSIGN_OR_RETURN(const auto directory, o.store.Open());
  PARVIS_ASSIGN_OR_RETURN(const std::string path, o.store.DatabasePath());
  PARVIS_ASSIGN_OR_RETURN(const auto book, service::UsageBook::Open(path));
  PARVIS_ASSIGN_OR_RETURN(const service::UsageQuery query, QueryOf(o, *directory));
  PARVIS_ASSIGN_OR_RETURN(auto rows, book->Sum(query, kMaxRows + 1));
  if (static_cast<int64_t>(rows.size()) > kMaxRows) {
    return Status(StatusCode::kResourceExhausted, "too many rows: ask for fewer days at a time");
  }
  PARVIS_RETURN_IF_ERROR(NameThem(*directory, rows));
  if (o.csv) {
    PrintCsv(rows, console);
  } else if (console.json) {
    OrderedJson document = Console::Document("usage");
    document["from"] = UtcSeconds(query.from_ms);
    document["to"] = UtcSeconds(query.to_ms);
    document["usage"] = OrderedJson::array();
    for (const UsageRow& row : rows) document["usage"].push_back(JsonOf(row));
    console.PrintJson(document);
  } else {
    PrintTable(rows, console);
  }
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("--org", &o->org, "Of this organisation, by id or name (default: of all)");
  flags.Add("--by", &o->by, "Told apart by these; may be given several times",
            {.one_of = {"user", "group", "key", "model", "day"}});
  flags.Add("--from", &o->from, "First day, UTC (default: the first of the month)");
  flags.Add("--to", &o->to, "Last day, UTC (default: today)");
  flags.Add("--csv", &o->csv, "As a table for a spreadsheet");
  o->store.AddTo(flags);
  return [o, &console] { return Usage(*o, console); };
}

}  // namespace

const Command kUsage = {"usage", "Say what was used, by whom, and what it costs",
                        "parvis usage --org \"Lycée A\" --by user --by day", &Define};

}  // namespace parvis::cli
