// Scores of given outputs against sacreBLEU, rouge_score, NLTK and the official script of SQuAD 2.0
// (tools/goldens/make_scores.py).

#include <gtest/gtest.h>

#include <cmath>

#include "parvis/core/file.h"
#include "parvis/core/json.h"
#include "parvis/eval/porter_stemmer.h"
#include "parvis/eval/rouge.h"
#include "parvis/eval/span_scores.h"
#include "parvis/eval/translation_scores.h"

namespace parvis::eval {
namespace {

const Json& Golden() {
  static const Json golden =
      *ParseJson(*ReadFile(std::string(PARVIS_SOURCE_DIR) + "/tests/golden/eval/scores.json"));
  return golden;
}

template <typename F>
void ForEachPair(F&& check) {
  ASSERT_GE(Golden()["pairs"].size(), 20u);
  for (const Json& pair : Golden()["pairs"]) {
    const std::string output = pair["output"];
    SCOPED_TRACE(output);
    check(pair, output, pair["references"].get<std::vector<std::string>>());
  }
}

TEST(TranslationScores, WordsAre13a) {
  ForEachPair([](const Json& pair, const std::string& output, const auto&) {
    std::string words;
    for (const std::string& word : Tokenize13a(output)) words += (words.empty() ? "" : " ") + word;
    EXPECT_EQ(words, pair["tokens_13a"].get<std::string>());
  });
}

TEST(TranslationScores, BleuAndChrfOfSentencesAreSacrebleus) {
  ForEachPair([](const Json& pair, const std::string& output, const auto& references) {
    EXPECT_NEAR(Bleu(CountBleu(output, references)), pair["bleu"].get<double>(), 1e-8);
    EXPECT_NEAR(Chrf(CountChrf(output, references)), pair["chrf"].get<double>(), 1e-8);
  });
}

TEST(TranslationScores, OfACorpusToo) {
  for (const bool both : {false, true}) {
    BleuCounts bleu;
    ChrfCounts chrf;
    ForEachPair([&](const Json&, const std::string& output, auto references) {
      if (!both) references.resize(1);
      if (references.size() > 2) references = {references.front(), references.back()};
      bleu += CountBleu(output, references);
      chrf += CountChrf(output, references);
    });
    const Json& corpus = Golden()["corpus"];
    EXPECT_NEAR(Bleu(bleu), corpus[both ? "bleu_both" : "bleu"].get<double>(), 1e-9);
    EXPECT_NEAR(Chrf(chrf), corpus[both ? "chrf_both" : "chrf"].get<double>(), 1e-9);
    EXPECT_GT(Bleu(bleu), 10);
  }
}

TEST(TranslationScores, SignaturesDifferInTheVersionOnly) {
  const auto expected = Golden()["signatures"].get<std::vector<std::string>>();
  const auto up_to_version = [](const std::string& text) {
    return text.substr(0, text.find("version:"));
  };
  EXPECT_EQ(up_to_version(BleuSignature(1, "1.0")), up_to_version(expected[0]));
  EXPECT_EQ(up_to_version(ChrfSignature(1, "1.0")), up_to_version(expected[1]));
  EXPECT_TRUE(BleuSignature(0, "1.0").starts_with("nrefs:var|"));
}

TEST(Rouge, IsRougeScores) {
  ForEachPair([](const Json& pair, const std::string& output, const auto& references) {
    for (const bool stem : {false, true}) {
      const Rouge rouge = ScoreRouge(output, references, stem);
      const auto expected = pair[stem ? "rouge_stem" : "rouge"].get<std::vector<double>>();
      ASSERT_EQ(expected.size(), 9u);
      size_t at = 0;
      for (const RougeScore& score : {rouge.one, rouge.two, rouge.longest}) {
        // Where nothing is common, of several references none is the best.
        if (score.f1 == 0) {
          EXPECT_EQ(expected[at + 2], 0);
          at += 3;
          continue;
        }
        EXPECT_NEAR(score.precision, expected[at++], 1e-8);
        EXPECT_NEAR(score.recall, expected[at++], 1e-8);
        EXPECT_NEAR(score.f1, expected[at++], 1e-8);
      }
    }
  });
}

TEST(PorterStemmer, StemsAreNltks) {
  ASSERT_GE(Golden()["stems"].size(), 140u);
  for (const auto& [word, stem] : Golden()["stems"].items()) {
    EXPECT_EQ(PorterStem(word), stem.get<std::string>()) << word;
  }
}

TEST(SpanScores, AreTheOfficialScripts) {
  ForEachPair([](const Json& pair, const std::string& output, const auto& references) {
    const SpanScore score = ScoreSpan(output, references, AnswerLanguage::kEnglish);
    EXPECT_EQ(score.exact, pair["exact"].get<double>());
    EXPECT_NEAR(score.f1, pair["f1"].get<double>(), 1e-8);
  });
}

TEST(SpanScores, WithoutAnAnswerNothingIsRight) {
  EXPECT_EQ(ScoreSpan("", {}, AnswerLanguage::kEnglish).exact, 1);
  EXPECT_EQ(ScoreSpan("", {}, AnswerLanguage::kEnglish).f1, 1);
  EXPECT_EQ(ScoreSpan("x", {}, AnswerLanguage::kEnglish).f1, 0);
  EXPECT_EQ(ScoreSpan("the", {}, AnswerLanguage::kEnglish).exact, 1);
}

TEST(SpanScores, FrenchArticlesAndQuotes) {
  const auto normal = [](std::string_view text) {
    return NormalizeAnswer(text, AnswerLanguage::kFrench);
  };
  EXPECT_EQ(normal("L’étang de la « forêt »…"), "étang de forêt");
  EXPECT_EQ(normal("l'Angoulême"), "angoulême");
  EXPECT_EQ(normal("Un bal des écoles"), "bal écoles");
  EXPECT_EQ(normal("the end"), "the end");
  EXPECT_EQ(normal("l’"), "");
  EXPECT_EQ(NormalizeAnswer("l'homme", AnswerLanguage::kEnglish), "lhomme");
}

}  // namespace
}  // namespace parvis::eval
