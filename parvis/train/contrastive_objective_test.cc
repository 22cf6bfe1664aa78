// What the contrastive objective makes of pairs; its arithmetic is held to PyTorch's by
// objective_golden_test.cc.

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/train/objectives.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;

std::shared_ptr<const text::Tokenizer> Golden(const std::string& name) {
  const std::string path =
      std::string(PARVIS_SOURCE_DIR) + "/tests/golden/tokenizers/" + name + "/tokenizer.json";
  return text::ReadTokenizerJson(*ReadFile(path)).value();
}

ObjectivePointer Contrastive(const ObjectiveSettings& settings) {
  return NewContrastiveObjective(settings, Golden("bert_uncased")).value();
}

TEST(ContrastiveObjective, HidesTokensOfBothTextsButNoControlTokens) {
  const auto tokenizer = Golden("bert_uncased");
  const ObjectivePointer objective =
      Contrastive({.kind = ObjectiveKind::kContrastive, .mask_share = 0.3, .whole_word = true});
  const Document document{.text = "the cat went slowly to the butterfly",
                          .second = "the unhappy sea is an extraordinary garden"};
  const auto example = objective->Encode(document).value();
  Corpus corpus;
  corpus.Add("doc", 0, 1, example.tokens, example.numbers);
  const auto first = static_cast<int64_t>(tokenizer->Encode(document.text).ids.size());
  const auto all = static_cast<int64_t>(example.tokens.size());
  Random random(4);
  std::set<int64_t> hidden;
  for (int i = 0; i < 200; ++i) {
    Batch batch;
    objective->Append(corpus, {0, 0, all}, random, batch);
    ASSERT_EQ(batch.segments.size(), 2u);
    ASSERT_EQ(batch.segments[1].begin, first);
    EXPECT_EQ(objective->CountOf(batch), 2);
    ASSERT_EQ(batch.head_rows.size(), batch.targets.size());
    std::set<int64_t> rows;
    for (size_t t = 0; t < batch.targets.size(); ++t) {
      if (batch.targets[t] < 0) continue;  // a text
      EXPECT_EQ(batch.targets[t], example.tokens[batch.head_rows[t]]);
      rows.insert(batch.head_rows[t]);
    }
    for (int64_t row = 0; row < all; ++row) {
      if (rows.count(row) == 0) {
        EXPECT_EQ(batch.tokens[row], example.tokens[row]);
      }
      if (example.numbers[1 + row] == 1) {
        EXPECT_EQ(rows.count(row), rows.count(row - 1));
      }
    }
    hidden.insert(rows.begin(), rows.end());
  }
  // All but [CLS] and [SEP] of each text.
  EXPECT_EQ(static_cast<int64_t>(hidden.size()), all - 4);
  for (const int64_t row : {int64_t{0}, first - 1, first, all - 1}) {
    EXPECT_EQ(hidden.count(row), 0u) << row;
  }
}

TEST(ContrastiveObjective, NeedsAnEncoderAndForMasksAMaskAndAHead) {
  const ObjectiveSettings plain{.kind = ObjectiveKind::kContrastive, .mask_share = 0.0};
  EXPECT_TRUE(NewContrastiveObjective(plain, Golden("gpt2_style")).ok());
  EXPECT_THAT(NewContrastiveObjective({}, Golden("gpt2_style")).status().message(),
              HasSubstr("mask_share: the tokenizer has no mask token"));
  nn::Blueprint b;
  b.family = "llama";
  EXPECT_THAT(Contrastive(plain)->Check(b).message(), HasSubstr("this one (llama) is none"));
  b.family = "bert";
  b.attention.causal = false;
  b.head.kind = nn::Head::Kind::kPooler;
  EXPECT_TRUE(Contrastive(plain)->Check(b).ok());
  EXPECT_THAT(Contrastive({})->Check(b).message(), HasSubstr("mask_share is for models with"));
  // Nothing stands around a text there.
  const auto bare = NewContrastiveObjective(plain, Golden("gpt2_style")).value();
  EXPECT_THAT(bare->Encode({.text = "a", .second = ""}).status().message(), HasSubstr("is empty"));
}

}  // namespace
}  // namespace parvis::train
