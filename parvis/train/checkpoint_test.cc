#include "parvis/train/checkpoint.h"

#include <cstdlib>
#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/core/random.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;

nn::Stack SmallStack(int64_t hidden_size) {
  nn::Blueprint blueprint;
  blueprint.family = "llama";
  blueprint.vocab_size = 11;
  blueprint.hidden_size = hidden_size;
  blueprint.num_layers = 1;
  blueprint.context_length = 8;
  blueprint.positions = nn::RotaryPositions{10000.0f, hidden_size / 2, {}};
  blueprint.attention.num_heads = blueprint.attention.num_kv_heads = 2;
  blueprint.attention.head_dim = hidden_size / 2;
  blueprint.feed_forward.size = 12;
  blueprint.tied_embedding = true;
  nn::Stack stack(blueprint);
  for (ops::Parameter& parameter : stack.parameters()) {
    parameter.value = Tensor::Zeros(parameter.shape);
  }
  return stack;
}

void Fill(Random& random, const Tensor& tensor) {
  for (int64_t i = 0; i < tensor.size(); ++i) {
    tensor.f32()[i] = static_cast<float>(random.Normal());
  }
}

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() : stack_(SmallStack(8)), optimizer_(stack_, {.average = 0.9f}) {
    std::string name = testing::TempDir() + "checkpoint-XXXXXX";
    folder_ = mkdtemp(name.data());
    path_ = CheckpointPath(folder_, 12);
    Random random(1);
    for (size_t i = 0; i < stack_.parameters().size(); ++i) {
      Fill(random, stack_.parameters()[i].value);
      Fill(random, optimizer_.m[i]);
      Fill(random, optimizer_.v[i]);
      Fill(random, optimizer_.average[i]);
    }
    EXPECT_TRUE(WriteCheckpoint(path_, stack_, optimizer_, {{"step", 12}}).ok());
  }
  ~CheckpointTest() override { std::filesystem::remove_all(folder_); }

  static bool Same(const Tensor& a, const Tensor& b) {
    return std::equal(a.f32(), a.f32() + a.size(), b.f32());
  }

  std::string folder_, path_;
  nn::Stack stack_;
  Optimizer optimizer_;
};

TEST_F(CheckpointTest, GivesBackWhatWasWritten) {
  nn::Stack stack = SmallStack(8);
  Optimizer optimizer(stack, {.average = 0.9f});
  const Result<Json> state = ReadCheckpoint(path_, stack, optimizer);
  ASSERT_TRUE(state.ok()) << state.status().message();
  EXPECT_EQ((*state)["step"], 12);
  for (size_t i = 0; i < stack.parameters().size(); ++i) {
    EXPECT_TRUE(Same(stack.parameters()[i].value, stack_.parameters()[i].value));
    EXPECT_TRUE(Same(optimizer.m[i], optimizer_.m[i]));
    EXPECT_TRUE(Same(optimizer.v[i], optimizer_.v[i]));
    EXPECT_TRUE(Same(optimizer.average[i], optimizer_.average[i]));
  }
}

// Every single flipped bit and every cut is refused, and nothing is filled in.
TEST_F(CheckpointTest, RefusesDamage) {
  const std::string good = *ReadFile(path_);
  nn::Stack stack = SmallStack(8);
  Optimizer optimizer(stack, {.average = 0.9f});
  Random random(2);
  const auto refused = [&](const std::string& bytes) {
    EXPECT_TRUE(WriteFileAtomically(path_, bytes).ok());
    const Result<Json> state = ReadCheckpoint(path_, stack, optimizer);
    return !state.ok() && state.status().message().find(path_) != std::string::npos &&
           state.status().message().find("remove it to go on") != std::string::npos;
  };
  for (int i = 0; i < 600; ++i) {
    // Half of them in the header, which is the smaller part.
    const size_t at = random.Below(i % 2 == 0 ? good.size() : std::min<size_t>(good.size(), 3000));
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << random.Below(8)));
    ASSERT_TRUE(refused(bad)) << "byte " << at << ": "
                              << ReadCheckpointState(path_).status().message();
    ASSERT_TRUE(refused(good.substr(0, random.Below(good.size()))));
  }
  EXPECT_TRUE(refused(good + "x"));
  EXPECT_TRUE(refused(""));
  for (const ops::Parameter& parameter : stack.parameters()) {
    EXPECT_TRUE(Same(parameter.value, Tensor::Zeros(parameter.shape)));
  }
}

TEST_F(CheckpointTest, RefusesAnotherModel) {
  nn::Stack stack = SmallStack(4);
  Optimizer optimizer(stack, {.average = 0.9f});
  EXPECT_THAT(ReadCheckpoint(path_, stack, optimizer).status().message(),
              HasSubstr("a model of other sizes"));
  Optimizer without(stack_, {});
  EXPECT_FALSE(ReadCheckpoint(path_, stack_, without).ok());
}

TEST_F(CheckpointTest, ListsAndPrunes) {
  for (const int64_t step : {3, 100, 99999999}) {
    ASSERT_TRUE(WriteFileAtomically(CheckpointPath(folder_, step), "x").ok());
  }
  for (const char* name : {"best.safetensors", "step-x.safetensors", "step-00000001.json"}) {
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/" + name, "x").ok());
  }
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/step-00000200.safetensors.tmp.77", "half").ok());
  PruneCheckpoints(folder_, 2);
  const auto left = ListCheckpoints(folder_);
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].first, 100);
  EXPECT_EQ(left[1].first, 99999999);
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/best.safetensors"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/step-00000200.safetensors.tmp.77"));
}

}  // namespace
}  // namespace parvis::train
