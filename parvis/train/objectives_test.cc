// What each objective makes of a text.

#include "parvis/train/objectives.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/train/data_loader.h"
#include "parvis/train/labels.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;

std::shared_ptr<const text::Tokenizer> Golden(const std::string& name) {
  const std::string path =
      std::string(PARVIS_SOURCE_DIR) + "/tests/golden/tokenizers/" + name + "/tokenizer.json";
  Result<std::unique_ptr<text::Tokenizer>> tokenizer = text::ReadTokenizerJson(*ReadFile(path));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  return std::move(tokenizer).value();
}

// Words of the text that the tokenizers have learned from, `words` a document.
Corpus CorpusOf(const Objective& objective, int documents, int words) {
  static constexpr const char* kWords[] = {"the",       "cat",          "sea",     "went",
                                           "slowly",    "to",           "unhappy", "garden",
                                           "butterfly", "extraordinary"};
  Random random(9);
  Corpus corpus;
  for (int d = 0; d < documents; ++d) {
    Document document;
    for (int w = 0; w < words; ++w) document.text += std::string(kWords[random.Below(10)]) + " ";
    const auto example = objective.Encode(document);
    EXPECT_TRUE(example.ok());
    corpus.Add("doc", 0, 1, example->tokens, example->numbers);
  }
  return corpus;
}

ObjectivePointer Masked(const ObjectiveSettings& settings) {
  Result<ObjectivePointer> made = NewMaskedObjective(settings, Golden("bert_uncased"));
  EXPECT_TRUE(made.ok());
  return *made;
}

TEST(MaskedObjective, HidesAShareOfTheTokens) {
  const auto tokenizer = Golden("bert_uncased");
  const ObjectivePointer objective = Masked({.kind = ObjectiveKind::kMasked});
  const Corpus corpus = CorpusOf(*objective, 200, 40);
  DataLoader loader(corpus, *objective, 128, {1.0}, 1);
  std::map<std::string, int> what;
  int64_t tokens = 0;
  for (int64_t row = 0; row < loader.epoch_rows(); ++row) {
    const Batch batch = loader.Next(1);
    ASSERT_LE(batch.num_tokens(), 128);
    std::set<int64_t> hidden(batch.head_rows.begin(), batch.head_rows.end());
    ASSERT_EQ(hidden.size(), batch.targets.size());
    for (size_t i = 0; i < batch.segments.size(); ++i) {
      const nn::Segment& segment = batch.segments[i];
      const int64_t last = segment.begin + segment.count - 1;
      EXPECT_EQ(batch.tokens[segment.begin], *tokenizer->bos());
      EXPECT_EQ(batch.tokens[last], *tokenizer->eos());
      const auto original = corpus.Tokens(batch.documents[i]);
      ASSERT_EQ(segment.count, static_cast<int64_t>(original.size()) + 2);
      tokens += segment.count - 2;
      for (int64_t r = segment.begin + 1; r < last; ++r) {
        if (hidden.count(r) == 0) {
          EXPECT_EQ(batch.tokens[r], original[r - segment.begin - 1]);
        }
      }
    }
    for (size_t i = 0; i < batch.targets.size(); ++i) {
      const int32_t now = batch.tokens[batch.head_rows[i]];
      const bool masked = now == *tokenizer->vocabulary().mask;
      what[masked ? "masked" : now == batch.targets[i] ? "kept" : "replaced"] += 1;
      what["all"] += 1;
      EXPECT_FALSE(tokenizer->IsSpecial(batch.targets[i]));
    }
  }
  const double all = what["all"];
  EXPECT_NEAR(all / static_cast<double>(tokens), 0.15, 0.01);
  EXPECT_NEAR(what["masked"] / all, 0.8, 0.04);  // over three standard deviations
  EXPECT_NEAR(what["replaced"] / all, 0.1, 0.03);
  EXPECT_NEAR(what["kept"] / all, 0.1, 0.03);
}

