// From texts to answers, against the pipelines of Hugging Face transformers and their own
// tokenisers (tools/goldens/make_pipelines.py).

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "parvis/core/file.h"
#include "parvis/core/json.h"
#include "parvis/models/model.h"
#include "parvis/runtime/text_tasks.h"

namespace parvis::runtime {
namespace {

// Probabilities of models that were computed within 1e-4.
constexpr double kTolerance = 2e-5;

class PipelinesTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string folder =
        std::string(PARVIS_SOURCE_DIR) + "/tests/golden/encoders/" + GetParam();
    auto model = models::LoadModel(exec_, folder, {.packing = ops::Packing::kF32});
    ASSERT_TRUE(model.ok()) << model.status().message();
    model_.emplace(*std::move(model));
    ASSERT_NE(model_->tokenizer, nullptr);
    expected_ = *ParseJson(*ReadFile(folder + "/pipeline.json"));
    ASSERT_FALSE(expected_.empty());
    encoder_.emplace(*model_, exec_);
    for (const Json& one : expected_) texts_.push_back(one["text"].get<std::string>());
  }

  ThreadPool pool_{2};
  const ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
  std::optional<models::Model> model_;
  std::optional<Encoder> encoder_;
  Json expected_;
  std::vector<std::string> texts_;
};

using FillMaskTest = PipelinesTest;

TEST_P(FillMaskTest, EqualsThePipeline) {
  const auto filled = FillMasks(*encoder_, texts_, 4);
  ASSERT_TRUE(filled.ok()) << filled.status().message();
  for (size_t i = 0; i < texts_.size(); ++i) {
    const Json& masks = expected_[i]["masks"];
    ASSERT_EQ((*filled)[i].size(), masks.size()) << texts_[i];
    for (size_t m = 0; m < masks.size(); ++m) {
      for (size_t k = 0; k < masks[m].size(); ++k) {
        const Filling& filling = (*filled)[i][m][k];
        const Json& one = masks[m][k];
        EXPECT_EQ(filling.token, one["token"]) << texts_[i];
        EXPECT_EQ(filling.token_text, one["token_str"]) << texts_[i];
        EXPECT_EQ(filling.text, one["sequence"]) << texts_[i];
        EXPECT_NEAR(filling.score, one["score"].get<double>(), kTolerance) << texts_[i];
      }
    }
  }
}

