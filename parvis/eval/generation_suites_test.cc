// Suites of texts that a model writes: rows and outputs as they are read, and whole runs on the
// tiny T5 whose answers are transformers' (tests/golden/models/t5_text/texts.json).

#include "parvis/eval/generation_suites.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "parvis/core/file.h"
#include "parvis/eval/likelihood_suites.h"
#include "tests/scratch_test.h"

namespace parvis::eval {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class GenerationSuitesTest : public ScratchTest {
 protected:
  Rows Read(const std::string& name, const std::string& content) {
    auto rows = ReadRows(Write(name, content));
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    return rows.ok() ? std::move(*rows) : Rows{};
  }
};

TEST_F(GenerationSuitesTest, PairsOfTablesAndOfJson) {
  const Rows table = Read("x.tsv", "one\tun\r\ntwo\tdeux\tmore\n");
  const auto pairs = ReadTextPairs(table, false);
  ASSERT_TRUE(pairs.ok());
  EXPECT_EQ((*pairs)[0].source, "one");
  EXPECT_EQ((*pairs)[0].references, std::vector<std::string>{"un"});
  EXPECT_EQ((*ReadTextPairs(table, true))[1].source, "deux");
  const auto json = ReadTextPairs(
      Read("x.jsonl", "{\"id\":\"7\",\"source\":\"a\",\"target\":[\"b\",\"c\"]}"), false);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)[0].id, "7");
  EXPECT_EQ((*json)[0].references.size(), 2u);
  const auto bad = ReadTextPairs(Read("bad.tsv", "one\tun\ntwo\n"), false);
  EXPECT_THAT(bad.status().message(), HasSubstr("bad.tsv:2: two columns"));
  EXPECT_FALSE(ReadTextPairs(Read("bad.jsonl", "{\"source\":\"a\"}"), false).ok());
}

TEST_F(GenerationSuitesTest, QuestionsInThreeForms) {
  const Rows rows = Read("x.jsonl", R"({"question":"q","context":"c","answers":["a","b"],"id":"1"}
{"question":"q","context":"c","answers":{"text":[],"answer_start":[]}}
{"question":"q","context":"c","answers":[{"text":"a","answer_start":3}]})");
  const auto questions = ReadSpanQuestions(rows);
  ASSERT_TRUE(questions.ok()) << questions.status().message();
  EXPECT_EQ((*questions)[0].answers.size(), 2u);
  EXPECT_TRUE((*questions)[1].answers.empty());
  EXPECT_EQ((*questions)[2].answers[0], "a");
  const Rows squad = Read("x.json", R"({"data":[{"paragraphs":[{"context":"c","qas":[
      {"id":"1","question":"q","answers":[]},{"id":"2","question":5,"answers":[]}]}]}]})");
  ASSERT_EQ(squad.rows.size(), 2u);
  EXPECT_THAT(ReadSpanQuestions(squad).status().message(),
              HasSubstr("x.json:data[0].paragraphs[0].qas[1]: \"question\" is no text"));
  EXPECT_THAT(ReadRows(Write("y.json", "{\"data\":[{}]}")).status().message(),
              HasSubstr("y.json:data[0]: no list \"paragraphs\""));
  EXPECT_THAT(ReadRows(Write("y.json", "[]")).status().message(), HasSubstr("y.json:the top"));
  EXPECT_FALSE(
      ReadSpanQuestions(Read("z.jsonl", R"({"question":"q","context":"c","answers":[1]})")).ok());
}

TEST_F(GenerationSuitesTest, OutputsInThreeForms) {
  const std::vector<std::string> ids = {"a", "b"};
  const std::vector<std::string> expected = {"x", "y z"};
  EXPECT_EQ(*ReadOutputs(Write("o.txt", "x\ny z\n"), ids), expected);
  EXPECT_EQ(*ReadOutputs(Write("p.txt", "x\r\ny z"), ids), expected);
  EXPECT_EQ(*ReadOutputs(Write("o.jsonl", "{\"output\":\"x\"}\n{\"output\":\"y z\"}"), ids),
            expected);
  EXPECT_EQ(*ReadOutputs(Write("o.json", "{\"b\":\"y z\",\"a\":\"x\"}"), ids), expected);
  EXPECT_THAT(ReadOutputs(Write("q.txt", "x\n"), ids).status().message(),
              HasSubstr("1 outputs for 2 rows"));
  EXPECT_THAT(ReadOutputs(Write("q.json", "{\"a\":\"x\"}"), ids).status().message(),
              HasSubstr("no text for id \"b\""));
  EXPECT_THAT(ReadOutputs(Write("r.txt", "x\n\xff\n"), ids).status().message(),
              HasSubstr("r.txt:2: not UTF-8"));
}

