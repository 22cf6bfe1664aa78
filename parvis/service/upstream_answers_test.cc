// What another service tells of tokens, vectors and its use: read within bounds, and refused where
// it makes no sense.

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/base64.h"
#include "parvis/service/upstream_tokens.h"
#include "parvis/service/upstream_usage.h"
#include "parvis/service/upstream_vectors.h"

namespace parvis::service {
namespace {

std::string Vector(const std::string& embedding, const std::string& more = "") {
  return R"({"embedding": )" + embedding + more + "}";
}

Result<UpstreamVectors> Read(const std::string& data, size_t count = 1, size_t size = 0) {
  return ReadUpstreamVectors(R"({"data": [)" + data + R"(], "usage": {"prompt_tokens": 7}})", count,
                             size, 64);
}

std::string Base64(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return '"' + ToBase64(bytes) + '"';
}

TEST(UpstreamVectorsTest, NumbersAndBase64AreTheSame) {
  const std::vector<float> values = {0.1f, -2.5f, 3e-8f};
  for (const std::string& told : {std::string("[0.1, -2.5, 3e-8]"), Base64(values)}) {
    const auto read = Read(Vector(told));
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_EQ(read->vectors, (std::vector<std::vector<float>>{values}));
    ASSERT_TRUE(read->usage);
    EXPECT_EQ(read->usage->prompt_tokens, 7);
  }
  const auto turned =
      Read(Vector("[1]", R"(, "index": 1)") + "," + Vector("[2]", R"(, "index": 0)"), 2);
  ASSERT_TRUE(turned.ok());
  EXPECT_EQ(turned->vectors, (std::vector<std::vector<float>>{{2}, {1}}));
}

TEST(UpstreamVectorsTest, RefusesWhatIsNone) {
  const auto why = [](const Result<UpstreamVectors>& read) {
    return read.ok() ? std::string() : read.status().message();
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::string& embedding :
       {std::string("[1e308]"), std::string("[-1e39, 0]"), Base64({1, nan}),
        Base64({std::numeric_limits<float>::infinity()})}) {
    EXPECT_NE(why(Read(Vector(embedding))).find("no finite number"), std::string::npos)
        << embedding;
  }
  for (const char* embedding : {"[]", "null", "3", "{}", "\"\"", "[[1]]", "[null]", "[\"1\"]",
                                "\"AAAA!\"", "\"AAA=\"", "[true]"}) {
    EXPECT_NE(why(Read(Vector(embedding))), "") << embedding;
  }
  EXPECT_NE(why(Read(Vector("[NaN]"))).find("no JSON"), std::string::npos);
  EXPECT_NE(why(Read("")).find("not one vector"), std::string::npos);
  EXPECT_NE(why(Read(Vector("[1]") + "," + Vector("[1]"))).find("not one vector"),
            std::string::npos);
  EXPECT_NE(why(Read(Vector("[1]") + "," + Vector("[1, 2]"), 2)).find("another size"),
            std::string::npos);
  EXPECT_NE(why(Read(Vector("[1, 2]"), 1, 3)).find("another size"), std::string::npos);
  const std::string zero = Vector("[1]", R"(, "index": 0)");
  EXPECT_NE(why(Read(zero + "," + zero, 2)).find("two vectors"), std::string::npos);
  for (const char* index : {"1", "-1", "0.0", "\"0\"", "18446744073709551615"}) {
    const std::string told = Vector("[1]", std::string(R"(, "index": )") + index);
    EXPECT_NE(why(Read(told)).find("not asked for"), std::string::npos) << index;
  }
}

TEST(UpstreamVectorsTest, IsBounded) {
  std::string many = "[0";
  for (int i = 0; i < 64; ++i) many += ",0";
  EXPECT_FALSE(Read(Vector(many + "]")).ok());
  EXPECT_FALSE(Read(Vector(Base64(std::vector<float>(65)))).ok());
  EXPECT_TRUE(Read(Vector(Base64(std::vector<float>(64)))).ok());
  const std::string deep = std::string(30, '[') + std::string(30, ']');
  EXPECT_FALSE(Read(Vector("[1]", R"(, "x": )" + deep)).ok());
  const std::string spaces(MostVectorBytes(1, 64), ' ');
  EXPECT_FALSE(Read(Vector("[1]") + spaces).ok());
}

TEST(UpstreamUsageTest, IsBelievedWithinBounds) {
  const UpstreamAmount amount{
      .prompt_bytes = 160, .answer_bytes = 32, .most_prompt_tokens = 176, .most_answer_tokens = 20};
  const auto settled = [&](int64_t prompt, int64_t answer, int64_t cached) {
    runtime::Usage said;
    said.prompt_tokens = prompt;
    said.cached_tokens = cached;
    said.completion_tokens = answer;
    const runtime::Usage used = SettledUsage(amount, said);
    return std::vector<int64_t>{used.prompt_tokens, used.cached_tokens, used.completion_tokens};
  };
  EXPECT_EQ(settled(40, 8, 3), (std::vector<int64_t>{40, 3, 8}));
  EXPECT_EQ(settled(0, 0, 0), (std::vector<int64_t>{10, 0, 2}));
  EXPECT_EQ(settled(int64_t{1} << 40, int64_t{1} << 40, int64_t{1} << 40),
            (std::vector<int64_t>{176, 176, 20}));
  const runtime::Usage guessed = SettledUsage(amount, std::nullopt);
  EXPECT_EQ(guessed.prompt_tokens, 40);
  EXPECT_EQ(guessed.completion_tokens, 8);
}

Status Tokens(const std::string& json, int top, std::vector<TokenInfo>& tokens) {
  const Result<Json> read = ParseJson(json);
  return read.ok() ? ReadUpstreamTokens(*read, top, tokens) : read.status();
}

TEST(UpstreamTokensTest, BothForms) {
  std::vector<TokenInfo> tokens;
  ASSERT_TRUE(Tokens(R"({"content": [{"token": "?", "bytes": [195], "logprob": -0.5, "top_logprobs":
      [{"token": "b", "logprob": -2}, {"token": "a", "bytes": null, "logprob": -1}]}],
      "refusal": [{"token": "no", "logprob": 1e-5}]})",
                     1, tokens)
                  .ok());
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[0].bytes, "\xc3");
  EXPECT_EQ(tokens[0].logprob, -0.5f);
  ASSERT_EQ(tokens[0].top.size(), 1u);  // the likeliest, as many as were asked for
  EXPECT_EQ(tokens[0].top[0].bytes, "a");
  EXPECT_EQ(tokens[1].logprob, 0.0f);
  tokens.clear();
  ASSERT_TRUE(Tokens(R"({"tokens": ["x", "y"], "token_logprobs": [-1, -1e300],
      "top_logprobs": [{"p": -3, "q": -1, "x": -2}, null], "text_offset": [0, 1]})",
                     1, tokens)
                  .ok());
  ASSERT_EQ(tokens.size(), 2u);
  ASSERT_EQ(tokens[0].top.size(), 2u);  // one more, which may be the token itself
  EXPECT_EQ(tokens[0].top[0].bytes, "q");
  EXPECT_EQ(tokens[0].top[1].bytes, "x");
  EXPECT_TRUE(std::isfinite(tokens[1].logprob));
  tokens.clear();
  EXPECT_TRUE(Tokens("null", 5, tokens).ok());
  EXPECT_TRUE(Tokens("{}", 5, tokens).ok());
  EXPECT_TRUE(tokens.empty());
}