TEST_P(FillMaskTest, RefusesATextWithoutAMask) {
  const std::vector<std::string> texts = {texts_[0], "The cat."};
  const auto filled = FillMasks(*encoder_, texts, 4);
  ASSERT_FALSE(filled.ok());
  EXPECT_TRUE(filled.status().message().starts_with("text 2: there is no "))
      << filled.status().message();
  const auto classified = Classify(*encoder_, texts_, 1);
  ASSERT_FALSE(classified.ok());
  EXPECT_NE(classified.status().message().find("'parvis fill'"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Models, FillMaskTest,
                         testing::Values("bert_masked_lm", "roberta_masked_lm",
                                         "distilbert_masked_lm"),
                         [](const auto& info) { return std::string(info.param); });

using ClassifyTest = PipelinesTest;

TEST_P(ClassifyTest, EqualsThePipeline) {
  size_t pairs = 0;
  for (size_t i = 0; i < texts_.size(); ++i) {
    std::vector<std::string> pair;
    if (expected_[i].contains("pair")) pair.push_back(expected_[i]["pair"].get<std::string>());
    pairs += pair.size();
    const auto all = Classify(*encoder_, {{texts_[i]}}, 100, pair);
    ASSERT_TRUE(all.ok()) << all.status().message();
    const Json& labels = expected_[i]["labels"];
    ASSERT_EQ((*all)[0].size(), labels.size());
    for (size_t k = 0; k < labels.size(); ++k) {
      EXPECT_EQ((*all)[0][k].label, labels[k]["label"]) << texts_[i];
      EXPECT_NEAR((*all)[0][k].score, labels[k]["score"].get<double>(), kTolerance) << texts_[i];
    }
  }
  EXPECT_EQ(pairs, 2u);
  EXPECT_EQ(Classify(*encoder_, texts_, 1)->size(), texts_.size());
  EXPECT_EQ((*Classify(*encoder_, texts_, 1))[0].size(), 1u);
}

TEST_P(ClassifyTest, RefusesATextThatIsTooLong) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "the cat ";
  const auto all = Classify(*encoder_, {{text}}, 1);
  ASSERT_FALSE(all.ok());
  EXPECT_NE(all.status().message().find("more than the 80 that the model can take"),
            std::string::npos)
      << all.status().message();
}

INSTANTIATE_TEST_SUITE_P(Models, ClassifyTest,
                         testing::Values("bert_sequence", "roberta_sequence",
                                         "distilbert_sequence"),
                         [](const auto& info) { return std::string(info.param); });

using LabelTokensTest = PipelinesTest;

TEST_P(LabelTokensTest, EqualsThePipelineWithEveryAggregation) {
  for (size_t i = 0; i < texts_.size(); ++i) {
    const auto name = expected_[i]["aggregation"].get<std::string>();
    const std::string what = name + ": " + texts_[i];
    const auto all = LabelTokens(*encoder_, {{texts_[i]}}, *AggregationFromName(name));
    ASSERT_TRUE(all.ok()) << all.status().message();
    const Json& tokens = expected_[i]["tokens"];
    ASSERT_EQ((*all)[0].size(), tokens.size()) << what;
    for (size_t k = 0; k < tokens.size(); ++k) {
      const LabelledRange& range = (*all)[0][k];
      EXPECT_EQ(range.label, tokens[k]["label"]) << what;
      EXPECT_EQ(range.begin, tokens[k]["start"]) << what;
      EXPECT_EQ(range.end, tokens[k]["end"]) << what;
      EXPECT_NEAR(range.score, tokens[k]["score"].get<double>(), kTolerance) << what;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, LabelTokensTest,
                         testing::Values("bert_tokens", "roberta_tokens", "distilbert_tokens"),
                         [](const auto& info) { return std::string(info.param); });

using AnswersTest = PipelinesTest;

TEST_P(AnswersTest, EqualThePipelineInOneWindowAndInSeveral) {
  for (const Json& one : expected_) {
    const Json& wanted = one["options"];
    AnswerOptions options;
    options.count = wanted["top_k"];
    options.max_tokens = wanted.value("max_answer_len", options.max_tokens);
    options.window = wanted.value("max_seq_len", options.window);
    options.stride = wanted.value("doc_stride", options.stride);
    const auto answers = FindAnswers(*encoder_, one["question"], one["text"], options);
    ASSERT_TRUE(answers.ok()) << answers.status().message();
    EXPECT_NEAR(answers->no_answer, one["no_answer"].get<double>(), 10 * kTolerance);
    ASSERT_EQ(answers->best.size(), one["answers"].size());
    for (size_t k = 0; k < answers->best.size(); ++k) {
      const Json& expected = one["answers"][k];
      EXPECT_EQ(answers->best[k].text, expected["answer"]) << one["question"];
      EXPECT_EQ(answers->best[k].begin, expected["start"]);
      EXPECT_EQ(answers->best[k].end, expected["end"]);
      EXPECT_NEAR(answers->best[k].score, expected["score"].get<double>(), kTolerance);
    }
  }
}

TEST_P(AnswersTest, AQuestionMustLeaveRoom) {
  std::string question;
  for (int i = 0; i < 60; ++i) question += "who ";
  const auto answers = FindAnswers(*encoder_, question, "Anna.", {});
  ASSERT_FALSE(answers.ok());
  EXPECT_NE(answers.status().message().find("leave no room"), std::string::npos);
  EXPECT_FALSE(FindAnswers(*encoder_, "", "Anna.", {}).ok());
  EXPECT_FALSE(FindAnswers(*encoder_, "Who?", "", {}).ok());
}

INSTANTIATE_TEST_SUITE_P(Models, AnswersTest,
                         testing::Values("bert_span", "roberta_span", "distilbert_span"),
                         [](const auto& info) { return std::string(info.param); });

using EmbedTest = PipelinesTest;

TEST_P(EmbedTest, EqualsSentenceTransformers) {
  const auto inputs = InputsOf(*model_, texts_);
  ASSERT_TRUE(inputs.ok()) << inputs.status().message();
  for (const Pooling pooling : {Pooling::kMean, Pooling::kCls, Pooling::kLast}) {
    for (const bool normalize : {false, true}) {
      const auto embeddings = encoder_->Embed(*inputs, pooling, normalize);
      ASSERT_TRUE(embeddings.ok());
      const std::string name = std::string(PoolingName(pooling)) + (normalize ? "_normalized" : "");
      for (size_t i = 0; i < texts_.size(); ++i) {
        EXPECT_EQ((*inputs)[i].tokens.size(), expected_[i]["tokens"]) << texts_[i];
        const Json& vector = expected_[i][name];
        for (size_t k = 0; k < vector.size(); ++k) {
          ASSERT_NEAR(embeddings->f32()[i * vector.size() + k], vector[k].get<double>(), 1e-4)
              << name << " " << texts_[i];
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, EmbedTest, testing::Values("bert_pooled", "distilbert_bare"),
                         [](const auto& info) { return std::string(info.param); });

TEST(SentencePoolingTest, IsReadFromTheFolder) {
  ThreadPool pool(1);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  const std::string folder = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/encoders/";
  const auto with = models::LoadModel(exec, folder + "bert_pooled");
  ASSERT_TRUE(with.ok());
  EXPECT_EQ(with->task.pooling, "cls");
  EXPECT_TRUE(with->task.normalize);
  const auto without = models::LoadModel(exec, folder + "distilbert_bare");
  ASSERT_TRUE(without.ok());
  EXPECT_EQ(without->task.pooling, "");
}

}  // namespace
}  // namespace parvis::runtime
