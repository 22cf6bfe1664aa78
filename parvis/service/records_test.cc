#include "parvis/service/records.h"

#include <filesystem>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/clock.h"
#include "parvis/service/operator_key.h"

namespace parvis::service {
namespace {

class RecordsTest : public testing::Test {
 protected:
  RecordsTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    path_ = folder_ / "parvis.db";
  }
  ~RecordsTest() override { std::filesystem::remove_all(folder_); }

  static RequestRecord Request(std::string id) {
    return {std::move(id), {"org", "me", "key", {}}, "POST /x", "m", "d", WallClockMs(), 3, 5};
  }
  std::vector<std::string> Finishes() const {
    auto database = std::move(store::Database::Open(path_)).value();
    auto select = std::move(database->Prepare(
                                "SELECT finish || ' ' || organisation || ' ' || owner || ' ' || "
                                "coalesce(output_tokens, 'unknown') FROM answers ORDER BY request"))
                      .value();
    std::vector<std::string> all;
    while (select.Step().value()) all.push_back(select.Text(0));
    return all;
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(RecordsTest, AnswersBelongToTheirRequestsOwner) {
  {
    auto records = std::move(Records::Open(path_)).value();
    ASSERT_TRUE(records->Write(Request("a")).ok());
    ASSERT_TRUE(records->Write(AnswerRecord{"a", "stop", 1, 3, 0, 5}).ok());
    EXPECT_FALSE(records->Write(Request("a")).ok()) << "a request is on record once";
  }
  EXPECT_EQ(Finishes(), std::vector<std::string>{"stop org me 5"});
}

TEST_F(RecordsTest, WhatAnEarlierProcessLeftIsMarked) {
  {
    auto records = std::move(Records::Open(path_)).value();
    ASSERT_TRUE(records->Write(Request("a")).ok());
    ASSERT_TRUE(records->Write(Request("b")).ok());
    ASSERT_TRUE(records->Write(AnswerRecord{"b", "length", 1, 3, 0, 5}).ok());
  }
  { ASSERT_TRUE(Records::Open(path_).ok()); }
  EXPECT_EQ(Finishes(),
            (std::vector<std::string>{"interrupted org me unknown", "length org me 5"}));
}

TEST_F(RecordsTest, ManyWaitForOneSync) {
  auto records = std::move(Records::Open(path_)).value();
  std::vector<std::thread> threads;
  std::atomic<int> written{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string id = std::to_string(t) + "-" + std::to_string(i % 19);  // one comes twice
        if (records->Write(Request(id)).ok()) ++written;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(written, 8 * 19) << "one that is refused takes no other with it";
}

TEST_F(RecordsTest, TheOperatorsKeyIsShownOnceAndReplaced) {
  auto records = std::move(Records::Open(path_)).value();
  auto database = std::move(store::Database::Open(path_)).value();
  auto first = std::move(OperatorKey::Open(*database)).value();
  ASSERT_TRUE(first.new_key);
  EXPECT_EQ(first.new_key->size(), 3u + 43u);
  EXPECT_TRUE(first.identity->Identify(*first.new_key).ok());
  EXPECT_FALSE(first.identity->Identify("").ok());
  EXPECT_FALSE(first.identity->Identify(*first.new_key + "x").ok());

  auto again = std::move(OperatorKey::Open(*database)).value();
  EXPECT_FALSE(again.new_key);
  EXPECT_TRUE(again.identity->Identify(*first.new_key).ok());

  const std::string replaced = std::move(OperatorKey::Replace(*database)).value();
  auto last = std::move(OperatorKey::Open(*database)).value();
  EXPECT_TRUE(last.identity->Identify(replaced).ok());
  EXPECT_FALSE(last.identity->Identify(*first.new_key).ok());

  const Anyone anyone(*last.identity);
  EXPECT_FALSE(anyone.Identify("none")->permissions.Has(Permission::kManage));
  EXPECT_TRUE(anyone.Identify(replaced)->permissions.Has(Permission::kManage));
}

}  // namespace
}  // namespace parvis::service