TEST(UpstreamTokensTest, RefusesWhatIsNone) {
  for (const char* one : {R"({"token": "a"})", R"({"token": "a", "logprob": null})",
                          R"({"token": "a", "logprob": "-1"})", R"({"token": "a", "logprob": 0.5})",
                          R"({"logprob": -1})", R"({"token": 3, "logprob": -1})",
                          R"({"token": "a", "bytes": [256], "logprob": -1})",
                          R"({"token": "a", "bytes": [-1], "logprob": -1})", "3",
                          R"({"token": "a", "logprob": -1, "top_logprobs": [{"token": "a"}]})"}) {
    std::vector<TokenInfo> tokens;
    EXPECT_FALSE(Tokens(std::string(R"({"content": [)") + one + "]}", 2, tokens).ok()) << one;
  }
  for (const char* lists :
       {R"({"content": 3})", R"({"tokens": ["a"]})", R"({"tokens": ["a"], "token_logprobs": []})",
        R"({"tokens": ["a"], "token_logprobs": [null]})",
        R"({"tokens": ["a"], "token_logprobs": [-1], "top_logprobs": []})",
        R"({"tokens": [3], "token_logprobs": [-1]})"}) {
    std::vector<TokenInfo> tokens;
    EXPECT_FALSE(Tokens(lists, 2, tokens).ok()) << lists;
  }
  std::vector<TokenInfo> tokens;
  EXPECT_FALSE(
      Tokens(R"({"content": [{"token": ")" + std::string(1025, 'a') + R"(", "logprob": -1}]})", 2,
             tokens)
          .ok());
}

}  // namespace
}  // namespace parvis::service
