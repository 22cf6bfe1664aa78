// Who somebody is elsewhere, as the tables say it.

#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

#include "gtest/gtest.h"
#include "parvis/core/clock.h"
#include "parvis/governance/directory.h"
#include "parvis/governance/key_ring.h"
#include "parvis/governance/schema.h"
#include "tests/scratch_database.h"

namespace parvis::governance {
namespace {

constexpr char kIssuer[] = "https://issuer.example";

class IdentitiesTest : public ScratchDatabaseTest {
 protected:
  IdentitiesTest() {
    constexpr store::Sql kSteps[] = {kIdentityTables, kPlanExtras, kSignInTables, kOidcTables};
    auto database = std::move(store::Database::Open(path_)).value();
    EXPECT_TRUE(database->Migrate(kSteps).ok());
    directory_ = std::move(Directory::Open(path_, pepper_)).value();
    ada_ = std::move(directory_->AddUser({.organisation = "local", .name = "Ada"})).value();
  }
  ~IdentitiesTest() override { directory_.reset(); }

  const Pepper pepper_ = Pepper::ForTest("of this test");
  std::unique_ptr<Directory> directory_;
  User ada_;
};

TEST_F(IdentitiesTest, AreOfOneUserOfAnOrganisation) {
  EXPECT_EQ(directory_->UserOfIdentity("local", kIssuer, "1").status().code(),
            StatusCode::kNotFound);
  ASSERT_TRUE(directory_->LinkIdentity(ada_, kIssuer, "1").ok());
  ASSERT_TRUE(directory_->LinkIdentity(ada_, kIssuer, "1").ok()) << "again";
  EXPECT_EQ(directory_->UserOfIdentity("local", kIssuer, "1")->id, ada_.id);
  for (const auto& [organisation, issuer, subject] :
       {std::tuple("elsewhere", kIssuer, "1"), std::tuple("local", "https://issuer.example/", "1"),
        std::tuple("local", kIssuer, "2"), std::tuple("local", kIssuer, "")}) {
    EXPECT_FALSE(directory_->UserOfIdentity(organisation, issuer, subject).ok()) << subject;
  }
  const User eve = std::move(directory_->AddUser({.organisation = "local", .name = "Eve"})).value();
  EXPECT_FALSE(directory_->LinkIdentity(eve, kIssuer, "1").ok()) << "Ada's";
  EXPECT_FALSE(directory_->LinkIdentity(eve, "", "1").ok());
  const Organisation org = std::move(directory_->AddOrganisation("Lycée", "")).value();
  const User other =
      std::move(directory_->AddUser({.organisation = org.id, .name = "Ada"})).value();
  EXPECT_TRUE(directory_->LinkIdentity(other, kIssuer, "1").ok()) << "in another organisation";
  const NewSession session = std::move(directory_->AddSession(ada_, "oidc:x", 86'400'000)).value();
  ASSERT_TRUE(directory_->UnlinkIdentities(ada_).ok());
  EXPECT_FALSE(directory_->UserOfIdentity("local", kIssuer, "1").ok());
  EXPECT_TRUE(directory_->UserOfIdentity(org.id, kIssuer, "1").ok());
  EXPECT_FALSE(std::move(KeyRing::Open(path_, pepper_)).value()->Find(session.secret).ok());
}

TEST_F(IdentitiesTest, SomebodyNewIsOneUserHoweverOftenTheyComeAtOnce) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<std::string> ids;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto mine = std::move(Directory::Open(path_, pepper_)).value();
      const auto made =
          mine->AddUserOfIdentity({.organisation = "local", .name = "Ada"}, kIssuer, "7");
      const std::lock_guard lock(mutex);
      ids.insert(made.ok() ? made->id : made.status().message());
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(ids.size(), 1u) << *ids.begin();
  EXPECT_NE(*ids.begin(), ada_.id) << "a name is nobody's identity";
  const User made = std::move(directory_->FindUser("local", *ids.begin())).value();
  EXPECT_TRUE(made.name.starts_with("Ada ")) << made.name;
  EXPECT_EQ(directory_->UserOfIdentity("local", kIssuer, "7")->id, made.id);
  EXPECT_EQ(directory_->Users("local")->size(), 3u) << "operator, Ada and the other Ada";
}

TEST_F(IdentitiesTest, WhatCountsOnceCountsOnce) {
  const int64_t later = WallClockMs() + 60'000;
  std::atomic<int> first{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto mine = std::move(Directory::Open(path_, pepper_)).value();
      if (mine->UseOnce("a", later).value()) ++first;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(first, 1);
  EXPECT_TRUE(*directory_->UseOnce("b", WallClockMs() - 1));
  EXPECT_TRUE(*directory_->UseOnce("b", later)) << "forgotten, once its time was over";
  EXPECT_FALSE(*directory_->UseOnce("b", later));
}

}  // namespace
}  // namespace parvis::governance
