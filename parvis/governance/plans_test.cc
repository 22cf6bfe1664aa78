// What a plan says beside models and prices: who goes first, and what it lacks.

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/governance/directory.h"
#include "parvis/governance/key_ring.h"
#include "parvis/governance/schema.h"
#include "tests/scratch_database.h"

namespace parvis::governance {
namespace {

using testing::HasSubstr;

class PlansTest : public ScratchDatabaseTest {
 protected:
  PlansTest() {
    constexpr store::Sql kSteps[] = {kIdentityTables};
    EXPECT_TRUE(Database()->Migrate(kSteps).ok());
  }
  std::unique_ptr<store::Database> Database() const {
    return std::move(store::Database::Open(path_)).value();
  }
  void Upgrade() const {
    constexpr store::Sql kSteps[] = {kIdentityTables, kPlanExtras, kSignInTables};
    ASSERT_TRUE(Database()->Migrate(kSteps).ok());
  }
  std::unique_ptr<Directory> Open() const {
    return std::move(Directory::Open(path_, pepper_)).value();
  }
  Status Execute(store::Sql sql) const {
    const auto database = Database();
    PARVIS_ASSIGN_OR_RETURN(auto statement, database->Prepare(sql));
    return statement.Run();
  }

  const Pepper pepper_ = Pepper::ForTest("of this test");
};

TEST(Features, HaveNames) {
  for (int i = 0; i < kNumFeatures; ++i) {
    const auto feature = static_cast<Feature>(i);
    const auto one = Features::Named({std::string(FeatureName(feature))});
    ASSERT_TRUE(one.ok()) << FeatureName(feature);
    EXPECT_EQ(*one, Features().With(feature));
    EXPECT_EQ(Features::FromText(one->Text()).value(), *one);
    EXPECT_TRUE(Features::All().Has(feature));
  }
  EXPECT_EQ(Features::Named(Features::All().Names()).value(), Features::All());
  EXPECT_EQ(Features::FromText(Features().Text()).value(), Features());
  EXPECT_EQ(Features::All().Text(), "*");
  const Status refused = Features::Named({"tools", "flight"}).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), HasSubstr("'flight' is no feature"));
  EXPECT_FALSE(Features::FromText("*\ntools").ok());
}

TEST_F(PlansTest, PlansThatThereWereLackNothing) {
  ASSERT_TRUE(Execute("INSERT INTO plans(name, currency, models, context_length, created_ms) "
                      "VALUES('old', 'EUR', 'fable', 512, 7)")
                  .ok());
  Upgrade();
  const Plan old = Open()->FindPlan("old").value();
  EXPECT_EQ(old.priority, kUsualPriority);
  EXPECT_EQ(old.features, Features::All());
  EXPECT_EQ(old.models, std::vector<std::string>{"fable"});
}

TEST_F(PlansTest, CallersHaveWhatTheirPlanSays) {
  Upgrade();
  const auto directory = Open();
  const auto ring = std::move(KeyRing::Open(path_, pepper_)).value();
  const Features some = Features().With(Feature::kTools).With(Feature::kFiles);
  Plan plan{.name = "free", .currency = "EUR", .priority = 2, .features = some};
  ASSERT_TRUE(directory->SetPlan(plan).ok());
  const User user =
      directory->AddUser({.organisation = "local", .name = "Ada", .plan = "free"}).value();
  const NewKey key =
      directory->AddKey({.organisation = "local", .owner = user.id, .name = "a key"}).value();
  const auto principal = [&] {
    EXPECT_TRUE(ring->Refresh().ok());
    return ring->Find(key.secret).value();
  };
  EXPECT_EQ(principal()->priority, 2);
  EXPECT_EQ(principal()->features, some);
  plan.priority = 9;
  plan.features = Features();
  ASSERT_TRUE(directory->SetPlan(plan).ok());
  EXPECT_EQ(principal()->priority, 9);
  EXPECT_EQ(principal()->features, Features());
  EXPECT_EQ(directory->FindPlan("free")->features, Features());
  User planless = user;
  planless.plan.clear();
  ASSERT_TRUE(directory->Change(planless).ok());
  EXPECT_EQ(principal()->priority, kUsualPriority);
  EXPECT_EQ(principal()->features, Features::All());
}

TEST_F(PlansTest, PrioritiesHaveBounds) {
  Upgrade();
  const auto directory = Open();
  for (const int priority : {-1, kBatchPriority, kMostPriority + 1, 1 << 30}) {
    const Status refused =
        directory->SetPlan({.name = "odd", .currency = "EUR", .priority = priority});
    EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument) << priority;
    EXPECT_THAT(refused.message(), HasSubstr("from 1 to 9"));
  }
  EXPECT_FALSE(directory->FindPlan("odd").ok());
}

// A plan of another version that has what this one does not know: nobody is let in by half of it.
TEST_F(PlansTest, AFeatureThatIsNotKnownIsNotPassedOver) {
  Upgrade();
  const auto directory = Open();
  ASSERT_TRUE(directory->SetPlan({.name = "new", .currency = "EUR"}).ok());
  ASSERT_TRUE(Execute("UPDATE plans SET features = 'flight'").ok());
  EXPECT_FALSE(directory->Plans().ok());
  EXPECT_FALSE(KeyRing::Open(path_, pepper_).ok());
}

}  // namespace
}  // namespace parvis::governance