TEST(MaskedObjective, HidesWholeWords) {
  const ObjectivePointer objective =
      Masked({.kind = ObjectiveKind::kMasked, .mask_share = 0.3, .whole_word = true});
  const Corpus corpus = CorpusOf(*objective, 20, 40);
  DataLoader loader(corpus, *objective, 256, {1.0}, 1);
  int64_t longer = 0;
  for (int64_t row = 0; row < loader.epoch_rows(); ++row) {
    const Batch batch = loader.Next(1);
    const std::set<int64_t> hidden(batch.head_rows.begin(), batch.head_rows.end());
    for (size_t i = 0; i < batch.segments.size(); ++i) {
      const auto continues = corpus.Numbers(batch.documents[i]);
      for (size_t t = 1; t < continues.size(); ++t) {
        const int64_t at = batch.segments[i].begin + 1 + static_cast<int64_t>(t);
        if (continues[t] == 0) continue;
        EXPECT_EQ(hidden.count(at), hidden.count(at - 1));
        longer += static_cast<int64_t>(hidden.count(at));
      }
    }
  }
  EXPECT_GT(longer, 20);
}

TEST(MaskedObjective, DrawsFromSeedEpochAndRowOnly) {
  const ObjectivePointer objective = Masked({.kind = ObjectiveKind::kMasked});
  const Corpus corpus = CorpusOf(*objective, 30, 30);
  DataLoader whole(corpus, *objective, 64, {1.0}, 3);
  std::set<std::vector<int32_t>> rows;
  for (int64_t i = 0; i < 2 * whole.epoch_rows(); ++i) {
    const DataLoader::State state = whole.state();
    const Batch expected = whole.Next(1);
    DataLoader resumed(corpus, *objective, 64, {1.0}, 3);
    ASSERT_TRUE(resumed.Restore(state));
    const Batch batch = resumed.Next(1);
    ASSERT_EQ(batch.tokens, expected.tokens);
    ASSERT_EQ(batch.targets, expected.targets);
    rows.insert(batch.tokens);
  }
  EXPECT_EQ(static_cast<int64_t>(rows.size()), 2 * whole.epoch_rows());  // no mask twice
}

TEST(MaskedObjective, NeedsAMaskAndAnEncoder) {
  EXPECT_THAT(NewMaskedObjective({}, Golden("gpt2_style")).status().message(),
              HasSubstr("no mask token"));
  nn::Blueprint causal;
  causal.family = "llama";
  EXPECT_THAT(Masked({})->Check(causal).message(), HasSubstr("this model (llama) has none"));
}

ObjectivePointer Spans(const ObjectiveSettings& settings) {
  Result<ObjectivePointer> made = NewSpanObjective(settings, Golden("t5"), /*start=*/0);
  EXPECT_TRUE(made.ok());
  return *made;
}

// Raffel et al.'s recipe: 512 tokens of the prompt, 15 % noise, spans of 3 on average.
TEST(SpanObjective, HasThePublishedShape) {
  const ObjectivePointer objective = Spans({.kind = ObjectiveKind::kSpans});
  const Corpus corpus = CorpusOf(*objective, 1, 4000);
  EXPECT_EQ(objective->DivisionOf(corpus, 512).piece_length, 568);
  const SpanCounts counts = CountSpans({}, 100, 568);
  EXPECT_EQ(counts.noise, 85);
  EXPECT_EQ(counts.spans, 28);
  const EpochPlan plan = PlanInOrder(corpus, objective->DivisionOf(corpus, 512));
  Batch batch;
  AppendRow(corpus, *objective, plan, 0, 1, 0, batch);
  EXPECT_EQ(batch.prompt_tokens.size(), 512u);
  EXPECT_EQ(batch.targets.size(), 114u);
  EXPECT_EQ(batch.tokens.size(), 114u);
}