TEST_F(GenerationSuitesTest, CountsAndGroupsOfAnswers) {
  const std::vector<SpanQuestion> questions = {{"", "q", "c", {"red ball"}, ""},
                                               {"", "q", "c", {}, ""},
                                               {"", "q", "c", {"one two", "three"}, ""}};
  const Outcome outcome =
      MeasureAnswers(questions, {{"a red ball!", {}}, {"x", {}}, {"two four", {}}},
                     AnswerLanguage::kEnglish, {}, {});
  const std::vector<std::pair<std::string, double>> expected = {
      {"exact", 100.0 / 3},      {"f1", 50.0},
      {"exact_answerable", 50},  {"f1_answerable", 75},
      {"exact_unanswerable", 0}, {"f1_unanswerable", 0}};
  ASSERT_EQ(outcome.measures.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(outcome.measures[i].name, expected[i].first);
    EXPECT_NEAR(outcome.measures[i].score, expected[i].second, 1e-9) << expected[i].first;
  }
}

// What `translate` and `summarize` would give, which transformers gives.
TEST(WriteOutputs, AreTransformers) {
  const std::string folder = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/models/t5_text";
  ThreadPool pool(2);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  auto model = models::LoadModel(exec, folder, {.packing = ops::Packing::kF32});
  ASSERT_TRUE(model.ok()) << model.status().message();
  const Json golden = *ParseJson(*ReadFile(folder + "/texts.json"));
  for (const Writing writing : {Writing::kTranslation, Writing::kSummary}) {
    for (const int64_t beams : {1, 4}) {
      const std::string task_name =
          writing == Writing::kTranslation ? "translation_en_to_fr" : "summarization";
      std::vector<TextPair> pairs;
      std::vector<std::string> expected;
      for (const Json& entry : golden) {
        if (entry["task"] != task_name || entry["beams"] != beams) continue;
        pairs.push_back({"", entry["source"], {"x"}, ""});
        expected.push_back(entry["text"]);
      }
      ASSERT_FALSE(pairs.empty());
      runtime::TextTask task = writing == Writing::kTranslation
                                   ? *runtime::TranslationTask(*model, "en", "fr")
                                   : runtime::SummaryTask(*model);
      task.beams.num_beams = beams;
      const auto writer = runtime::TextToText::Create(*model, exec, task, {});
      ASSERT_TRUE(writer.ok());
      size_t done = 0;
      const auto outputs = WriteOutputs(**writer, writing, pairs, [&](size_t count) {
        done = count;
        return true;
      });
      ASSERT_TRUE(outputs.ok()) << outputs.status().message();
      EXPECT_EQ(*outputs, expected);
      EXPECT_EQ(done, pairs.size());
      // Asked while texts are written, not only after: the first no comes before any is done.
      size_t seen = 0;
      const auto stopped = WriteOutputs(**writer, writing, pairs, [&seen](size_t count) {
        seen = count;
        return false;
      });
      EXPECT_EQ(stopped.status().code(), StatusCode::kCancelled);
      EXPECT_EQ(seen, 0u);
    }
  }
}

// The files that are meant to be measured with, where they are.
TEST(PublishedData, IsRead) {
  const char* given = std::getenv("PARVIS_SHARED");
  const std::string folder =
      (given != nullptr ? given : std::string(PARVIS_SOURCE_DIR) + "/../shared") + "/data/";
  if (!fs::exists(folder + "eval-lm")) GTEST_SKIP() << "no shared data here";
  const auto count = [&](const std::string& path, auto read) {
    const auto rows = ReadRows(folder + path);
    if (!rows.ok()) return rows.status().message();
    const auto result = read(*rows);
    return result.ok() ? std::to_string(result->size()) : result.status().message();
  };
  EXPECT_EQ(count("eval-lm/lambada_test.jsonl.xz", &ReadCloze), "5153");
  EXPECT_EQ(count("eval-lm/boolq_val.jsonl.xz", &ReadChoices), "3270");
  EXPECT_EQ(count("eval-lm/hellaswag_val_sample.jsonl", &ReadChoices), "1000");
  EXPECT_EQ(count("eval-lm/socialiqa_val.jsonl", &ReadChoices), "1935");
  EXPECT_EQ(count("eval-lm/piqa_val.jsonl", &ReadChoices), "1838");
  EXPECT_EQ(count("qa-en/xquad_en.jsonl", &ReadSpanQuestions), "1190");
  EXPECT_EQ(count("qa-fr-piaf/piaf_test.jsonl", &ReadSpanQuestions), "670");
  const auto pairs = [](const Rows& rows) { return ReadTextPairs(rows, false); };
  EXPECT_EQ(count("parallel-en-fr/ntrex_dev.tsv", pairs), "997");
  EXPECT_EQ(count("sum-scitldr/test.jsonl", pairs), "618");
}

}  // namespace
}  // namespace parvis::eval
