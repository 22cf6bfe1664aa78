#include "parvis/text/stream_decoder.h"

#include <gtest/gtest.h>

#include <random>

#include "parvis/text/byte_alphabet.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

// A token for each byte, ids 0 … 255, and a control token.
std::unique_ptr<Tokenizer> ByteTokenizer() {
  Vocabulary v;
  v.model = "byte_bpe";
  v.pre_tokenizer = "gpt2";
  for (int byte = 0; byte < 256; ++byte) {
    v.tokens.push_back(ToByteAlphabet(std::string(1, static_cast<char>(byte))));
  }
  v.tokens.push_back("<end>");
  v.kinds.assign(257, TokenKind::kNormal);
  v.kinds[256] = TokenKind::kControl;
  v.added = {{.id = 256, .content = "<end>", .special = true}};
  v.eos = 256;
  auto made = MakeTokenizer(std::move(v));
  EXPECT_TRUE(made.ok()) << made.status().message();
  return std::move(*made);
}

TEST(StreamDecoder, HoldsACharacterBackUntilItIsComplete) {
  const auto tokenizer = ByteTokenizer();
  StreamDecoder decoder(*tokenizer);
  EXPECT_EQ(decoder.Push('a'), "a");
  EXPECT_EQ(decoder.Push(0xF0), "");
  EXPECT_EQ(decoder.Push(0x9F), "");
  EXPECT_EQ(decoder.Push(256), "");  // a control token is no text
  EXPECT_EQ(decoder.Push(0x98), "");
  EXPECT_EQ(decoder.Push(0x80), "😀");
  EXPECT_EQ(decoder.Finish(), "");
}

TEST(StreamDecoder, WhatCannotBecomeACharacterLeavesAtOnce) {
  const auto tokenizer = ByteTokenizer();
  StreamDecoder decoder(*tokenizer);
  EXPECT_EQ(decoder.Push(0xC3), "");
  EXPECT_EQ(decoder.Push('x'), "\uFFFDx");
  EXPECT_EQ(decoder.Push(0x80), "\uFFFD");
  EXPECT_EQ(decoder.Push(0xFF), "\uFFFD");
  EXPECT_EQ(decoder.Push(0xE2), "");
  EXPECT_EQ(decoder.Push(0x82), "");
  EXPECT_EQ(decoder.Finish(), "\uFFFD");
  EXPECT_EQ(decoder.Finish(), "");
}

TEST(StreamDecoder, GivesTheRepairedTextOfAnyBytes) {
  const auto tokenizer = ByteTokenizer();
  std::mt19937 random(3);
  const std::string_view likely = "\xF0\x9F\x98\x80\xE2\x82\xAC\xC3\xA9\xED\xA0\x80\xF4\x90\xC0 a";
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    for (uint32_t i = random() % 12; i > 0; --i) bytes += likely[random() % likely.size()];
    StreamDecoder decoder(*tokenizer);
    std::string text;
    for (const char byte : bytes) {
      const std::string part = decoder.Push(static_cast<unsigned char>(byte));
      EXPECT_TRUE(IsValidUtf8(part));
      text += part;
    }
    text += decoder.Finish();
    EXPECT_EQ(text, Repair(bytes).text) << testing::PrintToString(bytes);
  }
}

}  // namespace
}  // namespace parvis::text
