// Whole texts through a model: against transformers where they fit (tools/goldens/README.md), and
// what is promised for those that do not.

#include "parvis/runtime/text_to_text.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/models/model.h"
#include "parvis/runtime/test_support.h"

namespace parvis::runtime {
namespace {

const std::string kFolder = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/models/t5_text";

class TextToTextTest : public testing::Test {
 protected:
  void SetUp() override {
    auto model = models::LoadModel(exec_, kFolder, {.packing = ops::Packing::kF32});
    ASSERT_TRUE(model.ok()) << model.status().message();
    model_.emplace(std::move(*model));
  }

  std::unique_ptr<TextToText> Make(TextTask task) {
    auto made = TextToText::Create(*model_, exec_, std::move(task), {});
    EXPECT_TRUE(made.ok()) << made.status().message();
    return *std::move(made);
  }
  TextTask Translation() { return *TranslationTask(*model_, "en", "fr"); }

  ThreadPool pool_{2};
  ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
  std::optional<models::Model> model_;
};

TEST_F(TextToTextTest, AnswersAsTransformers) {
  const Json rows = *ParseJson(*ReadFile(kFolder + "/texts.json"));
  ASSERT_EQ(rows.size(), 6u);
  for (const Json& row : rows) {
    TextTask task = row["task"] == "summarization" ? SummaryTask(*model_) : Translation();
    task.beams.num_beams = row["beams"].get<int64_t>();
    const auto answers = Make(task)->Answer(std::vector{row["source"].get<std::string>()}, {});
    ASSERT_TRUE(answers.ok()) << answers.status().message();
    EXPECT_EQ((*answers)[0].text, row["text"].get<std::string>()) << row;
    if (!row.contains("score")) continue;
    EXPECT_NEAR(*(*answers)[0].score, row["score"].get<float>(), 1e-4) << row;
  }
}

TEST_F(TextToTextTest, TasksAreTheConfigurations) {
  const TextTask task = SummaryTask(*model_);
  EXPECT_EQ(task.before, "summarize: ");
  EXPECT_EQ(task.beams.num_beams, 4);
  EXPECT_EQ(task.beams.length_penalty, 2.0f);
  EXPECT_TRUE(task.beams.early_stopping);
  EXPECT_EQ(task.beams.max_tokens, 19);  // transformers counts the start token
  EXPECT_EQ(task.beams.min_tokens, 7);
  EXPECT_EQ(task.beams.no_repeat_ngram_size, 3);

  EXPECT_EQ(TranslationTask(*model_, "de", "ro")->before, "translate German to Romanian: ");
  EXPECT_EQ(TranslationTask(*model_, "English", "Breton")->before, "translate English to Breton: ");
  EXPECT_FALSE(TranslationTask(*model_, "en", "xx").ok());

  // A configuration is not to be trusted: what is of another kind does not count.
  model_->metadata["parvis.task_specific_params"] =
      R"({"summarization": {"prefix": 3, "num_beams": "many", "max_length": -1}})";
  EXPECT_EQ(SummaryTask(*model_).before, "summarize: ");
  EXPECT_EQ(SummaryTask(*model_).beams.num_beams, 1);
  model_->metadata["parvis.task_specific_params"] = "[";
  EXPECT_EQ(SummaryTask(*model_).beams.max_tokens, 0);
}

TEST_F(TextToTextTest, LongTextsAreTranslatedBySentences) {
  TextTask task = Translation();
  task.beams.num_beams = 1;
  const auto translator = Make(task);
  const std::string text =
      "The cat sees a red ball. One day they went to the sea.\n\n"
      "The dog ran over the hill. It was late. All the others sat at home and ate bread. "
      "The cat was in the garden.\n";
  EXPECT_FALSE(translator->Fits(text));
  const auto result = Translate(*translator, text, {});
  ASSERT_TRUE(result.ok()) << result.status().message();
  ASSERT_GE(result->pieces.size(), 3u);
  std::string source, joined;
  for (size_t i = 0; i < result->pieces.size(); ++i) {
    const text::TextPiece& piece = result->pieces[i];
    EXPECT_TRUE(translator->Fits(piece.text));
    EXPECT_FALSE(piece.within_sentence);
    source += piece.text + piece.space;
    // A piece gets the answer that it gets alone.
    const auto alone = translator->Answer(std::vector{piece.text}, {});
    ASSERT_TRUE(alone.ok());
    EXPECT_EQ(result->answers[i].text, (*alone)[0].text);
    joined += result->answers[i].text + piece.space;
  }
  EXPECT_EQ(source, text);  // nothing is left out
  EXPECT_EQ(result->text, joined);

  const auto empty = Translate(*translator, " \n", {});
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(empty->text, "");
}

TEST_F(TextToTextTest, LongTextsAreSummarisedBySectionsAndAgain) {
  TextTask task = SummaryTask(*model_);
  task.beams.max_tokens = 8;
  task.beams.min_tokens = 0;
  const auto writer = Make(task);
  std::string text;
  for (int i = 0; i < 12; ++i) text += "The dog ran over the hill. It was late. ";
  const auto result = Summarize(*writer, text, {});
  ASSERT_TRUE(result.ok()) << result.status().message();
  ASSERT_GE(result->answers.size(), 2u);
  EXPECT_GT(result->answers[0].size(), 4u);
  for (size_t round = 1; round < result->answers.size(); ++round) {
    EXPECT_LT(result->answers[round].size(), result->answers[round - 1].size());
    std::string source;
    for (const text::TextPiece& piece : result->sections[round]) source += piece.text + piece.space;
    std::string before;
    for (const TextAnswer& answer : result->answers[round - 1]) {
      before += (before.empty() ? "" : "\n") + answer.text;
    }
    EXPECT_EQ(source, before);
  }
  EXPECT_EQ(result->answers.back().size(), 1u);
  EXPECT_EQ(result->text, result->answers.back()[0].text);
}

TEST_F(TextToTextTest, CanBeInterrupted) {
  for (const int64_t beams : {1, 3}) {
    TextTask task = Translation();
    task.beams.num_beams = beams;
    int asked = 0;
    const auto result =
        Translate(*Make(task), "The cat sees a red ball.", [&asked] { return ++asked == 3; });
    EXPECT_EQ(result.status().code(), StatusCode::kCancelled) << beams;
  }
}

// A decoder is given an instruction, and half of its context.
TEST(TextToText, DecodersArePrompted) {
  ThreadPool pool(2);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  models::Model model = SmallModel(exec);
  const auto task = TranslationTask(model, "en", "fr");
  ASSERT_TRUE(task.ok());
  EXPECT_EQ(task->before, "Translate from English to French.\n\nEnglish: ");
  EXPECT_EQ(task->after, "\nFrench:");
  auto translator = TextToText::Create(model, exec, *task, {});
  ASSERT_TRUE(translator.ok()) << translator.status().message();
  const std::string room(160 / 2 - task->before.size() - task->after.size(), 'a');
  EXPECT_TRUE((*translator)->Fits(room));
  EXPECT_FALSE((*translator)->Fits(room + "a"));
  const auto result = Translate(**translator, "One. Two. Three. Four. Five. Six.", {});
  ASSERT_TRUE(result.ok());
  EXPECT_GT(result->answers.size(), 1u);

  TextTask beams = *task;
  beams.beams.num_beams = 2;
  EXPECT_FALSE(TextToText::Create(model, exec, beams, {}).ok());
  EXPECT_FALSE(TextToText::Create(model, exec, {.before = std::string(100, 'a')}, {}).ok());
  model.tokenizer = nullptr;
  EXPECT_FALSE(TextToText::Create(model, exec, *task, {}).ok());
}

}  // namespace
}  // namespace parvis::runtime
