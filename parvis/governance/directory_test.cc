// Who there is and what their keys are worth, as the tables and the ring of keys say it.

#include "parvis/governance/directory.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "gtest/gtest.h"
#include "parvis/core/clock.h"
#include "parvis/governance/key_ring.h"
#include "parvis/governance/schema.h"
#include "tests/scratch_database.h"

namespace parvis::governance {
namespace {

class DirectoryTest : public ScratchDatabaseTest {
 protected:
  DirectoryTest() {
    constexpr store::Sql kSteps[] = {kIdentityTables, kPlanExtras, kSignInTables};
    auto database = std::move(store::Database::Open(path_)).value();
    EXPECT_TRUE(database->Migrate(kSteps).ok());
    directory_ = std::move(Directory::Open(path_, pepper_)).value();
  }
  ~DirectoryTest() override { directory_.reset(); }

  std::unique_ptr<KeyRing> Ring(KeyRingSettings settings = {}) {
    return std::move(KeyRing::Open(path_, pepper_, settings)).value();
  }
  NewKey KeyFor(const User& user, ApiKey key = {}) {
    key.organisation = user.organisation;
    key.owner = user.id;
    key.name = "a key";
    return std::move(directory_->AddKey(std::move(key))).value();
  }
  User Member(const std::string& organisation, const std::string& name, Role role = Role::kMember) {
    return std::move(
               directory_->AddUser({.organisation = organisation, .name = name, .role = role}))
        .value();
  }

