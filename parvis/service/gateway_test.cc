// The path on a small model with random weights: what each station may stop, and that nothing goes
// around the records.

#include "parvis/service/gateway.h"

#include <condition_variable>
#include <filesystem>
#include <future>
#include <thread>

#include "gtest/gtest.h"
#include "parvis/service/generate_task.h"
#include "parvis/service/head_tasks.h"
#include "parvis/service/quota_budget.h"
#include "parvis/service/text_to_text_task.h"

namespace parvis::service {
namespace {

// What a receiver was told, as words.
class Told : public Receiver {
 public:
  void OnAdmitted(const Admission& admission) override {
    notice_ = admission.notice;
    Say("admitted " + std::to_string(admission.choices));
  }
  void OnDelta(Delta delta) override {
    {
      const std::lock_guard lock(mutex_);
      text_ += delta.text;
      if (delta.finish) finishes_.emplace_back(FinishName(*delta.finish));
      ++deltas_;
    }
    changed_.notify_all();
  }
  void OnReply(const Reply& reply) override {
    usage_ = reply.usage;
    Say("reply");
  }
  void OnRefused(const Refusal& refusal) override {
    refusal_ = refusal;
    Say("refused");
  }

  std::vector<std::string> WaitForEnd() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] {
      return !words_.empty() && (words_.back() == "reply" || words_.back() == "refused");
    });
    return words_;
  }
  void WaitForDelta() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return deltas_ > 0; });
  }

  std::string text_, notice_;
  std::vector<std::string> finishes_;
  runtime::Usage usage_;
  Refusal refusal_;

 private:
  void Say(std::string word) {
    {
      const std::lock_guard lock(mutex_);
      words_.push_back(std::move(word));
    }
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> words_;
  int deltas_ = 0;
};

// Blocks what holds a word, in and out.
class WordCheck : public Check {
 public:
  explicit WordCheck(std::string word) : word_(std::move(word)) {}
  std::string_view name() const override { return "word"; }
  std::optional<Refusal> Input(const Caller&, std::span<const std::string> texts) override {
    for (const std::string& text : texts) {
      if (text.find(word_) != std::string::npos)
        return Refusal{RefusalKind::kForbidden, "the word"};
    }
    return std::nullopt;
  }
  std::unique_ptr<StreamCheck> Output(const Caller&) override {
    class Blocks : public StreamCheck {
     public:
      Passed Add(std::string_view text, bool) override { return {"", !text.empty()}; }
    };
    class Passes : public StreamCheck {
     public:
      Passed Add(std::string_view text, bool) override { return {std::string(text)}; }
    };
    if (block_output) return std::make_unique<Blocks>();
    return std::make_unique<Passes>();
  }
  bool block_output = false;

 private:
  std::string word_;
};

class GatewayTest : public testing::Test {
 protected:
  GatewayTest()
      : pool_(1),
        exec_(pool_, kernels::TableOf(kernels::BestTarget())),
        catalogue_({.list = &List,
                    .load = {.engine = {.kv_budget_bytes = size_t{16} << 20, .max_sequences = 4}}},
                   exec_),
        budget_({.tokens_per_minute = 1000}, book_),
        check_("forbidden"),
        workers_(4),
        folder_(std::filesystem::path(testing::TempDir()) /
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    records_ = std::move(Records::Open(Path())).value();
    gateway_ = std::make_unique<Gateway>(
        GatewayStations{budget_, check_, *records_, catalogue_, workers_}, 8);
  }
  ~GatewayTest() override {
    gateway_->Stop();
    gateway_.reset();
    records_.reset();
    std::filesystem::remove_all(folder_);
  }

  static std::vector<ModelPlace> List() {
    const std::string golden = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/models/";
    const std::string encoders = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/encoders/";
    return {{"llama", golden + "llama_tiny"},
            {"t5", golden + "t5_text"},
            {"masks", encoders + "bert_masked_lm"},
            {"spans", encoders + "bert_span"},
            {"gone", "/nowhere.gguf"}};
  }
  std::string Path() const { return folder_ / "parvis.db"; }

