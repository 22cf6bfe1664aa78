#include "parvis/runtime/sentence_choice.h"

#include <gtest/gtest.h>

#include <cmath>

#include "parvis/models/model.h"
#include "parvis/runtime/text_tasks.h"

namespace parvis::runtime {
namespace {

const std::vector<std::string> kSix = {"A.", "B.", "C.", "D.", "E.", "F."};

TEST(ChooseSentences, TakesTheNearestToTheMeanInTheTextsOrder) {
  // B and D lie where most is; the mean is (3.6, 2.6) / 6.
  const std::vector<float> vectors = {0, 1, 0.8f, 0.6f, 1, 0, 0.8f, 0.6f, 0, 0.4f, 1, 0};
  const SentenceChoice one = ChooseSentences(kSix, vectors, 1);
  EXPECT_EQ(one.chosen, std::vector<size_t>{1});
  EXPECT_EQ(one.text, "B.");
  // cos((0.8, 0.6), (3.6, 2.6)) less a fifth of a sixth
  EXPECT_NEAR(one.scores[1], (0.8 * 3.6 + 0.6 * 2.6) / std::hypot(3.6, 2.6) - 0.2 / 6, 1e-6);
  // D says what B does: it is passed over, for what is farther.
  const SentenceChoice two = ChooseSentences(kSix, vectors, 2);
  EXPECT_EQ(two.chosen, (std::vector<size_t>{1, 2}));
  EXPECT_EQ(two.text, "B. C.");
  EXPECT_EQ(ChooseSentences(kSix, vectors, 100).text, "A. B. C. E.");
}

TEST(ChooseSentences, OfEqualsTheFirst) {
  const std::vector<float> vectors = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  EXPECT_EQ(ChooseSentences({"A.", "B.", "C."}, vectors, 1).text, "A.");
  EXPECT_EQ(ChooseSentences({}, {}, 3).text, "");
  EXPECT_EQ(ChooseSentences({"A."}, std::vector<float>{0, 0}, 3).text, "A.");
}

TEST(ChooseSentences, TakesAFifthUnlessTold) {
  for (const auto& [sentences, chosen] :
       std::vector<std::pair<size_t, size_t>>{{1, 1}, {7, 1}, {8, 2}, {23, 5}, {200, 5}}) {
    std::vector<float> vectors(sentences * sentences);
    for (size_t i = 0; i < sentences; ++i) vectors[i * sentences + i] = 1;
    const std::vector<std::string> texts(sentences, "A.");
    EXPECT_EQ(ChooseSentences(texts, vectors, 0).chosen.size(), chosen) << sentences;
  }
}

class SentencesOfTest : public ::testing::Test {
 protected:
  ThreadPool pool_{2};
  ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
  Result<models::Model> model_ = models::LoadModel(
      exec_, std::string(PARVIS_SOURCE_DIR) + "/tests/golden/encoders/bert_masked_lm",
      {.packing = ops::Packing::kF32});
};

TEST_F(SentencesOfTest, AreWholeOnesIfThereAreAny) {
  ASSERT_TRUE(model_.ok()) << model_.status().message();
  const auto of = [&](const std::string& text) { return SentencesOf(*model_, text); };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(of("# Cats\n\nA cat sat. It saw M. Dog!\n\n| a | b |\n- a mat.\n"),
            (Texts{"A cat sat.", "It saw M. Dog!", "- a mat."}));
  EXPECT_EQ(of("a cat\na dog\n"), (Texts{"a cat", "a dog"}));
  EXPECT_EQ(of(" \n"), Texts{});
  // What is longer than the context is no sentence, nor is its end.
  const auto room = static_cast<size_t>(model_->stack.blueprint().context_length);
  std::string longest;
  for (size_t i = 0; i < room + 5; ++i) longest += "cat ";
  EXPECT_EQ(of(longest + "sat. A dog."), Texts{"A dog."});
  EXPECT_GE(of(longest).size(), 2u);
}

TEST_F(SentencesOfTest, AreEmbeddedTogetherOrAlone) {
  ASSERT_TRUE(model_.ok()) << model_.status().message();
  const Encoder encoder(*model_, exec_);
  std::vector<std::string> sentences;
  for (int i = 0; i < 70; ++i) {
    sentences.push_back(std::string("The cat saw ") + (i % 3 == 0 ? "a dog." : "the hill.") +
                        std::string(static_cast<size_t>(i % 7), '!'));
  }
  const auto choice = SummarizeByChoice(encoder, sentences, 4, {});
  ASSERT_TRUE(choice.ok()) << choice.status().message();
  std::vector<float> vectors;
  for (const std::string& sentence : sentences) {
    const auto input = InputsOf(*model_, {&sentence, 1});
    const auto vector = encoder.Embed(*input, *PoolingOf(*model_), true);
    ASSERT_TRUE(vector.ok());
    vectors.insert(vectors.end(), vector->f32(), vector->f32() + vector->size());
  }
  const SentenceChoice expected = ChooseSentences(sentences, vectors, 4);
  EXPECT_EQ(choice->chosen, expected.chosen);
  EXPECT_EQ(choice->scores, expected.scores);
  EXPECT_EQ(SummarizeByChoice(encoder, sentences, 4, [] { return true; }).status().code(),
            StatusCode::kCancelled);
  EXPECT_EQ(SummarizeByChoice(encoder, {}, 4, {})->text, "");
}

}  // namespace
}  // namespace parvis::runtime