// Putting the runs of the answer back where their marks stand gives the text again.
TEST(SpanObjective, TakesOutWhatTheAnswerHolds) {
  const auto tokenizer = Golden("t5");
  const ObjectivePointer objective = Spans({.kind = ObjectiveKind::kSpans});
  const Corpus corpus = CorpusOf(*objective, 50, 60);
  DataLoader loader(corpus, *objective, 64, {1.0}, 5);
  std::map<size_t, int> lengths;
  int64_t taken = 0, all = 0;
  for (int64_t row = 0; row < loader.epoch_rows(); ++row) {
    const Batch batch = loader.Next(1);
    for (size_t i = 0; i < batch.segments.size(); ++i) {
      const nn::Segment &in = batch.prompt_segments[i], &out = batch.segments[i];
      std::map<int32_t, std::vector<int32_t>> runs;
      int32_t mark = -1, number = 0;
      EXPECT_EQ(batch.tokens[out.begin], 0);
      for (int64_t r = 0; r < out.count - 1; ++r) {
        const int32_t token = batch.targets[out.begin + r];
        EXPECT_EQ(batch.tokens[out.begin + r + 1], token);
        if (token == *tokenizer->Find("<extra_id_" + std::to_string(number) + ">")) {
          mark = token;
          ++number;
        } else {
          runs[mark].push_back(token);
        }
      }
      EXPECT_EQ(batch.targets[out.begin + out.count - 1], *tokenizer->eos());
      EXPECT_EQ(batch.prompt_tokens[in.begin + in.count - 1], *tokenizer->eos());
      std::vector<int32_t> text;
      for (int64_t r = 0; r < in.count - 1; ++r) {
        const int32_t token = batch.prompt_tokens[in.begin + r];
        const auto run = runs.find(token);
        if (run == runs.end()) {
          text.push_back(token);
          continue;
        }
        text.insert(text.end(), run->second.begin(), run->second.end());
        lengths[run->second.size()] += 1;
        taken += static_cast<int64_t>(run->second.size());
      }
      all += static_cast<int64_t>(text.size());
      const auto original = corpus.Tokens(batch.documents[i]);
      EXPECT_NE(std::search(original.begin(), original.end(), text.begin(), text.end()),
                original.end());
    }
  }
  EXPECT_NEAR(static_cast<double>(taken) / static_cast<double>(all), 0.15, 0.01);
  EXPECT_GT(lengths.size(), 3u);
}

TEST(SpanObjective, NeedsMarksAndTwoStacks) {
  EXPECT_THAT(NewSpanObjective({}, Golden("bert_uncased"), 0).status().message(),
              HasSubstr("no <extra_id_0>"));
  EXPECT_THAT(Spans({})->Check({}).message(), HasSubstr("an encoder and a decoder"));
}

TEST(PairObjective, LearnsTheSecondText) {
  const auto tokenizer = Golden("t5");
  Result<ObjectivePointer> objective = NewPairObjective({.prefix = "to the sea: "}, tokenizer, 0);
  ASSERT_TRUE(objective.ok());
  Corpus corpus;
  const auto add = [&](const std::string& source, const std::string& target) {
    Document document;
    document.text = source;
    document.second = target;
    const auto example = (*objective)->Encode(document);
    ASSERT_TRUE(example.ok());
    corpus.Add(source, 0, 1, example->tokens, example->numbers);
  };
  add("the cat", "a garden");
  std::string words = "word";
  for (int i = 0; i < 40; ++i) words += " word";
  add("too long", words);
  add("the sea", "slowly");
  const Division division = (*objective)->DivisionOf(corpus, 24);
  const EpochPlan plan = PlanInOrder(corpus, division);
  ASSERT_EQ(plan.num_rows(), 1);
  EXPECT_EQ(plan.left_out, 1);
  Batch batch;
  AppendRow(corpus, **objective, plan, 0, 1, 0, batch);
  ASSERT_EQ(batch.segments.size(), 2u);
  EXPECT_EQ(tokenizer->Decode(std::span(batch.prompt_tokens).first(batch.prompt_segments[0].count)),
            "to the sea: the cat");
  EXPECT_EQ(tokenizer->Decode(std::span(batch.targets).first(batch.segments[0].count)), "a garden");
  EXPECT_EQ(batch.tokens[0], 0);
  EXPECT_EQ(batch.targets.back(), *tokenizer->eos());
}

