#include "parvis/service/sign_in.h"

#include <algorithm>
#include <future>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/service/records.h"
#include "tests/scratch_database.h"

namespace parvis::service {
namespace {

constexpr char kRight[] = "several plain words";
constexpr governance::HashCost kCheap{64, 1, 1};

class SignInTest : public ScratchDatabaseTest {
 protected:
  SignInTest() {
    auto database = std::move(store::Database::Open(path_)).value();
    EXPECT_TRUE(MigrateServiceTables(*database).ok());
    directory_ = std::move(governance::Directory::Open(path_, pepper_)).value();
    keys_ = std::move(governance::KeyRing::Open(path_, pepper_)).value();
    ada_ = std::move(directory_->AddUser({.organisation = "local", .name = "Ada"})).value();
    Make({.wrong_per_minute = 0, .cost = kCheap});
    EXPECT_FALSE(Set(ada_, kRight));
  }
  ~SignInTest() override {
    sign_in_.reset();
    keys_.reset();
    directory_.reset();
  }
  void Make(const SignInSettings& settings) {
    sign_in_ = std::make_unique<SignIn>(*directory_, *keys_, pepper_, settings);
  }

  OrRefusal<SignedIn> Try(PasswordTry attempt) {
    std::promise<OrRefusal<SignedIn>> done;
    sign_in_->ByPassword(std::move(attempt), [&](auto in) { done.set_value(std::move(in)); });
    return done.get_future().get();
  }
  OrRefusal<SignedIn> Try(const std::string& user, const std::string& password,
                          const std::string& peer = "192.0.2.1", const std::string& device = "") {
    return Try({"local", user, password, peer, device});
  }
  std::optional<Refusal> Set(const governance::User& user, const std::string& password) {
    std::promise<std::optional<Refusal>> done;
    sign_in_->SetPassword(user, password, [&](auto refusal) { done.set_value(refusal); });
    return done.get_future().get();
  }
  std::optional<Refusal> Change(const std::string& old, const std::string& fresh) {
    std::promise<std::optional<Refusal>> done;
    sign_in_->ChangePassword({"local", ada_.id, old, "192.0.2.1", ""}, fresh,
                             [&](auto refusal) { done.set_value(refusal); });
    return done.get_future().get();
  }

