// What a plan's features let through, and how much context it has.

#include "parvis/service/access.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/service/embed_task.h"
#include "parvis/service/generate_task.h"
#include "parvis/service/quota_budget.h"

namespace parvis::service {
namespace {

using testing::HasSubstr;

Caller CallerWithout(Feature missing) {
  Caller caller{"org", "me", "key", Permissions::All()};
  caller.plan = "free";
  caller.features = Features();
  for (int i = 0; i < governance::kNumFeatures; ++i) {
    const auto feature = static_cast<Feature>(i);
    if (feature != missing) caller.features = caller.features.With(feature);
  }
  return caller;
}

// What a task that uses one feature is told by each plan that lacks one.
void ExpectUses(const Task& task, std::optional<Feature> used) {
  for (int i = 0; i < governance::kNumFeatures; ++i) {
    const auto feature = static_cast<Feature>(i);
    const auto refusal = LacksFor(CallerWithout(feature), task);
    EXPECT_EQ(refusal.has_value(), feature == used) << governance::FeatureName(feature);
    if (!refusal) continue;
    EXPECT_EQ(refusal->kind, RefusalKind::kForbidden);
    EXPECT_EQ(refusal->code, "feature_not_in_plan");
    EXPECT_THAT(refusal->message, HasSubstr(governance::FeatureName(feature)));
    EXPECT_THAT(refusal->message, HasSubstr("'free'"));
  }
}

GenerateSpec Conversation(const std::string& json) {
  GenerateSpec spec{.model = "fable"};
  spec.prompts.emplace_back(ConversationText{.json = json});
  return spec;
}

TEST(Access, TasksSayWhatTheyUse) {
  constexpr const char* kPlain = R"({"messages": [{"role": "user", "content": "tools"}]})";
  ExpectUses(GenerateTask(Conversation(kPlain)), std::nullopt);
  GenerateSpec spec = Conversation(kPlain);
  spec.logprobs = 0;
  ExpectUses(GenerateTask(spec), Feature::kLogprobs);
  for (const auto kind : {OutputForm::Kind::kJsonObject, OutputForm::Kind::kJsonSchema}) {
    spec = Conversation(kPlain);
    spec.form.kind = kind;
    ExpectUses(GenerateTask(spec), Feature::kStructuredOutput);
  }
  spec = Conversation(R"({"messages": [], "tools": [{"type": "function"}]})");
  ExpectUses(GenerateTask(spec), Feature::kTools);
  spec.form.kind = OutputForm::Kind::kCall;  // an answer that must be a call is a use of tools
  ExpectUses(GenerateTask(spec), Feature::kTools);
  ExpectUses(EmbedTask(EmbedSpec{.model = "bert"}), Feature::kEmbeddings);
}

class ContextTest : public testing::Test {
 protected:
  std::optional<Refusal> Ask(BudgetAsk ask) {
    ask.model = "fable";
    ask.divisible = true;
    auto reserved = budget_.Reserve(caller_, ask);
    if (!reserved.ok()) return reserved.refusal();
    output_ = (*reserved)->output_tokens();
    return std::nullopt;
  }

  std::shared_ptr<governance::IdentitySnapshot> plans_ = [] {
    auto snapshot = std::make_shared<governance::IdentitySnapshot>();
    snapshot->plans["free"] = {.name = "free", .currency = "EUR", .context_length = 100};
    return snapshot;
  }();
  governance::MemoryQuotaBook book_;
  QuotaBudget budget_{{}, book_, [this] { return plans_; }};
  Caller caller_ = CallerWithout(Feature::kTools);
  int64_t output_ = 0;
};

TEST_F(ContextTest, WhatIsAskedForIsNeverCut) {
  EXPECT_FALSE(Ask({.input_tokens = 60, .output_tokens = 40, .output_asked = true}));
  EXPECT_EQ(output_, 40);
  const auto refusal =
      Ask({.input_tokens = 60, .output_tokens = 41, .output_asked = true, .param = "messages"});
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->kind, RefusalKind::kInvalid);
  EXPECT_EQ(refusal->code, "context_length_exceeded");
  EXPECT_EQ(refusal->param, "messages");
  EXPECT_EQ(refusal->limit, "context_length of plan");
  EXPECT_THAT(refusal->message,
              HasSubstr("'free' has room for 100 tokens; 60 in the prompt and 41"));
}

TEST_F(ContextTest, AnAnswerOfNoLengthHasWhatThereIs) {
  EXPECT_FALSE(Ask({.input_tokens = 60, .output_tokens = 900}));
  EXPECT_EQ(output_, 40);
  EXPECT_FALSE(Ask({.input_tokens = 60, .output_tokens = 1800, .choices = 2}));
  EXPECT_EQ(output_, 80) << "each choice has the same room";
  EXPECT_FALSE(Ask({.input_tokens = 99, .output_tokens = 900}));
  EXPECT_EQ(output_, 1);
  EXPECT_TRUE(Ask({.input_tokens = 100, .output_tokens = 900}));
}

// Several prompts have the room of one each.
TEST_F(ContextTest, EachInputIsAPromptOfItsOwn) {
  EXPECT_FALSE(Ask({.input_tokens = 500, .longest_input = 100}));
  EXPECT_TRUE(Ask({.input_tokens = 500, .longest_input = 101}));
  EXPECT_TRUE(Ask({.input_tokens = 101}));
}

}  // namespace
}  // namespace parvis::service
