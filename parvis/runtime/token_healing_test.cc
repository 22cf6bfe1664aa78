#include "parvis/runtime/token_healing.h"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/runtime/test_support.h"

namespace parvis::runtime {
namespace {

std::shared_ptr<const text::Tokenizer> Gpt2() {
  const std::string path =
      std::string(PARVIS_SOURCE_DIR) + "/tests/golden/tokenizers/gpt2_style/tokenizer.json";
  return text::ReadTokenizerJson(*ReadFile(path)).value();
}

// A token of several letters behind a space, and the text up to its last letter but one.
std::string LongWord(const text::Tokenizer& tokenizer) {
  std::string longest;
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const std::string bytes = tokenizer.TokenBytes(id);
    const bool letters = bytes.find_first_not_of("abcdefghijklmnopqrstuvwxyz", 1) == bytes.npos;
    if (bytes.starts_with(' ') && letters && bytes.size() > longest.size()) longest = bytes;
  }
  return longest;
}

TEST(TakeBackEnd, AWordThatIsNotOverCanBecomeItsToken) {
  const auto tokenizer = Gpt2();
  const std::string word = LongWord(*tokenizer);
  ASSERT_GE(word.size(), 5u);
  const std::string whole = "one, two" + word, cut = whole.substr(0, whole.size() - 2);
  std::vector<int32_t> prompt = tokenizer->Encode(cut).ids;
  const std::vector<int32_t> before = prompt;
  const std::string taken = TakeBackEnd(*tokenizer, prompt);
  ASSERT_LT(prompt.size(), before.size());
  EXPECT_EQ(tokenizer->Decode(prompt) + taken, cut);
  EXPECT_EQ(taken, word.substr(0, word.size() - 2));

  // Of what may come first, the word is one, what does not begin like it is none.
  const auto state = BeginsWith(tokenizer, taken)->Begin();
  std::vector<float> logits(static_cast<size_t>(tokenizer->vocab_size()), 0.0f);
  ASSERT_TRUE(state->Mask(logits).ok());
  size_t left = 0;
  for (int32_t id = 0; id < tokenizer->vocab_size(); ++id) {
    const std::string bytes = tokenizer->TokenBytes(id);
    const bool fits = !tokenizer->IsSpecial(id) && !bytes.empty() &&
                      (bytes.starts_with(taken) || taken.starts_with(bytes));
    EXPECT_EQ(std::isfinite(logits[static_cast<size_t>(id)]), fits) << bytes;
    left += fits ? 1 : 0;
  }
  EXPECT_GE(left, 2u);

  // Part by part, too; and then anything.
  state->Accept(tokenizer->Encode(" ").ids.at(0));
  std::fill(logits.begin(), logits.end(), 0.0f);
  ASSERT_TRUE(state->Mask(logits).ok());
  EXPECT_TRUE(std::isinf(logits[static_cast<size_t>(tokenizer->Encode(" ").ids.at(0))]));
  EXPECT_TRUE(
      std::isfinite(logits[static_cast<size_t>(tokenizer->Encode(word.substr(1, 1)).ids[0])]));
  for (const char c : taken.substr(1))
    state->Accept(tokenizer->Encode(std::string(1, c)).ids.at(0));
  std::fill(logits.begin(), logits.end(), 0.0f);
  ASSERT_TRUE(state->Mask(logits).ok());
  for (const float logit : logits) EXPECT_EQ(logit, 0.0f);
  EXPECT_FALSE(state->Finished());
}

TEST(TakeBackEnd, LeavesWhatNoTokenExtends) {
  const auto tokenizer = Gpt2();
  const ByteTokenizer bytes;
  std::vector<int32_t> prompt = {'a', 'b'};
  EXPECT_EQ(TakeBackEnd(bytes, prompt), "");
  EXPECT_EQ(prompt, (std::vector<int32_t>{'a', 'b'}));
  // The last of all tokens stays, and a special one is no text.
  prompt = tokenizer->Encode("a").ids;
  EXPECT_EQ(TakeBackEnd(*tokenizer, prompt), "");
  EXPECT_EQ(prompt.size(), 1u);
  prompt = {};
  EXPECT_EQ(TakeBackEnd(*tokenizer, prompt), "");
  ASSERT_TRUE(tokenizer->eos());
  prompt = {prompt.begin(), prompt.end()};
  prompt.insert(prompt.end(), {tokenizer->Encode("a").ids.at(0), *tokenizer->eos()});
  EXPECT_EQ(TakeBackEnd(*tokenizer, prompt), "");
  EXPECT_EQ(prompt.size(), 2u);
}

// Not half a character: what is told of an answer is whole characters.
TEST(TakeBackEnd, TakesWholeCharacters) {
  const auto tokenizer = Gpt2();
  for (const std::string text :
       {"one \xE2\x82\xAC", "un caf\xC3\xA9", "\xF0\x9F\x98\x80 \xF0\x9F\x98\x80"}) {
    std::vector<int32_t> prompt = tokenizer->Encode(text).ids;
    const std::string taken = TakeBackEnd(*tokenizer, prompt);
    EXPECT_EQ(tokenizer->Decode(prompt) + taken, text);
    EXPECT_TRUE(taken.empty() || (static_cast<uint8_t>(taken[0]) & 0xC0) != 0x80) << taken;
  }
}

TEST_F(EngineTest, WhatAnAnswerBeginsWithIsNotTold) {
  const auto engine = Make();
  std::string text, longer;
  std::vector<int32_t> tokens;
  GenerateRequest request{.prompt = {1, 2, 3}, .max_tokens = 6, .ignore_end = true};
  request.sampling.temperature = 0.0f;
  request.begins_with = "ab";
  request.stop_strings = {"ab"};  // not what is not told
  request.on_token = [&](const TokenEvent& event) {
    text += event.text;
    if (event.token >= 0) tokens.push_back(event.token);
  };
  ASSERT_TRUE(engine->Submit(request).ok());
  while (engine->Step()) {
  }
  ASSERT_EQ(tokens.size(), 6u);
  EXPECT_EQ(tokens[0], 'a');
  EXPECT_EQ(tokens[1], 'b');

  // It goes on as it would behind a prompt with these tokens.
  GenerateRequest same{.prompt = {1, 2, 3, 'a', 'b'}, .max_tokens = 4, .ignore_end = true};
  same.sampling.temperature = 0.0f;
  same.on_token = [&](const TokenEvent& event) { longer += event.text; };
  ASSERT_TRUE(engine->Submit(same).ok());
  while (engine->Step()) {
  }
  EXPECT_EQ(text, longer);

  request.constraint = BeginsWith(std::make_shared<ByteTokenizer>(), "c");
  EXPECT_EQ(engine->Submit(request).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace parvis::runtime
