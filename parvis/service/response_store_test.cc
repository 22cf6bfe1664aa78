#include "parvis/service/response_store.h"

#include <cstdlib>

#include "gtest/gtest.h"
#include "parvis/core/clock.h"
#include "parvis/service/records.h"
#include "tests/scratch_database.h"

namespace parvis::service {
namespace {

const Caller kAnn = {"org", "ann", "key_1", {}};
const Caller kBob = {"org", "bob", "key_2", {}};
const Caller kAnnElsewhere = {"other", "ann", "key_3", {}};

class ResponseStoreTest : public ScratchDatabaseTest {
 protected:
  ResponseStoreTest() {
    records_ = std::move(Records::Open(path_)).value();
    store_ = std::move(ResponseStore::Open(path_, {.keep_ms = 0})).value();
    EXPECT_TRUE(records_->Write(RequestRecord{"req_1", kAnn, "POST /x", "m", "d", 1, 3, 5}).ok());
  }

  std::unique_ptr<Records> records_;
  std::unique_ptr<ResponseStore> store_;
};

TEST_F(ResponseStoreTest, OnlyTheOwnerFindsAndDeletesIt) {
  const StoredResponse stored{"resp_1", "req_1", "resp_0", 7, "[1]", "{}"};
  ASSERT_TRUE(store_->Put(kAnn, stored).ok());
  const auto found = store_->Get(kAnn, "resp_1").value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->request, "req_1");
  EXPECT_EQ(found->previous, "resp_0");
  EXPECT_EQ(found->created_ms, 7);
  EXPECT_EQ(found->input, "[1]");
  EXPECT_EQ(found->response, "{}");
  for (const Caller& other : {kBob, kAnnElsewhere}) {
    EXPECT_FALSE(store_->Get(other, "resp_1").value().has_value());
    EXPECT_FALSE(store_->Delete(other, "resp_1").value());
  }
  EXPECT_TRUE(store_->Delete(kAnn, "resp_1").value());
  EXPECT_FALSE(store_->Get(kAnn, "resp_1").value().has_value());
  EXPECT_FALSE(store_->Delete(kAnn, "resp_1").value());
}

TEST_F(ResponseStoreTest, WhatIsDeletedIsGoneFromTheDisk) {
  if (ScratchIsShared()) GTEST_SKIP() << "of a file";
  const std::string secret = "the secret of the tall tower";
  ASSERT_TRUE(store_->Put(kAnn, {"resp_1", "req_1", "", 7, "[]", secret}).ok());
  EXPECT_TRUE(OnDisk(secret));
  ASSERT_TRUE(store_->Delete(kAnn, "resp_1").value());
  EXPECT_FALSE(OnDisk(secret));
}

TEST_F(ResponseStoreTest, AnAnswerIsWrittenAnew) {
  ASSERT_TRUE(store_->Put(kAnn, {"resp_1", "req_1", "", 7, "[1]", "queued"}).ok());
  ASSERT_TRUE(store_->Update(kBob, "resp_1", "stolen").ok());
  EXPECT_EQ(store_->Get(kAnn, "resp_1").value()->response, "queued");
  ASSERT_TRUE(store_->Update(kAnn, "resp_1", "completed").ok());
  EXPECT_EQ(store_->Get(kAnn, "resp_1").value()->response, "completed");
  // What was deleted meanwhile stays so.
  ASSERT_TRUE(store_->Delete(kAnn, "resp_1").value());
  ASSERT_TRUE(store_->Update(kAnn, "resp_1", "completed").ok());
  EXPECT_FALSE(store_->Get(kAnn, "resp_1").value().has_value());
}

// An answer in the background is under way for as long as the server that makes it is there and its
// request has no end.
TEST_F(ResponseStoreTest, IsUnderWayWhileItsServerIsThere) {
  const auto database = std::move(store::Database::Open(path_)).value();
  const auto under_way = [&] { return store_->Get(kAnn, "resp_1").value()->under_way; };
  ASSERT_TRUE(store_->Put(kAnn, {"resp_1", "req_1", "", 7, "[1]", "queued"}).ok());
  EXPECT_FALSE(under_way()) << "nobody beside us makes it";
  ASSERT_TRUE(database->Run("UPDATE requests SET server = 'server_1'").ok());
  EXPECT_FALSE(under_way()) << "that server is gone";
  ASSERT_TRUE(
      database->Run("INSERT INTO servers(id, lock, started_ms) VALUES('server_1', 1, 1)").ok());
  EXPECT_TRUE(under_way());
  AnswerRecord answer{"req_1", "stop", WallClockMs(), 3, 0, 5};
  answer.charge = {8, 80, 80};
  ASSERT_TRUE(records_->Write(answer).ok());
  EXPECT_TRUE(under_way()) << "it is kept in a moment";
  ASSERT_TRUE(database->Run("DELETE FROM servers").ok());
  EXPECT_FALSE(under_way()) << "it was not kept";
  ASSERT_TRUE(store_->MarkLost(*store_->Get(kAnn, "resp_1").value()).ok());
  auto paid = std::move(database->Prepare("SELECT finish, counted_tokens + charged_micros FROM "
                                          "answers"))
                  .value();
  ASSERT_TRUE(paid.Step().value());
  EXPECT_EQ(paid.Text(0), "interrupted");
  EXPECT_EQ(paid.Int(1), 0) << "what nobody got costs nothing";
}

TEST_F(ResponseStoreTest, WhoMakesItHearsThatItIsUnwanted) {
  ASSERT_TRUE(store_->Put(kAnn, {"resp_1", "req_1", "", 7, "[1]", "queued"}).ok());
  ASSERT_TRUE(store_->MarkUnwanted(kBob, "resp_1").ok());
  EXPECT_FALSE(store_->IsUnwanted("resp_1").value());
  EXPECT_FALSE(store_->IsUnwanted("resp_2").value());
  ASSERT_TRUE(store_->MarkUnwanted(kAnn, "resp_1").ok());
  EXPECT_TRUE(store_->IsUnwanted("resp_1").value());
}

TEST_F(ResponseStoreTest, WhatIsTooOldIsNotFoundAndThenGone) {
  constexpr int64_t kDay = int64_t{24} * 60 * 60 * 1000;
  const auto store = std::move(ResponseStore::Open(path_, {.keep_ms = kDay})).value();
  const int64_t now = WallClockMs();
  ASSERT_TRUE(store->Put(kAnn, {"resp_1", "req_1", "", now - 2 * kDay, "[]", "the old one"}).ok());
  ASSERT_TRUE(store->Put(kAnn, {"resp_2", "req_1", "", now, "[]", "{}"}).ok());
  EXPECT_FALSE(store->Get(kAnn, "resp_1").value().has_value());
  EXPECT_TRUE(ScratchIsShared() || OnDisk("the old one"));
  ASSERT_TRUE(store->Expire(now).ok());
  EXPECT_FALSE(!ScratchIsShared() && OnDisk("the old one"));
  EXPECT_TRUE(store->Get(kAnn, "resp_2").value().has_value());
}

TEST_F(ResponseStoreTest, TheOldestOfAnOwnerGoFirst) {
  const auto store =
      std::move(ResponseStore::Open(path_, {.owner_responses = 2, .keep_ms = 0})).value();
  ASSERT_TRUE(store->Put(kBob, {"resp_0", "req_1", "", 1, "[]", "{}"}).ok());
  for (int i = 1; i <= 3; ++i) {
    const std::string id = "resp_" + std::to_string(i);
    ASSERT_TRUE(store->Put(kAnn, {id, "req_1", "", i, "[]", "the text of " + id}).ok());
  }
  ASSERT_TRUE(store->Expire(WallClockMs()).ok());
  EXPECT_FALSE(!ScratchIsShared() && OnDisk("the text of resp_1"));
  EXPECT_FALSE(store->Get(kAnn, "resp_1").value().has_value());
  EXPECT_TRUE(store->Get(kAnn, "resp_2").value().has_value());
  EXPECT_TRUE(store->Get(kAnn, "resp_3").value().has_value());
  EXPECT_TRUE(store->Get(kBob, "resp_0").value().has_value());  // another owner's
}

TEST_F(ResponseStoreTest, AnAnswerNeedsItsRecord) {
  EXPECT_FALSE(store_->Put(kAnn, {"resp_2", "req_2", "", 7, "[]", "{}"}).ok());
}

}  // namespace
}  // namespace parvis::service