// A model with a head, without weights that matter.
models::Model WithHeadOf(const Json& config, const std::string& tokenizer,
                         std::vector<std::string> labels) {
  Json whole = config;
  const auto read = Golden(tokenizer);
  whole["vocab_size"] = read->vocab_size();
  whole["num_labels"] = labels.size();
  const auto blueprint = models::BlueprintFromConfig(whole);
  EXPECT_TRUE(blueprint.ok()) << blueprint.status().message();
  models::Model model = models::NewModel(*blueprint, read, 1);
  model.task.labels = std::move(labels);
  return model;
}
const Json kBert = {{"model_type", "bert"},     {"hidden_size", 8},       {"num_hidden_layers", 1},
                    {"num_attention_heads", 2}, {"intermediate_size", 8}, {"head", ""}};
const Json kLlama = {{"model_type", "llama"},     {"hidden_size", 8},
                     {"num_hidden_layers", 1},    {"num_attention_heads", 2},
                     {"intermediate_size", 8},    {"max_position_embeddings", 64},
                     {"head", "sequence_labels"}, {"tie_word_embeddings", true}};

Corpus OneDocument(const Objective& objective, const Document& document) {
  const auto example = objective.Encode(document);
  EXPECT_TRUE(example.ok()) << example.status().message();
  Corpus corpus;
  if (example.ok()) corpus.Add("one", 0, 1, example->tokens, example->numbers);
  return corpus;
}

Batch OneBatch(const Objective& objective, const Document& document) {
  const Corpus corpus = OneDocument(objective, document);
  const EpochPlan plan = PlanInOrder(corpus, objective.DivisionOf(corpus, 64));
  Batch batch;
  AppendRow(corpus, objective, plan, 0, 1, 0, batch);
  return batch;
}

TEST(LabelObjective, AsksEncodersFirstAndDecodersLast) {
  Document document;
  document.text = "the cat";
  document.second = "the sea";
  document.fields = {{"label", "b"}};
  Json bert = kBert;
  bert["head"] = "sequence_labels";
  const auto encoder = NewLabelObjective(WithHeadOf(bert, "bert_uncased", {"a", "b", "c"}));
  const Batch first = OneBatch(*encoder, document);
  EXPECT_THAT(first.head_rows, testing::ElementsAre(0));
  EXPECT_THAT(first.targets, testing::ElementsAre(1));
  EXPECT_EQ(first.token_types.front(), 0);
  EXPECT_EQ(first.token_types.back(), 1);
  const auto decoder = NewLabelObjective(WithHeadOf(kLlama, "gpt2_style", {"a", "b", "c"}));
  const Batch last = OneBatch(*decoder, document);
  EXPECT_THAT(last.head_rows, testing::ElementsAre(last.num_tokens() - 1));
  document.fields = {{"label", "d"}};
  EXPECT_THAT(decoder->Encode(document).status().message(), HasSubstr("\"d\" is not one of"));
  document.fields = {{"label", 3}};
  EXPECT_THAT(decoder->Encode(document).status().message(), HasSubstr("label 3: there are 3"));
  document.fields = nullptr;
  EXPECT_THAT(decoder->Encode(document).status().message(), HasSubstr("no \"label\""));
}