  const Pepper pepper_ = Pepper::ForTest("of this test");
  std::unique_ptr<Directory> directory_;
};

TEST_F(DirectoryTest, AKeySaysWhoHoldsIt) {
  const Organisation school = directory_->AddOrganisation("École", "").value();
  const Group group = directory_->AddGroup(school.id, "6e-B", "").value();
  const User ada =
      directory_->AddUser({.organisation = school.id, .group = group.id, .name = "Ada"}).value();
  const NewKey made = KeyFor(ada);
  EXPECT_EQ(made.secret.size(), 3u + 43u);
  EXPECT_EQ(made.key.prefix, made.secret.substr(0, 7));
  const auto ring = Ring();
  const auto principal = ring->Find(made.secret);
  ASSERT_TRUE(principal.ok());
  EXPECT_EQ((*principal)->organisation, school.id);
  EXPECT_EQ((*principal)->owner, ada.id);
  EXPECT_EQ((*principal)->group, group.id);
  EXPECT_TRUE((*principal)->permissions.Has(Permission::kUseModels));
  EXPECT_FALSE((*principal)->permissions.Has(Permission::kManageIdentity));
  for (const std::string& wrong : {std::string(), made.secret + "x", made.secret.substr(1),
                                   std::string(made.key.id), std::string("' OR 1=1 --")}) {
    EXPECT_EQ(ring->Find(wrong).status().code(), StatusCode::kNotFound) << wrong;
  }
}

TEST_F(DirectoryTest, NoKeyIsKept) {
  if (ScratchIsShared()) GTEST_SKIP() << "of a file";
  const NewKey made = KeyFor(Member("local", "Ada"));
  directory_.reset();  // empties the log into the file
  std::ifstream file(path_, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  ASSERT_NE(bytes.find(made.key.id), std::string::npos) << "this is where it would be";
  EXPECT_EQ(bytes.find(made.secret.substr(8)), std::string::npos);
  const Sha256Digest plain = Sha256(made.secret);
  EXPECT_EQ(bytes.find(std::string(reinterpret_cast<const char*>(plain.data()), plain.size())),
            std::string::npos)
      << "the digest is keyed";
}

// Who can write to the database but has no pepper cannot make a key that is let in.
TEST_F(DirectoryTest, AnotherPeppersKeysAreWorthNothing) {
  auto other = std::move(Directory::Open(path_, Pepper::ForTest("of a thief"))).value();
  const NewKey planted =
      other->AddKey({.organisation = "local", .owner = "operator", .name = "planted"}).value();
  EXPECT_FALSE(Ring()->Find(planted.secret).ok());
  EXPECT_TRUE(directory_->EnsureOperatorKey().value()) << "nor does it count as the operator's";
}

TEST_F(DirectoryTest, RevocationCountsInARunningRingWithinASecond) {
  const NewKey made = KeyFor(Member("local", "Ada"));
  const auto ring = Ring();
  ASSERT_TRUE(ring->Find(made.secret).ok());
  ASSERT_TRUE(directory_->RevokeKey("local", made.key.id).ok());
  const auto begun = std::chrono::steady_clock::now();
  while (ring->Find(made.secret).ok()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ASSERT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  RecordProperty("seconds", std::to_string(seconds));
  EXPECT_LT(seconds, 1.0);
  EXPECT_FALSE(ring->FindById(made.key.id).ok());
  EXPECT_TRUE(directory_->RevokeKey("local", made.key.id).ok()) << "again does no harm";
}

TEST_F(DirectoryTest, WhatEndsAKeyAndWhatBringsItBack) {
  Organisation school = directory_->AddOrganisation("École", "").value();
  User ada = Member(school.id, "Ada");
  const NewKey made = KeyFor(ada);
  const auto ring = Ring();
  const auto counts = [&] {
    EXPECT_TRUE(ring->Refresh().ok());
    return ring->Find(made.secret).ok();
  };
  EXPECT_TRUE(counts());
  ada.disabled = true;
  ASSERT_TRUE(directory_->Change(ada).ok());
  EXPECT_FALSE(counts());
  ada.disabled = false;
  ASSERT_TRUE(directory_->Change(ada).ok());
  EXPECT_TRUE(counts());
  school.disabled = true;
  ASSERT_TRUE(directory_->Change(school).ok());
  EXPECT_FALSE(counts());
  ApiKey soon;
  soon.expires_ms = WallClockMs() - 1;
  EXPECT_FALSE(ring->Find(KeyFor(Member("local", "Bob"), soon).secret).ok());
}

TEST_F(DirectoryTest, ADenialWinsOverTheRoleAndTheKey) {
  Organisation school = directory_->AddOrganisation("École", "").value();
  Group group = directory_->AddGroup(school.id, "6e-B", "").value();
  User steward = directory_
                     ->AddUser({.organisation = school.id,
                                .group = group.id,
                                .name = "Prof",
                                .role = Role::kSteward})
                     .value();
  const NewKey made = KeyFor(steward);
  const auto ring = Ring();
  const auto has = [&](Permission permission) {
    EXPECT_TRUE(ring->Refresh().ok());
    return ring->Find(made.secret).value()->permissions.Has(permission);
  };
  EXPECT_TRUE(has(Permission::kManageIdentity));
  EXPECT_TRUE(has(Permission::kUseModels));
  steward.denied = Permissions().With(Permission::kUseModels);
  ASSERT_TRUE(directory_->Change(steward).ok());
  EXPECT_FALSE(has(Permission::kUseModels));
  EXPECT_TRUE(has(Permission::kManageIdentity));
  group.denied = Permissions().With(Permission::kManageIdentity);
  ASSERT_TRUE(directory_->Change(group).ok());
  EXPECT_FALSE(has(Permission::kManageIdentity));
  school.denied = Permissions::All();
  ASSERT_TRUE(directory_->Change(school).ok());
  EXPECT_FALSE(has(Permission::kSeeModels));
}

TEST_F(DirectoryTest, ScopesAreASubsetOfTheRole) {
  ApiKey narrow;
  narrow.scopes = Permissions().With(Permission::kSeeUsage).With(Permission::kManageIdentity);
  const NewKey made = KeyFor(Member("local", "Ada", Role::kAuditor), narrow);
  const auto ring = Ring();
  EXPECT_EQ(ring->Find(made.secret).value()->permissions,
            Permissions().With(Permission::kSeeUsage));
}

// An operator of a guest's organisation has no power over the service or others.
TEST_F(DirectoryTest, WhatConcernsTheServiceIsForItsHost) {
  const Organisation guest = directory_->AddOrganisation("guest", "").value();
  const NewKey theirs = KeyFor(Member(guest.id, "boss", Role::kOperator));
  const NewKey ours = KeyFor(Member("local", "boss", Role::kOperator));
  const auto ring = Ring();
  for (const Permission permission :
       {Permission::kManage, Permission::kSeeMetrics, Permission::kManageOrganisations}) {
    EXPECT_FALSE(ring->Find(theirs.secret).value()->permissions.Has(permission));
    EXPECT_TRUE(ring->Find(ours.secret).value()->permissions.Has(permission));
  }
  EXPECT_TRUE(ring->Find(theirs.secret).value()->permissions.Has(Permission::kManageIdentity));
}

TEST_F(DirectoryTest, NothingIsFoundFromAnotherOrganisation) {
  const Organisation a = directory_->AddOrganisation("a", "").value();
  const Organisation b = directory_->AddOrganisation("b", "").value();
  const Group group = directory_->AddGroup(a.id, "class", "").value();
  const User ada = Member(a.id, "Ada");
  const NewKey key = KeyFor(ada);
  EXPECT_EQ(directory_->FindGroup(b.id, group.id).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(directory_->FindGroup(b.id, "class").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(directory_->FindUser(b.id, ada.id).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(directory_->FindKey(b.id, key.key.id).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(directory_->RevokeKey(b.id, key.key.id).code(), StatusCode::kNotFound);
  EXPECT_EQ(directory_->RotateKey(b.id, key.key.id, 0).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(directory_->RemoveGroup(b.id, group.id).code(), StatusCode::kNotFound);
  User moved = ada;
  moved.organisation = b.id;
  EXPECT_EQ(directory_->Change(moved).code(), StatusCode::kNotFound);
  EXPECT_EQ(
      directory_->AddKey({.organisation = b.id, .owner = ada.id, .name = "k"}).status().code(),
      StatusCode::kNotFound);
  EXPECT_EQ(
      directory_->AddUser({.organisation = b.id, .group = group.id, .name = "Bob"}).status().code(),
      StatusCode::kNotFound);
  EXPECT_TRUE(directory_->Users(b.id).value().empty());
  EXPECT_TRUE(directory_->Keys(b.id).value().empty());
  EXPECT_TRUE(Ring()->Find(key.secret).ok()) << "nothing of all this did anything";
}

TEST_F(DirectoryTest, NamesAreUniqueInTheirOrganisation) {
  const Organisation a = directory_->AddOrganisation("a", "").value();
  const Organisation b = directory_->AddOrganisation("b", "").value();
  Member(a.id, "Ada");
  EXPECT_EQ(directory_->AddUser({.organisation = a.id, .name = "Ada"}).status().code(),
            StatusCode::kInvalidArgument);
  User other = Member(a.id, "Bob");
  Member(b.id, "Ada");
  other.name = "Ada";
  EXPECT_EQ(directory_->Change(other).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(directory_->AddOrganisation("a", "").status().code(), StatusCode::kInvalidArgument);
  for (const char* bad : {"", "user_x", "org_x", "-x", "a\nb", "\x7f"}) {
    EXPECT_FALSE(directory_->AddUser({.organisation = a.id, .name = bad}).ok()) << bad;
  }
  EXPECT_FALSE(directory_->AddUser({.organisation = a.id, .name = std::string(65, 'x')}).ok());
}

TEST_F(DirectoryTest, RotationOverlaps) {
  ApiKey key;
  key.models = {"fable", "lens"};
  key.scopes = Permissions().With(Permission::kUseModels);
  const NewKey old = KeyFor(Member("local", "Ada"), key);
  ASSERT_TRUE(directory_
                  ->SetLimit({.organisation = "local",
                              .scope = Scope::kKey,
                              .subject = old.key.id,
                              .metric = Metric::kTokensPerDay,
                              .value = 9})
                  .ok());
  const NewKey next = directory_->RotateKey("local", old.key.id, 60'000).value();
  const auto ring = Ring();
  EXPECT_TRUE(ring->Find(old.secret).ok());
  const auto now = ring->Find(next.secret).value();
  EXPECT_EQ(now->models, key.models);
  EXPECT_EQ(now->permissions, key.scopes);
  EXPECT_EQ(next.key.replaces, old.key.id);
  const LimitTable limits = ring->snapshot()->limits;
  EXPECT_EQ(limits.at({Scope::kKey, next.key.id})[static_cast<size_t>(Metric::kTokensPerDay)], 9);
  const NewKey last = directory_->RotateKey("local", next.key.id, 0).value();
  ASSERT_TRUE(ring->Refresh().ok());
  EXPECT_FALSE(ring->Find(next.secret).ok());
  EXPECT_TRUE(ring->Find(last.secret).ok());
  EXPECT_FALSE(directory_->RotateKey("local", next.key.id, 0).ok()) << "it is over";
}

TEST_F(DirectoryTest, TheOperatorsKeyIsMadeOnceAndReplaced) {
  const auto first = directory_->EnsureOperatorKey().value();
  ASSERT_TRUE(first);
  EXPECT_FALSE(directory_->EnsureOperatorKey().value());
  const auto ring = Ring();
  EXPECT_EQ(ring->Find(*first).value()->permissions, Permissions::All());
  const std::string second = directory_->ReplaceOperatorKey().value();
  ASSERT_TRUE(ring->Refresh().ok());
  EXPECT_FALSE(ring->Find(*first).ok());
  EXPECT_TRUE(ring->Find(second).ok());
  User op = directory_->FindUser("local", "operator").value();
  op.disabled = true;
  EXPECT_FALSE(directory_->Change(op).ok()) << "nobody locks themselves out";
  Organisation host = directory_->FindOrganisation("local").value();
  host.disabled = true;
  EXPECT_FALSE(directory_->Change(host).ok());
}

TEST_F(DirectoryTest, TellsWhenAKeyWasUsed) {
  const NewKey made = KeyFor(Member("local", "Ada"));
  EXPECT_FALSE(directory_->FindKey("local", made.key.id).value().last_used_ms);
  {
    const auto ring = Ring();
    ASSERT_TRUE(ring->Find(made.secret).ok());
  }
  EXPECT_TRUE(directory_->FindKey("local", made.key.id).value().last_used_ms);
}

// A database that cannot be read lets nobody in for long: a revocation might stand there.
TEST_F(DirectoryTest, WhatIsOldIsNotTrusted) {
  const NewKey made = KeyFor(Member("local", "Ada"));
  const auto ring = Ring({.poll = std::chrono::hours(1), .stale = std::chrono::milliseconds(50)});
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  EXPECT_EQ(ring->Find(made.secret).status().code(), StatusCode::kUnavailable);
  ASSERT_TRUE(ring->Refresh().ok());
  EXPECT_TRUE(ring->Find(made.secret).ok());
}

TEST_F(DirectoryTest, PlansComeFromTheNearest) {
  ASSERT_TRUE(directory_->SetPlan({.name = "free", .currency = "EUR"}).ok());
  ASSERT_TRUE(directory_
                  ->SetPlan({.name = "paid",
                             .currency = "EUR",
                             .models = {"fable"},
                             .context_length = 512,
                             .prices = {{"*", {150'000, 0, 600'000}}}})
                  .ok());
  EXPECT_FALSE(directory_->SetPlan({.name = "odd", .currency = "euro"}).ok());
  EXPECT_FALSE(
      directory_->SetPlan({.name = "odd", .currency = "EUR", .prices = {{"*", {1, 2, 0}}}}).ok())
      << "cached input costs no more than other input";
  EXPECT_EQ(directory_->AddOrganisation("b", "gold").status().code(), StatusCode::kNotFound);
  const Organisation school = directory_->AddOrganisation("a", "free").value();
  const Group group = directory_->AddGroup(school.id, "class", "paid").value();
  const User alone = Member(school.id, "Ada");
  const User grouped =
      directory_->AddUser({.organisation = school.id, .group = group.id, .name = "Bob"}).value();
  const auto ring = Ring();
  const auto plan_of = [&](const User& user) {
    const NewKey made = KeyFor(user);
    EXPECT_TRUE(ring->Refresh().ok());
    return ring->Find(made.secret).value()->plan;
  };
  EXPECT_EQ(plan_of(alone), "free");
  EXPECT_EQ(plan_of(grouped), "paid");
  const auto snapshot = ring->snapshot();
  EXPECT_EQ(snapshot->plans.at("paid").prices.at(0).second.output_micros, 600'000);
  EXPECT_EQ(snapshot->plans.at("paid").models, std::vector<std::string>{"fable"});
}

TEST_F(DirectoryTest, ThePepperIsForItsOwnerOnly) {
  const std::string path = folder_ + "/parvis.pepper";
  const std::string id = Pepper::Open(path).value().id();
  EXPECT_EQ(Pepper::Open(path).value().id(), id);
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  EXPECT_EQ(Pepper::Open(path).status().code(), StatusCode::kPermissionDenied);
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  std::ofstream(path) << "short";
  EXPECT_EQ(Pepper::Open(path).status().code(), StatusCode::kDataLoss);
}

// Keys that were told are there after a kill at any moment, and no half of one is.
TEST_F(DirectoryTest, AKillLeavesWholeKeys) {
  directory_.reset();
  const unsigned seed = std::random_device()();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  std::set<std::string> told;
  for (int round = 0; round < 8; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(pipe_ends[0]);
      auto directory = std::move(Directory::Open(path_, pepper_)).value();
      while (true) {
        const NewKey made =
            directory->AddKey({.organisation = "local", .owner = "operator", .name = "k"}).value();
        (void)!write(pipe_ends[1], made.secret.data(), made.secret.size());
      }
    }
    close(pipe_ends[1]);
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 60));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    char text[46];
    while (read(pipe_ends[0], text, sizeof(text)) == sizeof(text)) {
      told.emplace(text, sizeof(text));
    }
    close(pipe_ends[0]);
  }
  directory_ = std::move(Directory::Open(path_, pepper_)).value();
  const auto ring = Ring();
  for (const std::string& secret : told) EXPECT_TRUE(ring->Find(secret).ok());
  EXPECT_GT(told.size(), 0u);
  EXPECT_EQ(directory_->Keys("local").value().size(), ring->snapshot()->by_id.size());
}

}  // namespace
}  // namespace parvis::governance
