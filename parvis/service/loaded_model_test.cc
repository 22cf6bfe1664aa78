// In which order a model's thread does what it is asked to.

#include "parvis/service/loaded_model.h"

#include <future>
#include <string>

#include "gtest/gtest.h"

namespace parvis::service {
namespace {

class LoadedModelTest : public testing::Test {
 protected:
  LoadedModelTest()
      : pool_(1),
        exec_(pool_, kernels::TableOf(kernels::BestTarget())),
        model_(std::move(LoadedModel::Load(
                             "llama",
                             std::string(PARVIS_SOURCE_DIR) + "/tests/golden/models/llama_tiny",
                             exec_, {}))
                   .value()) {}
  // Nothing is done until the future is there.
  void Hold(const std::shared_future<void>& until) {
    std::promise<void> held;
    model_->Post(
        [&held, until](models::Model&) {
          held.set_value();
          until.wait();
        },
        kMostPriority);
    held.get_future().wait();
  }
  void Say(const std::string& word, int priority) {
    model_->Post([this, word](models::Model&) { said_ += word; }, priority);
  }
  void WaitForAll() {
    std::promise<void> last;
    model_->Post([&last](models::Model&) { last.set_value(); }, kBatchPriority);
    last.get_future().wait();
  }

  ThreadPool pool_;
  ops::Exec exec_;
  std::shared_ptr<LoadedModel> model_;
  std::string said_;
};

TEST_F(LoadedModelTest, HigherPrioritiesHaveTheirTurnFirst) {
  std::promise<void> go;
  Hold(go.get_future().share());
  Say("b", kBatchPriority);
  Say("u1 ", kUsualPriority);
  Say("m1 ", kMostPriority);
  Say("u2 ", kUsualPriority);
  Say("m2 ", kMostPriority);
  go.set_value();
  WaitForAll();
  EXPECT_EQ(said_, "m1 m2 u1 u2 b");
}

// One that goes on and on, as long work does.
TEST_F(LoadedModelTest, NobodyWaitsForEver) {
  std::promise<void> go, over;
  Hold(go.get_future().share());
  std::function<void(models::Model&)> again = [&](models::Model&) {
    said_ += "m";
    if (said_.size() == 20) return over.set_value();
    model_->Post(again, kMostPriority);
  };
  model_->Post(again, kMostPriority);
  Say("b", kBatchPriority);
  go.set_value();
  over.get_future().wait();
  EXPECT_EQ(said_, "mmmmmmmmbmmmmmmmmmmm");  // passed over eight times
}

}  // namespace
}  // namespace parvis::service