  static GenerateSpec Spec(int64_t max_tokens = 5) {
    GenerateSpec spec{.model = "llama"};
    spec.prompts.emplace_back(std::vector<int32_t>{1, 2, 3});
    spec.max_tokens = max_tokens;
    spec.seed = 7;
    return spec;
  }
  RequestFacts Facts(Permissions permissions = Permissions::All()) {
    return {"req_" + std::to_string(next_++), {"org", "me", "key", permissions}, "POST /test"};
  }
  std::vector<std::string> Send(GenerateSpec spec, Permissions permissions = Permissions::All()) {
    return SendTask(std::make_unique<GenerateTask>(std::move(spec)), permissions);
  }
  std::vector<std::string> SendTask(std::unique_ptr<Task> task,
                                    Permissions permissions = Permissions::All()) {
    told_ = std::make_shared<Told>();
    gateway_->Send(Facts(permissions), std::move(task), told_);
    return told_->WaitForEnd();
  }
  std::shared_ptr<LoadedModel> Acquire(const std::string& name) {
    std::promise<std::shared_ptr<LoadedModel>> loaded;
    catalogue_.Acquire(name, [&](const auto& model) { loaded.set_value(*model); });
    return loaded.get_future().get();
  }
  int64_t Count(store::Sql sql) const {
    auto database = std::move(store::Database::Open(Path())).value();
    auto select = std::move(database->Prepare(sql)).value();
    EXPECT_TRUE(select.Step().value());
    return select.Int(0);
  }

  ThreadPool pool_;
  ops::Exec exec_;
  Catalogue catalogue_;
  governance::MemoryQuotaBook book_;
  QuotaBudget budget_;
  WordCheck check_;
  Workers workers_;
  std::filesystem::path folder_;
  std::unique_ptr<Records> records_;
  std::unique_ptr<Gateway> gateway_;
  std::shared_ptr<Told> told_;
  int next_ = 0;
};

using Words = std::vector<std::string>;

TEST_F(GatewayTest, AnswersAndRecordsBoth) {
  GenerateSpec spec = Spec();
  spec.choices_per_prompt = 2;
  EXPECT_EQ(Send(spec), (Words{"admitted 2", "reply"}));
  EXPECT_EQ(told_->finishes_, (Words{"length", "length"}));
  EXPECT_EQ(told_->usage_.completion_tokens, 10);
  EXPECT_EQ(told_->usage_.prompt_tokens, 3) << "a prompt counts once";
  EXPECT_EQ(Count("SELECT count(*) FROM requests WHERE max_output_tokens = 10"), 1);
  EXPECT_EQ(Count("SELECT output_tokens FROM answers WHERE finish = 'length'"), 10);
}

TEST_F(GatewayTest, WhoMayNotIsNotOnRecord) {
  EXPECT_EQ(Send(Spec(), Permissions().With(Permission::kSeeModels)), Words{"refused"});
  EXPECT_EQ(told_->refusal_.kind, RefusalKind::kForbidden);
  EXPECT_EQ(Count("SELECT count(*) FROM requests"), 0);
}

