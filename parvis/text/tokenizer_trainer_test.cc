#include "parvis/text/tokenizer_trainer.h"

#include <gtest/gtest.h>

namespace parvis::text {
namespace {

const char* const kDocuments[] = {
    "The cat sat on the mat. The cat's hat, the rat's mat!",
    "Le chat s'est assis là-bas ; le chat était las.",
    "aaaa aaaaa aaa 12345 2024 éééé",
    "the theme of the thesis: then, there, they're",
    "\n\n  deux   espaces\n\n",
};

// What Hugging Face's BpeTrainer (tokenizers 0.23.3) learns from kDocuments with min_frequency 2,
// the 256 bytes as initial alphabet, one special token and a vocabulary of at least 282.
constexpr const char* kReferenceMerges[] = {
    "h e",  "a a", "a t",   "t he", "Ġ the", "Ã ©",   "Ġ c",   "a s", "e s",
    "h at", "Ġ l", "Ã© Ã©", "' s",  "T he",  "i s",   "m at",  "r e", "s is",
    "Ċ Ċ",  "Ġ o", "Ġ s",   "Ġ aa", "Ġ mat", "Ġc at", "Ġc hat"};

using Kind = TokenizerTrainerOptions::Kind;

Result<std::unique_ptr<Tokenizer>> Learn(TokenizerTrainerOptions options, int threads = 1) {
  ThreadPool pool(threads);
  TokenizerTrainer trainer(std::move(options), pool);
  for (const char* document : kDocuments) trainer.Add(document);
  return trainer.Train();
}

Result<std::unique_ptr<Tokenizer>> LearnBpe(PreTokenizer pre_tokenizer, int64_t vocab_size) {
  return Learn({.vocab_size = vocab_size,
                .min_count = 2,
                .pre_tokenizer = pre_tokenizer,
                .special_tokens = {"<|endoftext|>"},
                .eos = "<|endoftext|>"});
}

class Trainer : public testing::TestWithParam<PreTokenizer> {};

TEST_P(Trainer, LearnsTheReferencesMerges) {
  auto tokenizer = LearnBpe(GetParam(), 2000);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  const Vocabulary& v = (*tokenizer)->vocabulary();
  std::vector<std::string> merges;
  for (const auto& [left, right] : v.merges) merges.push_back(left + " " + right);
  EXPECT_EQ(merges,
            std::vector<std::string>(std::begin(kReferenceMerges), std::end(kReferenceMerges)));
  EXPECT_EQ(v.tokens.size(), 282u);
  EXPECT_EQ(v.tokens[0], "<|endoftext|>");
  EXPECT_EQ(v.tokens[1], "!");  // as in the reference's vocabulary
  EXPECT_EQ((*tokenizer)->eos(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, Trainer, testing::Values(PreTokenizer::kGpt2, PreTokenizer::kLlama3));

TEST(ByteBpeTrainer, StopsAtTheVocabularySize) {
  auto tokenizer = LearnBpe(PreTokenizer::kGpt2, 260);
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_EQ((*tokenizer)->vocab_size(), 260);
  EXPECT_EQ((*tokenizer)->vocabulary().merges.size(), 3u);
}

TEST(ByteBpeTrainer, WhatItLearnsReadsBackFromJson) {
  auto tokenizer = LearnBpe(PreTokenizer::kLlama3, 280);
  ASSERT_TRUE(tokenizer.ok());
  auto again = ReadTokenizerJson(WriteTokenizerJson(**tokenizer));
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ((*again)->vocabulary().tokens, (*tokenizer)->vocabulary().tokens);
  for (const char* document : kDocuments) {
    EXPECT_EQ((*again)->Encode(document).ids, (*tokenizer)->Encode(document).ids);
    EXPECT_EQ((*again)->Decode((*again)->Encode(document).ids), document);
  }
}

TEST(ByteBpeTrainer, RefusesWhatCannotBeLearned) {
  EXPECT_FALSE(LearnBpe(PreTokenizer::kGpt2, 256).ok());
  ThreadPool pool(1);
  EXPECT_FALSE(TokenizerTrainer({.vocab_size = 300}, pool).Train().ok());  // no text
}

TEST(ByteBpeTrainer, TellsItsProgress) {
  ThreadPool pool(1);
  TokenizerTrainer trainer({.vocab_size = 270}, pool);
  for (const char* document : kDocuments) trainer.Add(document);
  int64_t last = -1, total = 0;
  auto tokenizer = trainer.Train([&](int64_t done, int64_t of) {
    EXPECT_GE(done, last);
    last = done;
    total = of;
  });
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_EQ(last, total);
  EXPECT_EQ(total, 14);
}

}  // namespace
}  // namespace parvis::text