TEST(LabelObjective, SeveralLabelsAtATime) {
  Json bert = kBert;
  bert["head"] = "sequence_labels";
  models::Model model = WithHeadOf(bert, "bert_uncased", {"a", "b", "c"});
  model.task.problem_type = "multi_label_classification";
  Document document;
  document.text = "the cat";
  document.fields = {{"label", {"c", "a"}}};
  EXPECT_THAT(OneBatch(*NewLabelObjective(model), document).targets, testing::ElementsAre(1, 0, 1));
}

TEST(TokenLabelObjective, LabelsTheFirstTokenOfAWord) {
  Json bert = kBert;
  bert["head"] = "token_labels";
  const models::Model model = WithHeadOf(bert, "bert_uncased", {"O", "X"});
  const auto objective = NewTokenLabelObjective(model);
  Document document;
  document.text = "the extraordinary cat";
  document.fields = {{"words", {"the", "extraordinary", "cat"}}, {"labels", {"O", "X", "O"}}};
  const Batch batch = OneBatch(*objective, document);
  ASSERT_GT(batch.targets.size(), 5u);  // [CLS] the extra ##… cat [SEP]
  std::vector<std::string> labelled;
  for (size_t i = 0; i < batch.targets.size(); ++i) {
    if (batch.targets[i] < 0) continue;
    labelled.push_back(model.tokenizer->vocabulary().tokens[batch.tokens[i]] + "=" +
                       model.task.labels[batch.targets[i]]);
  }
  ASSERT_EQ(labelled.size(), 3u);
  EXPECT_EQ(labelled[0], "the=O");
  EXPECT_THAT(labelled[1], HasSubstr("=X"));
  EXPECT_EQ(labelled[1].rfind("e", 0), 0u);
  EXPECT_EQ(labelled[2], "cat=O");
  document.fields["labels"] = {"O"};
  EXPECT_THAT(objective->Encode(document).status().message(), HasSubstr("of the same length"));
}

TEST(AnswerObjective, PointsToTheAnswersTokens) {
  Json bert = kBert;
  bert["head"] = "span";
  const models::Model model = WithHeadOf(bert, "bert_uncased", {});
  const auto objective = NewAnswerObjective(model);
  Document document;
  document.text = "Été: the cat went to the sea.";
  document.second = "where?";
  const auto answer = [&](const Json& fields) {
    document.fields = fields;
    const Batch batch = OneBatch(*objective, document);
    const std::span<const int32_t> tokens(batch.tokens);
    return model.tokenizer->Decode(
        tokens.subspan(batch.targets[0], batch.targets[1] - batch.targets[0] + 1), false);
  };
  EXPECT_EQ(answer({{"answer", "to the sea"}}), "to the sea");
  // Places are characters, of which two have two bytes.
  EXPECT_EQ(answer({{"answers", {{"text", {"the cat"}}, {"answer_start", {5}}}}}), "the cat");
  EXPECT_EQ(answer({{"answers", {{"text", Json::array()}, {"answer_start", Json::array()}}}}),
            "[CLS]");
  document.fields = {{"answer", "a dog"}};
  EXPECT_THAT(objective->Encode(document).status().message(), HasSubstr("does not stand there"));
}

TEST(CollectLabels, NamesOrNumbers) {
  std::vector<Document> documents(3);
  documents[0].fields = {{"label", "b"}};
  documents[1].fields = {{"label", {"a", "c"}}};
  const auto names = CollectLabels(ObjectiveKind::kLabels, documents);
  ASSERT_TRUE(names.ok());
  EXPECT_THAT(names->names, testing::ElementsAre("a", "b", "c"));
  EXPECT_TRUE(names->several);
  documents[2].fields = {{"label", 1}};
  EXPECT_FALSE(CollectLabels(ObjectiveKind::kLabels, documents).ok());
  EXPECT_THAT(CollectLabels(ObjectiveKind::kLabels, std::span(documents).subspan(2))->names,
              testing::ElementsAre("LABEL_0", "LABEL_1"));
}

}  // namespace
}  // namespace parvis::train
