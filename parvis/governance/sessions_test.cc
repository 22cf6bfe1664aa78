// Passwords' rows and sessions, as the tables and the ring of keys say it.

#include <thread>

#include "gtest/gtest.h"
#include "parvis/core/clock.h"
#include "parvis/governance/directory.h"
#include "parvis/governance/key_ring.h"
#include "parvis/governance/schema.h"
#include "tests/scratch_database.h"

namespace parvis::governance {
namespace {

using std::chrono::milliseconds;
constexpr int64_t kDay = 86'400'000;

class SessionsTest : public ScratchDatabaseTest {
 protected:
  SessionsTest() {
    constexpr store::Sql kSteps[] = {kIdentityTables, kPlanExtras, kSignInTables};
    auto database = std::move(store::Database::Open(path_)).value();
    EXPECT_TRUE(database->Migrate(kSteps).ok());
    directory_ = std::move(Directory::Open(path_, pepper_)).value();
    ada_ = std::move(directory_->AddUser({.organisation = "local", .name = "Ada"})).value();
  }
  ~SessionsTest() override { directory_.reset(); }

  std::unique_ptr<KeyRing> Ring(KeyRingSettings settings = {}) {
    return std::move(KeyRing::Open(path_, pepper_, settings)).value();
  }
  NewSession SignIn(int64_t life_ms = kDay) {
    return std::move(directory_->AddSession(ada_, "password", life_ms)).value();
  }

