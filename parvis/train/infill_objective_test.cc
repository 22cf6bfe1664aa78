// What filling in the middle makes of pieces: the same text in another order, and nothing else.

#include <algorithm>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/text/utf8.h"
#include "parvis/train/data_loader.h"
#include "parvis/train/evaluator.h"
#include "parvis/train/objectives.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;

using SharedTokenizer = std::shared_ptr<const text::Tokenizer>;

// A published kind of byte-level tokenizer, with or without the marks.
SharedTokenizer Tokenizer(bool begins, bool marks = true) {
  const std::string path =
      std::string(PARVIS_SOURCE_DIR) + "/tests/golden/tokenizers/llama3_style/tokenizer.json";
  text::Vocabulary vocabulary = text::ReadTokenizerJson(*ReadFile(path)).value()->vocabulary();
  for (const char* mark : {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|end|>"}) {
    if (!marks && std::string_view(mark) != "<|end|>") continue;
    const auto id = static_cast<text::TokenId>(vocabulary.tokens.size());
    vocabulary.tokens.emplace_back(mark);
    vocabulary.kinds.push_back(text::TokenKind::kControl);
    vocabulary.added.push_back({.id = id, .content = mark, .special = true});
    if (std::string_view(mark) == "<|end|>") vocabulary.bos = vocabulary.eos = id;
  }
  vocabulary.add_bos = begins;
  return text::MakeTokenizer(std::move(vocabulary)).value();
}

ObjectivePointer Infill(const SharedTokenizer& tokenizer, double share, double suffix_first) {
  Result<ObjectivePointer> made =
      NewInfillObjective({.fim_share = share, .fim_suffix_first = suffix_first}, tokenizer);
  EXPECT_TRUE(made.ok()) << made.status().message();
  return *made;
}

Corpus CorpusOf(const Objective& objective, int documents, int repeats) {
  Corpus corpus;
  for (int d = 0; d < documents; ++d) {
    Document document;
    for (int i = 0; i < repeats; ++i) {
      document.text += "def été_" + std::to_string(100 * d + i) + "(x):\n    return x + 1\n";
    }
    corpus.Add("doc", 0, 1, objective.Encode(document)->tokens);
  }
  return corpus;
}

// What stands behind a mark, as text; the end as "$".
std::string Part(const text::Tokenizer& tokenizer, const std::vector<int32_t>& told,
                 const std::string& mark) {
  auto at = std::find(told.begin(), told.end(), *tokenizer.Find(mark));
  EXPECT_NE(at, told.end()) << mark;
  std::vector<int32_t> part;
  for (++at; at != told.end() && !tokenizer.IsSpecial(*at); ++at) part.push_back(*at);
  return tokenizer.Decode(part) + (at != told.end() && *at == *tokenizer.eos() ? "$" : "");
}

struct Counts {
  int told = 0, plain = 0, suffix_first = 0;
  std::set<size_t> places;
};

// Every piece of an epoch holds the text of its place, in order or told otherwise.
Counts Check(const SharedTokenizer& tokenizer, double share, double suffix_first, int64_t row) {
  const ObjectivePointer objective = Infill(tokenizer, share, suffix_first);
  const Corpus corpus = CorpusOf(*objective, 40, 12);
  const EpochPlan plan =
      PlanShuffled(corpus, objective->DivisionOf(corpus, row), {1.0}, /*seed=*/3, 0);
  EXPECT_EQ(plan.left_out, 0);
  Counts counts;
  for (const int64_t r : plan.order) {
    Batch batch;
    AppendRow(corpus, *objective, plan, r, 3, 0, batch);
    EXPECT_LE(batch.num_tokens(), row);
    EXPECT_EQ(batch.targets.size(), batch.tokens.size());
    for (size_t i = 0; i < batch.segments.size(); ++i) {
      const nn::Segment& segment = batch.segments[i];
      std::vector<int32_t> told(batch.tokens.begin() + segment.begin,
                                batch.tokens.begin() + segment.begin + segment.count);
      for (int64_t t = 1; t < segment.count; ++t) {
        EXPECT_EQ(batch.targets[segment.begin + t - 1], told[t]);
      }
      told.push_back(batch.targets[segment.begin + segment.count - 1]);
      const Piece& piece = plan.pieces[plan.row_begin[r] + static_cast<int64_t>(i)];
      std::vector<int32_t> source = corpus.Read(piece.document, piece.begin, piece.count + 1);
      const bool begins = tokenizer->add_bos() && source.front() == *tokenizer->bos();
      if (std::find(told.begin(), told.end(), *tokenizer->Find("<|fim_middle|>")) == told.end()) {
        EXPECT_EQ(told, source);
        ++counts.plain;
        continue;
      }
      ++counts.told;
      EXPECT_EQ(told.front() == *tokenizer->bos(), begins);
      const std::string before = Part(*tokenizer, told, "<|fim_prefix|>");
      const std::string after = Part(*tokenizer, told, "<|fim_suffix|>");
      std::string middle = Part(*tokenizer, told, "<|fim_middle|>");
      EXPECT_TRUE(middle.ends_with("$"));
      middle.pop_back();
      EXPECT_EQ(before + middle + after, tokenizer->Decode(source));
      EXPECT_TRUE(text::IsValidUtf8(before) && text::IsValidUtf8(middle));
      counts.suffix_first += before.empty() ? 1 : 0;
      counts.places.insert(before.size());
    }
  }
  return counts;
}

TEST(InfillObjective, TellsTheSameTextBeginningAndEndFirst) {
  const Counts counts = Check(Tokenizer(true), 0.5, 0.0, 96);
  EXPECT_NEAR(counts.told / static_cast<double>(counts.told + counts.plain), 0.5, 0.15);
  EXPECT_LT(counts.suffix_first, counts.told / 4);  // an empty beginning looks the same
  EXPECT_GT(counts.places.size(), 15u);             // anywhere, not between tokens only
}

TEST(InfillObjective, TellsTheEndFirst) {
  const Counts counts = Check(Tokenizer(false), 1.0, 1.0, 64);
  EXPECT_EQ(counts.suffix_first, counts.told);
  EXPECT_GT(counts.told, 9 * counts.plain);  // pieces within a character stay as they are
}

TEST(InfillObjective, EvaluatesTheTextAsItIs) {
  const SharedTokenizer tokenizer = Tokenizer(true);
  const ObjectivePointer objective = Infill(tokenizer, 1.0, 0.5);
  const Objective& plain = objective->ForEvaluation();
  EXPECT_TRUE(plain.predicts_all_text());
  const Corpus corpus = CorpusOf(*objective, 2, 3);
  const EpochPlan plan = PlanInOrder(corpus, plain.DivisionOf(corpus, 4096));
  Batch batch;
  AppendRow(corpus, plain, plan, 0, 0, 0, batch);
  EXPECT_TRUE(std::equal(batch.tokens.begin(), batch.tokens.begin() + batch.segments[0].count,
                         corpus.Tokens(0).begin()));
}

TEST(InfillObjective, NeedsMarksAndBytes) {
  EXPECT_THAT(NewInfillObjective({.fim_share = 0.5}, Tokenizer(true, false)).status().message(),
              HasSubstr("no <|fim_prefix|>"));
  const std::string path =
      std::string(PARVIS_SOURCE_DIR) + "/tests/golden/tokenizers/t5/tokenizer.json";
  const SharedTokenizer pieces = text::ReadTokenizerJson(*ReadFile(path)).value();
  EXPECT_THAT(NewInfillObjective({.fim_share = 0.5}, pieces).status().message(),
              HasSubstr("byte-level"));
}

}  // namespace
}  // namespace parvis::train
