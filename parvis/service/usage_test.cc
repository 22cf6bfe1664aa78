#include "parvis/service/usage.h"

#include "gtest/gtest.h"
#include "parvis/service/quota_budget.h"
#include "parvis/service/records.h"
#include "tests/scratch_database.h"

namespace parvis::service {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kNow = 20'000 * kDayMs + 3'600'000;

class UsageTest : public ScratchDatabaseTest {
 protected:
  static Caller CallerOf(const std::string& organisation, const std::string& owner) {
    return {organisation, owner, "key_" + owner, {}, "group_" + organisation, "plan"};
  }
  static RequestRecord Request(std::string id, const Caller& caller, int64_t at) {
    RequestRecord record{std::move(id), caller, "POST /x", "m", "d", at, 3, 5};
    record.reserved = {.tokens = 8, .micros = 80, .price = {1, 1, 1}, .currency = "EUR"};
    return record;
  }
  static AnswerRecord Answer(std::string id, int64_t output) {
    AnswerRecord record{std::move(id), "stop", kNow, 3, 1, output};
    record.charge = {3 + output, 10 * output, 10 * output};
    return record;
  }
};

TEST_F(UsageTest, SumsByWhatIsAsked) {
  {
    auto records = std::move(Records::Open(path_)).value();
    const Caller ada = CallerOf("a", "ada"), bob = CallerOf("b", "bob");
    ASSERT_TRUE(records->Write(Request("1", ada, kNow - kDayMs)).ok());
    ASSERT_TRUE(records->Write(Request("2", ada, kNow)).ok());
    ASSERT_TRUE(records->Write(Request("3", bob, kNow)).ok());
    ASSERT_TRUE(records->Write(Request("4", bob, kNow)).ok());
    for (const char* id : {"1", "2", "3"}) ASSERT_TRUE(records->Write(Answer(id, 4)).ok());
  }
  auto usage = std::move(UsageBook::Open(path_)).value();
  UsageQuery query{.organisation = "a", .from_ms = 0, .to_ms = kNow + 1};
  auto rows = usage->Sum(query, 10).value();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].requests, 2);
  EXPECT_EQ(rows[0].input_tokens, 6);
  EXPECT_EQ(rows[0].cached_tokens, 2);
  EXPECT_EQ(rows[0].output_tokens, 8);
  EXPECT_EQ(rows[0].charged_micros, 80);
  EXPECT_EQ(rows[0].currency, "EUR");
  EXPECT_EQ(rows[0].user, "");
  query.by = {.user = true, .bucket_ms = kDayMs};
  rows = usage->Sum(query, 10).value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].begin_ms, (kNow - kDayMs) / kDayMs * kDayMs);
  EXPECT_EQ(rows[1].user, "ada");
  query.from_ms = kNow;
  EXPECT_EQ(usage->Sum(query, 10).value().size(), 1u);
  query.organisation = "";
  EXPECT_EQ(usage->Sum(query, 10).value().size(), 2u);
  EXPECT_EQ(usage->Sum(query, 1).value().size(), 1u);
  query.user = "' OR 1=1 --";
  EXPECT_TRUE(usage->Sum(query, 10).value().empty());
}

// After a kill: what may have gone out counts in the budgets, what cannot have does not, and none
// of it is charged.
TEST_F(UsageTest, WhatWasInterruptedIsNotCharged) {
  {
    auto records = std::move(Records::Open(path_)).value();
    const Caller ada = CallerOf("a", "ada");
    ASSERT_TRUE(records->Write(Request("streamed", ada, kNow)).ok());
    RequestRecord whole = Request("whole", ada, kNow);
    whole.whole = true;
    ASSERT_TRUE(records->Write(whole).ok());
    ASSERT_TRUE(records->Write(Request("done", ada, kNow)).ok());
    ASSERT_TRUE(records->Write(Answer("done", 2)).ok());
  }
  { ASSERT_TRUE(Records::Open(path_).ok()); }
  auto usage = std::move(UsageBook::Open(path_)).value();
  const auto rows =
      usage->Sum({.organisation = "a", .from_ms = 0, .to_ms = kNow + 1, .by = {}}, 10).value();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].requests, 3);
  EXPECT_EQ(rows[0].charged_micros, 20) << "of the one that was answered";

  auto snapshot = std::make_shared<governance::IdentitySnapshot>();
  snapshot->plans["plan"] = {.name = "plan", .currency = "EUR"};
  snapshot->limits[{governance::Scope::kUser, "ada"}]
                  [static_cast<size_t>(governance::Metric::kTokensPerDay)] = 20;
  governance::MemoryQuotaBook book({[] { return kNow; }, [] { return int64_t{0}; }});
  QuotaBudget budget({}, book, [&] { return snapshot; });
  ASSERT_TRUE(LoadUsed(path_, kNow, book).ok());
  const auto refused = budget.Reserve(CallerOf("a", "ada"), {.model = "m", .input_tokens = 8});
  ASSERT_FALSE(refused.ok()) << "8 of the stream and 5 of the one that was answered are gone";
  EXPECT_EQ(refused.refusal().kind, RefusalKind::kQuotaExhausted);
  EXPECT_EQ(refused.refusal().limit, "tokens_per_day of user");
  EXPECT_EQ(refused.refusal().retry_after_ms, kDayMs - 3'600'000);
  EXPECT_TRUE(budget.Reserve(CallerOf("a", "ada"), {.model = "m", .input_tokens = 7}).ok());
}

TEST(CsvField, IsNoFormula) {
  EXPECT_EQ(CsvField("plain"), "plain");
  EXPECT_EQ(CsvField("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvField("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(CsvField("=1+1"), "'=1+1");
  EXPECT_EQ(CsvField("@SUM(A1)"), "'@SUM(A1)");
  EXPECT_EQ(CsvField("+1"), "'+1");
  EXPECT_EQ(CsvField("-1"), "'-1");
  EXPECT_EQ(CsvField("=cmd|' /C calc'!A0,x"), "\"'=cmd|' /C calc'!A0,x\"");
  EXPECT_EQ(CsvField("\tx"), "'\tx");
  EXPECT_EQ(CsvField(""), "");
}

}  // namespace
}  // namespace parvis::service
