// Whole runs that teach an adapter instead of a model.

#include <atomic>
#include <cstdlib>
#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/core/random.h"
#include "parvis/formats/safetensors.h"
#include "parvis/models/adapter.h"
#include "parvis/train/recipe.h"
#include "parvis/train/train.h"
#include "tests/scratch_test.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;

constexpr const char* kTrain = R"([train]
steps = 12
context_length = 32
batch_tokens = 128
micro_batch_tokens = 64
learning_rate = 5e-3
checkpoint_every = 4
)";

class LoraRunTest : public ScratchTest {
 protected:
  void SetUp() override {
    Random random(9);
    static constexpr const char* kWords[] = {"the", "cat", "sea", "ran", "old", "a", "sat", "by"};
    for (const char* file : {"first.jsonl", "second.jsonl"}) {
      std::string texts;
      for (int i = 0; i < 60; ++i) {
        texts += "{\"text\":\"";
        for (int w = 0; w < 6; ++w) {
          texts += std::string(w == 0 ? "" : " ") + kWords[random.Below(8)];
          if (file[0] == 's') texts += " dog";
        }
        texts += "\"}\n";
      }
      Write(file, texts);
    }
    Write("base.toml", std::string("[data]\ntrain = [\"first.jsonl\"]\n[tokenizer]\n"
                                   "vocab_size = 280\n[model]\nhidden_size = 32\n"
                                   "intermediate_size = 48\nnum_hidden_layers = 2\n"
                                   "num_attention_heads = 2\n") +
                           kTrain);
    ASSERT_TRUE(Train(Options("base", "base")).ok());
  }

  void WriteRecipe(const std::string& lora, int steps = 12) {
    std::string train = kTrain;
    train.replace(train.find("12"), 2, std::to_string(steps));
    Write("r.toml",
          "[data]\ntrain = [\"second.jsonl\"]\nheld_out = 0.1\n[model]\n"
          "from = \"base/model.gguf\"\n[lora]\n" +
              lora + train);
  }
  TrainOptions Options(const std::string& recipe, const std::string& run, int threads = 1) {
    TrainOptions options;
    options.recipe_path = folder_ + "/" + recipe + ".toml";
    options.run_dir = folder_ + "/" + run;
    options.threads = threads;
    return options;
  }
  std::string Bytes(const std::string& path) { return *ReadFile(folder_ + "/" + path); }
};

TEST_F(LoraRunTest, TeachesAnAdapterAndResumesToTheSameBits) {
  WriteRecipe("rank = 4\nalpha = 8\n");
  const std::string base = Bytes("base/model.gguf");
  const auto report = Train(Options("r", "whole"));
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->model_path, folder_ + "/whole/adapter.gguf");
  EXPECT_EQ(Bytes("base/model.gguf"), base);

  TrainOptions options = Options("r", "cut");
  std::atomic<bool> stop{false};
  options.stop = &stop;
  options.progress = [&stop](const Progress& p) { stop = stop || p.step >= 7; };
  ASSERT_EQ(Train(options).status().code(), StatusCode::kCancelled);
  TrainOptions again = Options("r", "cut", 2);
  again.resume = true;
  ASSERT_TRUE(Train(again).ok());
  EXPECT_EQ(Bytes("cut/adapter.gguf"), Bytes("whole/adapter.gguf"));
  EXPECT_EQ(Bytes("cut/adapter/adapter_model.safetensors"),
            Bytes("whole/adapter/adapter_model.safetensors"));

  // Neither weights nor their moments are in a checkpoint.
  const auto checkpoint =
      formats::OpenSafetensors(folder_ + "/whole/checkpoints/step-00000012.safetensors");
  ASSERT_TRUE(checkpoint.ok());
  for (const std::string& name : checkpoint->tensors->names()) {
    EXPECT_THAT(name, HasSubstr(".lora_"));
  }
}

TEST_F(LoraRunTest, WhatItLearnsIsInTheAdapter) {
  WriteRecipe("targets = [\"q_proj\", \"up_proj\", \"down_proj\"]\n", /*steps=*/80);
  const auto report = Train(Options("r", "run"));
  ASSERT_TRUE(report.ok()) << report.status().message();
  ASSERT_EQ(report->evaluations.size(), 1u);
  const double learned = report->evaluations[0].loss;
  ThreadPool pool(1);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  auto model = models::LoadModel(exec, folder_ + "/base/model.gguf", {.keep_values = true});
  ASSERT_TRUE(model.ok());
  ASSERT_TRUE(models::LoadAdapter(exec, folder_ + "/run/adapter", *model).ok());
  EXPECT_EQ(model->stack.adapter().size(), 6u);
  // The first loss of the log is the base's.
  const Json first =
      *ParseJson(Bytes("run/log.jsonl").substr(0, Bytes("run/log.jsonl").find('\n')));
  EXPECT_LT(learned, first["loss"].get<double>() - 0.3);
}

TEST_F(LoraRunTest, RefusesWithTheField) {
  const auto refused = [&](const std::string& lora) {
    WriteRecipe(lora);
    return Train(Options("r", "refused")).status().message();
  };
  EXPECT_THAT(refused("targets = [\"c_attn\"]\n"), HasSubstr("targets: no matrix"));
  EXPECT_THAT(refused("rank = 0\n"), HasSubstr("[lora] rank"));
  EXPECT_THAT(refused("dropout = 0.1\n"), HasSubstr("[lora] dropout"));
  EXPECT_THAT(refused("ranks = 4\n"), HasSubstr("unknown key"));
}

}  // namespace
}  // namespace parvis::train