  const Pepper pepper_ = Pepper::ForTest("of this test");
  std::unique_ptr<Directory> directory_;
  User ada_;
};

TEST_F(SessionsTest, AreCredentialsOfTheirUser) {
  ada_.role = Role::kSteward;
  ada_.denied = Permissions().With(Permission::kSeeUsage);
  ASSERT_TRUE(directory_->Change(ada_).ok());
  const NewSession made = SignIn();
  EXPECT_TRUE(made.secret.starts_with("pvs-"));
  const auto ring = Ring();
  const auto found = ring->Find(made.secret);
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE((*found)->session);
  EXPECT_EQ((*found)->key, made.session.id);
  EXPECT_EQ((*found)->owner, ada_.id);
  EXPECT_TRUE((*found)->permissions.Has(Permission::kManageIdentity));
  EXPECT_FALSE((*found)->permissions.Has(Permission::kSeeUsage));
  EXPECT_TRUE(ring->FindById(made.session.id).ok());
  EXPECT_FALSE(ring->Find(made.session.id).ok()) << "an id is no credential";
  EXPECT_FALSE(
      std::move(KeyRing::Open(path_, Pepper::ForTest("x"))).value()->Find(made.secret).ok());
}

TEST_F(SessionsTest, AllThatEndsThem) {
  const auto ring = Ring();
  const auto ends = [&](const char* what, const auto& end) {
    const NewSession made = SignIn();
    ASSERT_TRUE(ring->Refresh().ok());
    ASSERT_TRUE(ring->Find(made.secret).ok()) << what;
    end(made.session);
    ASSERT_TRUE(ring->Refresh().ok());
    EXPECT_FALSE(ring->Find(made.secret).ok()) << what;
    EXPECT_FALSE(ring->FindById(made.session.id).ok()) << what;
  };
  ends("its own end", [&](const Session& session) {
    EXPECT_FALSE(directory_->EndSession("elsewhere", session.id).ok());
    EXPECT_TRUE(directory_->EndSession("local", session.id).ok());
  });
  ends("a new password",
       [&](const Session&) { EXPECT_TRUE(directory_->SetPasswordHash(ada_, "x").ok()); });
  ends("no password any more",
       [&](const Session&) { EXPECT_TRUE(directory_->SetPasswordHash(ada_, "").ok()); });
  ends("all of them", [&](const Session&) { EXPECT_TRUE(directory_->EndSessionsOf(ada_).ok()); });
  ends("a denial", [&](const Session&) {
    ada_.denied = Permissions().With(Permission::kUseModels);
    EXPECT_TRUE(directory_->Change(ada_).ok());
  });
  ends("a user who is disabled, though enabled again", [&](const Session&) {
    ada_.disabled = true;
    EXPECT_TRUE(directory_->Change(ada_).ok());
    EXPECT_FALSE(directory_->AddSession(ada_, "password", kDay).ok());
    ada_.disabled = false;
    EXPECT_TRUE(directory_->Change(ada_).ok());
  });
}

TEST_F(SessionsTest, AnOrganisationsEndIsTheirs) {
  Organisation org = std::move(directory_->AddOrganisation("Lycée", "")).value();
  ada_ = std::move(directory_->AddUser({.organisation = org.id, .name = "Ada"})).value();
  const NewSession made = SignIn();
  org.disabled = true;
  ASSERT_TRUE(directory_->Change(org).ok());
  EXPECT_FALSE(directory_->AddSession(ada_, "password", kDay).ok());
  org.disabled = false;
  ASSERT_TRUE(directory_->Change(org).ok());
  EXPECT_FALSE(Ring()->Find(made.secret).ok());
}

TEST_F(SessionsTest, EndAfterTheirTimeThoughUsed) {
  const NewSession made = SignIn(1000);
  const auto ring = Ring();
  const int64_t ends = made.session.expires_ms;
  while (true) {
    const int64_t before = WallClockMs();
    const bool found = ring->Find(made.secret).ok();
    if (before >= ends) {
      EXPECT_FALSE(found);
      return;
    }
    EXPECT_TRUE(found || WallClockMs() >= ends);
    std::this_thread::sleep_for(milliseconds(20));
  }
}

TEST_F(SessionsTest, EndWhenNobodyUsesThem) {
  const NewSession idle = SignIn(), used = SignIn();
  const auto ring = Ring(
      {.poll = milliseconds(50), .note_use = milliseconds(50), .session_idle = milliseconds(3000)});
  while (WallClockMs() < idle.session.used_ms + 3100) {
    EXPECT_TRUE(ring->Find(used.secret).ok());
    std::this_thread::sleep_for(milliseconds(50));
  }
  EXPECT_FALSE(ring->Find(idle.secret).ok());
  EXPECT_FALSE(ring->FindById(idle.session.id).ok());
  EXPECT_TRUE(ring->Find(used.secret).ok());
  ASSERT_TRUE(directory_->EndSession("local", idle.session.id).ok());  // all is read anew
  ASSERT_TRUE(ring->Refresh().ok());
  EXPECT_TRUE(ring->Find(used.secret).ok());
}

TEST_F(SessionsTest, UseElsewhereKeepsThemAlive) {
  const NewSession made = SignIn();
  const KeyRingSettings settings{
      .poll = milliseconds(50), .note_use = milliseconds(50), .session_idle = milliseconds(3000)};
  const auto here = Ring(settings), elsewhere = Ring(settings);
  while (WallClockMs() < made.session.used_ms + 3300) {
    EXPECT_TRUE(elsewhere->Find(made.secret).ok());
    std::this_thread::sleep_for(milliseconds(50));
  }
  EXPECT_TRUE(here->Find(made.secret).ok());
}

TEST_F(SessionsTest, HaveANumber) {
  std::vector<std::string> secrets;
  for (int i = 0; i < Directory::kMaxSessions + 3; ++i) {
    secrets.push_back(SignIn().secret);
    std::this_thread::sleep_for(milliseconds(2));  // a time of its own
  }
  const auto ring = Ring();
  for (size_t i = 0; i < secrets.size(); ++i) EXPECT_EQ(ring->Find(secrets[i]).ok(), i >= 3) << i;
}

TEST_F(SessionsTest, AreOfPeople) {
  const User robot =
      std::move(directory_->AddUser({.organisation = "local", .name = "R", .service = true}))
          .value();
  EXPECT_FALSE(directory_->AddSession(robot, "password", kDay).ok());
  EXPECT_FALSE(directory_->SetPasswordHash(robot, "x").ok());
}

TEST_F(SessionsTest, HashesOfPasswords) {
  EXPECT_EQ(*directory_->PasswordHashOf(ada_), "");
  ASSERT_TRUE(directory_->SetPasswordHash(ada_, "one").ok());
  ASSERT_TRUE(directory_->ReplacePasswordHash(ada_, "one", "dearer").ok());
  EXPECT_EQ(*directory_->PasswordHashOf(ada_), "dearer");
  ASSERT_TRUE(directory_->SetPasswordHash(ada_, "two").ok());
  ASSERT_TRUE(directory_->ReplacePasswordHash(ada_, "dearer", "the old one again").ok());
  EXPECT_EQ(*directory_->PasswordHashOf(ada_), "two") << "a change in between stays";
  const auto other = std::move(Directory::Open(path_, Pepper::ForTest("another"))).value();
  EXPECT_EQ(*other->PasswordHashOf(ada_), "");
  ASSERT_TRUE(directory_->SetPasswordHash(ada_, "").ok());
  EXPECT_EQ(*directory_->PasswordHashOf(ada_), "");
}

}  // namespace
}  // namespace parvis::governance