  const governance::Pepper pepper_ = governance::Pepper::ForTest("of this test");
  std::unique_ptr<governance::Directory> directory_;
  std::unique_ptr<governance::KeyRing> keys_;
  std::unique_ptr<SignIn> sign_in_;
  governance::User ada_;
};

TEST_F(SignInTest, TheRightPasswordGivesASessionAtOnce) {
  for (const std::string& name : {std::string("Ada"), ada_.id}) {
    const auto in = Try(name, kRight);
    ASSERT_TRUE(in.ok()) << in.refusal().message;
    EXPECT_EQ(in->user.id, ada_.id);
    EXPECT_EQ(in->session.session.method, "password");
    EXPECT_TRUE(keys_->Find(in->session.secret).ok());
  }
  const auto widely = Try("Ada", "ｓeveral plain words");
  EXPECT_TRUE(widely.ok()) << "written in another way, the same characters";
}

TEST_F(SignInTest, WrongOnesAreAnsweredAlike) {
  ASSERT_TRUE(directory_->AddUser({.organisation = "local", .name = "Eve"}).ok());
  std::vector<PasswordTry> wrong = {{"local", "Ada", "several plain word", "p", ""},
                                    {"local", "Ada", "", "p", ""},
                                    {"local", "Eve", "", "p", ""},
                                    {"local", "Eve", kRight, "p", ""},
                                    {"local", "Nobody", kRight, "p", ""},
                                    {"elsewhere", "Ada", kRight, "p", ""},
                                    {"local", "' OR 1=1 --", kRight, "p", ""}};
  for (const PasswordTry& attempt : wrong) {
    const auto in = Try(attempt);
    ASSERT_FALSE(in.ok()) << attempt.user;
    EXPECT_EQ(in.refusal().kind, RefusalKind::kUnauthenticated);
    EXPECT_EQ(in.refusal().message, Try("Nobody", "x").refusal().message);
  }
}

// What takes time is the hash; it is made for nobody, too.
TEST_F(SignInTest, TimeTellsNotWhoThereIs) {
  Make({.wrong_per_minute = 0, .cost = {32 << 10, 2, 1}});
  ASSERT_FALSE(Set(ada_, kRight));
  const auto fastest = [&](const std::string& name) {
    double best = 1e9;
    for (int i = 0; i < 4; ++i) {
      const auto begun = std::chrono::steady_clock::now();
      EXPECT_FALSE(Try(name, "wrong").ok());
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
      best = std::min(best, took.count());
    }
    return best;
  };
  const double known = fastest("Ada"), unknown = fastest("Nobody");
  EXPECT_GT(unknown, known * 0.5);
  EXPECT_LT(unknown, known * 2.0);
}

TEST_F(SignInTest, GuessingAnAccountIsSlowedAndItsOwnerIsNot) {
  const auto mine = Try("Ada", kRight);
  ASSERT_TRUE(mine.ok());
  int i = 0;
  const auto guess = [&] {
    return Try("Ada", "a guess", "10.0.0." + std::to_string(++i)).refusal().kind;
  };
  for (int j = 0; j < 10; ++j) EXPECT_EQ(guess(), RefusalKind::kUnauthenticated) << j;
  for (int j = 0; j < 5; ++j) EXPECT_EQ(guess(), RefusalKind::kRateLimited) << j;
  const auto elsewhere = Try("Ada", kRight, "10.0.1.1");
  ASSERT_FALSE(elsewhere.ok()) << "nor does a right guess come through";
  EXPECT_GT(elsewhere.refusal().retry_after_ms.value_or(0), 0);
  EXPECT_LE(elsewhere.refusal().retry_after_ms.value_or(0), 60'000) << "for a minute at most";
  // By the account's id it is the same account.
  EXPECT_EQ(Try(ada_.id, "a guess").refusal().kind, RefusalKind::kRateLimited);
  // Where she has signed in before she comes in, from whatever address.
  const auto again = Try("Ada", kRight, "198.51.100.7", mine->device);
  EXPECT_TRUE(again.ok());
  // Others do not come in by that: it is hers, and cannot be made.
  std::string forged = mine->device;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  for (const std::string& device :
       {forged, ada_.id, ada_.id + "..", std::string("."), ada_.id + "."}) {
    EXPECT_FALSE(Try("Ada", kRight, "198.51.100.7", device).ok()) << device;
  }
  ASSERT_TRUE(directory_->AddUser({.organisation = "local", .name = "Eve"}).ok());
  for (int j = 0; j < 10; ++j) (void)Try("Eve", "a guess", "10.0.0.1", mine->device);
  EXPECT_EQ(Try("Eve", "a guess", "10.0.0.1", mine->device).refusal().kind,
            RefusalKind::kRateLimited)
      << "another's token";
  // A browser that was stolen guesses no more either.
  for (int j = 0; j < 10; ++j) (void)Try("Ada", "a guess", "10.0.0.1", mine->device);
  EXPECT_EQ(Try("Ada", "a guess", "10.0.0.1", mine->device).refusal().kind,
            RefusalKind::kRateLimited);
}

TEST_F(SignInTest, GuessingFromAnAddressIsSlowed) {
  Make({.wrong_per_minute = 6, .cost = kCheap});
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(Try("Ada", kRight).ok()) << "right ones cost nothing";
  const auto guess = [&](int i) {
    return Try("Nobody " + std::to_string(i), "a guess").refusal().kind;
  };
  for (int i = 0; i < 6; ++i) EXPECT_EQ(guess(i), RefusalKind::kUnauthenticated) << i;
  EXPECT_EQ(guess(6), RefusalKind::kRateLimited);
  EXPECT_EQ(Try("Nobody", "a guess", "192.0.2.2").refusal().kind, RefusalKind::kUnauthenticated);
}

TEST_F(SignInTest, HashesFollowTheCost) {
  const std::string before = *directory_->PasswordHashOf(ada_);
  Make({.wrong_per_minute = 0, .cost = {128, 1, 1}});
  EXPECT_FALSE(Try("Ada", "a wrong one").ok());
  EXPECT_EQ(*directory_->PasswordHashOf(ada_), before);
  EXPECT_TRUE(Try("Ada", kRight).ok());
  const std::string after = *directory_->PasswordHashOf(ada_);
  EXPECT_NE(after.find("m=128,"), std::string::npos) << after;
  EXPECT_TRUE(Try("Ada", kRight).ok());
  EXPECT_EQ(*directory_->PasswordHashOf(ada_), after);
}

TEST_F(SignInTest, WhoIsOutStaysOut) {
  ada_.disabled = true;
  ASSERT_TRUE(directory_->Change(ada_).ok());
  const auto in = Try("Ada", kRight);
  ASSERT_FALSE(in.ok());
  EXPECT_EQ(in.refusal().kind, RefusalKind::kForbidden);
  EXPECT_EQ(Try("Ada", "a wrong one").refusal().kind, RefusalKind::kUnauthenticated);
  EXPECT_FALSE(sign_in_->Enter(ada_, "oidc:x").ok());
}

TEST_F(SignInTest, ANewPasswordEndsWhatTheOldOneBegan) {
  const auto in = Try("Ada", kRight);
  EXPECT_EQ(Set(ada_, "short")->kind, RefusalKind::kInvalid);
  EXPECT_EQ(Change("not the old one", "other plain words")->kind, RefusalKind::kUnauthenticated);
  EXPECT_EQ(Change(kRight, "short")->param, "password");
  ASSERT_TRUE(keys_->Find(in->session.secret).ok());
  EXPECT_FALSE(Change(kRight, "other plain words"));
  EXPECT_FALSE(keys_->Find(in->session.secret).ok());
  EXPECT_FALSE(Try("Ada", kRight).ok());
  EXPECT_TRUE(Try("Ada", "other plain words").ok());
}

TEST_F(SignInTest, AFewAtATimeAndTheRestIsSentAway) {
  Make({.wrong_per_minute = 0, .hashes = 1, .waiting = 3, .cost = {64 << 10, 2, 1}});
  std::vector<std::future<OrRefusal<SignedIn>>> all;
  for (int i = 0; i < 12; ++i) {
    auto done = std::make_shared<std::promise<OrRefusal<SignedIn>>>();
    all.push_back(done->get_future());
    sign_in_->ByPassword({"local", "Nobody " + std::to_string(i), "x", "p", ""},
                         [done](auto in) { done->set_value(std::move(in)); });
  }
  int64_t tried = 0, sent_away = 0;
  for (auto& one : all) {
    const auto in = one.get();
    ASSERT_FALSE(in.ok());
    ++(in.refusal().kind == RefusalKind::kOverloaded ? sent_away : tried);
  }
  EXPECT_EQ(tried + sent_away, 12);
  EXPECT_GE(tried, 4);
  EXPECT_GT(sent_away, 0);
}

}  // namespace
}  // namespace parvis::service