TEST_F(GatewayTest, RefusesWhatCannotBe) {
  GenerateSpec spec = Spec();
  spec.model = "nobody";
  EXPECT_EQ(Send(spec), Words{"refused"});
  EXPECT_EQ(told_->refusal_.kind, RefusalKind::kNotFound);
  spec.model = "gone";
  EXPECT_EQ(Send(spec), Words{"refused"});
  EXPECT_EQ(told_->refusal_.kind, RefusalKind::kUnavailable);
  EXPECT_EQ(Send(Spec(100'000)), Words{"refused"});
  EXPECT_EQ(told_->refusal_.code, "context_length_exceeded");
  spec = Spec();
  spec.sampling.logit_bias = {{1 << 30, 1.0f}};
  EXPECT_EQ(Send(spec), Words{"refused"});
  EXPECT_EQ(told_->refusal_.kind, RefusalKind::kInvalid);
  EXPECT_EQ(Count("SELECT count(*) FROM requests"), 0);
}

TEST_F(GatewayTest, ReservesTheWorstCaseAndRefundsTheRest) {
  GenerateSpec spec = Spec(40);
  spec.choices_per_prompt = 30;  // 3 + 1200 tokens
  EXPECT_EQ(Send(spec), Words{"refused"});
  EXPECT_EQ(told_->refusal_.kind, RefusalKind::kQuotaExhausted);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Send(Spec(5)).back(), "reply");  // 8 tokens each
}

// A day that has less left than the worst case: the task stops there, and the caller is told why.
TEST_F(GatewayTest, ABudgetMakesAnAnswerShorter) {
  auto limits = std::make_shared<governance::IdentitySnapshot>();
  limits->limits[{governance::Scope::kKey, "key"}]
                [static_cast<size_t>(governance::Metric::kTokensPerDay)] = 20;
  governance::MemoryQuotaBook book;
  QuotaBudget budget({}, book, [limits] { return limits; });
  Gateway gateway({budget, check_, *records_, catalogue_, workers_}, 8);
  const auto send = [&](GenerateSpec spec) {
    told_ = std::make_shared<Told>();
    gateway.Send(Facts(), std::make_unique<GenerateTask>(std::move(spec)), told_);
    return told_->WaitForEnd();
  };
  GenerateSpec spec = Spec();
  spec.max_tokens.reset();  // as much as there is room for
  spec.choices_per_prompt = 2;
  EXPECT_EQ(send(spec), (Words{"admitted 2", "reply"}));
  EXPECT_EQ(told_->usage_.completion_tokens, 16) << "17 are left, 8 for each";
  EXPECT_EQ(told_->finishes_, (Words{"length", "length"}));
  EXPECT_NE(told_->notice_.find("20 tokens a day"), std::string::npos) << told_->notice_;
  EXPECT_EQ(send(Spec()), Words{"refused"});
  EXPECT_EQ(told_->refusal_.kind, RefusalKind::kQuotaExhausted);
  EXPECT_EQ(told_->refusal_.limit, "tokens_per_day of key");
  EXPECT_EQ(Count("SELECT sum(counted_tokens) FROM answers"), 19);
  EXPECT_EQ(Count("SELECT sum(reserved_tokens) FROM requests"), 19);
}

// A model that the key or the plan does not have is as one that does not exist.
TEST_F(GatewayTest, ModelsThatMayNotBeNamed) {
  for (const bool of_plan : {false, true}) {
    RequestFacts facts = Facts();
    (of_plan ? facts.caller.plan_models : facts.caller.models) = {"t5"};
    told_ = std::make_shared<Told>();
    gateway_->Send(std::move(facts), std::make_unique<GenerateTask>(Spec()), told_);
    EXPECT_EQ(told_->WaitForEnd(), Words{"refused"});
    EXPECT_EQ(told_->refusal_.code, "model_not_found");
  }
}

TEST_F(GatewayTest, TheCheckStopsInputAndOutput) {
  GenerateSpec spec{.model = "t5"};
  spec.prompts.emplace_back("this is forbidden");
  spec.max_tokens = 3;
  EXPECT_EQ(Send(spec), Words{"refused"});
  EXPECT_EQ(told_->refusal_.message, "the word");
  EXPECT_EQ(Count("SELECT count(*) FROM requests"), 0);

  check_.block_output = true;
  spec.prompts = {"this is not"};
  EXPECT_EQ(Send(spec).back(), "reply");
  EXPECT_EQ(told_->text_, "");
  EXPECT_EQ(told_->finishes_, Words{"content_filter"});
  EXPECT_EQ(Count("SELECT count(*) FROM answers WHERE finish = 'content_filter'"), 1);
}

// What tasks say at once is read as streams are: fillings of masks, parts of a text.
TEST_F(GatewayTest, TheCheckReadsWhatIsSaidAtOnce) {
  const auto fill = [] {
    return std::make_unique<FillTask>(FillSpec{.model = "masks", .texts = {"a [MASK] here"}});
  };
  const auto answer = [] {
    return std::make_unique<AnswerTask>(
        AnswerSpec{.model = "spans", .question = "who", .text = "the man and the dog"});
  };
  EXPECT_EQ(SendTask(fill()).back(), "reply");
  EXPECT_EQ(SendTask(answer()).back(), "reply");
  check_.block_output = true;
  EXPECT_EQ(SendTask(fill()).back(), "refused");
  EXPECT_EQ(told_->refusal_.code, "content_filter");
  EXPECT_EQ(SendTask(answer()).back(), "refused");
  EXPECT_EQ(told_->refusal_.code, "content_filter");
  EXPECT_EQ(Count("SELECT count(*) FROM answers WHERE finish = 'content_filter'"), 2);
}

// Who shares the model with a search of many tokens has turns between them.
TEST_F(GatewayTest, BeamsLetOthersComeBetweenTokens) {
  const auto model = Acquire("t5");
  std::atomic<int> turns{0};
  std::atomic<bool> over{false};
  std::function<void(models::Model&)> turn = [&](models::Model&) {
    ++turns;
    if (!over) model->Post(turn, kUsualPriority);
  };
  model->Post(turn, kUsualPriority);
  const int before = turns;
  const auto words = SendTask(std::make_unique<TextToTextTask>(TextToTextSpec{
      .model = "t5", .text = "a b", .from = "en", .to = "fr", .num_beams = 4, .max_tokens = 12}));
  EXPECT_EQ(words.back(), "reply");
  EXPECT_GE(turns - before, 12);  // one of theirs to each of ours
  over = true;
  std::promise<void> last;
  model->Post([&](models::Model&) { last.set_value(); }, kUsualPriority);
  last.get_future().wait();
}

TEST_F(GatewayTest, ACallerWhoLeavesStopsTheModel) {
  told_ = std::make_shared<Told>();
  GenerateSpec spec = Spec(60);
  spec.choices_per_prompt = 8;
  spec.logprobs = 0;  // so that each token is told, though this model has no text
  const auto exchange =
      gateway_->Send(Facts(), std::make_unique<GenerateTask>(std::move(spec)), told_);
  exchange->Cancel();
  const Words words = told_->WaitForEnd();
  EXPECT_LT(told_->usage_.completion_tokens, 8 * 60);
  if (words.back() == "reply") {
    EXPECT_EQ(Count("SELECT count(*) FROM answers WHERE finish = 'cancelled'"), 1);
  }
}

TEST_F(GatewayTest, ManyAtOnceAllEnd) {
  std::vector<std::shared_ptr<Told>> told;
  std::vector<std::thread> callers;
  std::atomic<int> replies{0}, overloads{0};
  for (int t = 0; t < 6; ++t) {
    callers.emplace_back([this, t, &replies, &overloads] {
      for (int i = 0; i < 10; ++i) {
        auto mine = std::make_shared<Told>();
        RequestFacts facts;
        facts.id = "req_" + std::to_string(t) + "_" + std::to_string(i);
        facts.caller.organisation = "org" + std::to_string(t);
        facts.caller.key = "key" + std::to_string(t);
        facts.caller.permissions = Permissions::All();
        const auto exchange =
            gateway_->Send(std::move(facts), std::make_unique<GenerateTask>(Spec(4)), mine);
        if (i % 3 == 0) exchange->Cancel();
        const bool reply = mine->WaitForEnd().back() == "reply";
        replies += reply;
        overloads += !reply && mine->refusal_.kind == RefusalKind::kOverloaded;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_GE(replies, 6 * 6);
  EXPECT_EQ(overloads, 0);
  EXPECT_EQ(Count("SELECT count(*) FROM requests"), Count("SELECT count(*) FROM answers"));
}

// A caller who asks again as soon as the answer is there finds the place free.
TEST_F(GatewayTest, APlaceIsFreeWhenTheAnswerIsTold) {
  Gateway narrow({budget_, check_, *records_, catalogue_, workers_}, 1);
  for (int i = 0; i < 50; ++i) {
    auto mine = std::make_shared<Told>();
    narrow.Send(Facts(), std::make_unique<GenerateTask>(Spec(1)), mine);
    ASSERT_EQ(mine->WaitForEnd().back(), "reply") << mine->refusal_.message;
  }
}

TEST_F(GatewayTest, HigherPrioritiesFindPlacesLeft) {
  std::promise<void> go;
  Acquire("llama")->Post([&go](models::Model&) { go.get_future().wait(); }, kUsualPriority);
  std::vector<std::shared_ptr<Told>> told;
  for (const auto& [priority, places] : {std::pair(2, 7), std::pair(5, 8), std::pair(9, 9)}) {
    while (true) {
      RequestFacts facts = Facts();
      facts.caller.priority = priority;
      auto mine = std::make_shared<Told>();
      gateway_->Send(std::move(facts), std::make_unique<GenerateTask>(Spec(1)), mine);
      if (mine->refusal_.kind == RefusalKind::kOverloaded) break;
      told.push_back(std::move(mine));
      ASSERT_LE(gateway_->running(), 9);
    }
    EXPECT_EQ(gateway_->running(), places) << priority;
  }
  go.set_value();
  for (const auto& one : told) EXPECT_EQ(one->WaitForEnd().back(), "reply");
}

TEST_F(GatewayTest, StopsWithEverythingOnRecord) {
  std::vector<std::shared_ptr<Told>> told;
  for (int i = 0; i < 8; ++i) {
    told.push_back(std::make_shared<Told>());
    gateway_->Send(Facts(), std::make_unique<GenerateTask>(Spec(60)), told.back());
  }
  gateway_->Stop();
  EXPECT_EQ(gateway_->running(), 0);
  EXPECT_EQ(Count("SELECT count(*) FROM requests"), Count("SELECT count(*) FROM answers"));
  EXPECT_EQ(Send(Spec()), Words{"refused"});
}

}  // namespace
}  // namespace parvis::service
