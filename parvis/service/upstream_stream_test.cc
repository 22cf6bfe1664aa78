// What another service streams: the same deltas however its bytes are cut, and nothing that makes
// no sense gets through.

#include "parvis/service/upstream_stream.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace parvis::service {
namespace {

struct Read {
  std::vector<std::string> texts;  // of each choice
  std::vector<std::string> finishes;
  Status status;
  bool whole = false;
  std::optional<runtime::Usage> usage;
};

Read ReadAll(const std::string& bytes, const UpstreamStreamSettings& settings, size_t piece) {
  UpstreamStream stream(settings);
  Read read;
  read.texts.resize(static_cast<size_t>(settings.choices));
  read.finishes.resize(static_cast<size_t>(settings.choices));
  for (size_t at = 0; at < bytes.size() && read.status.ok(); at += piece) {
    std::vector<Delta> deltas;
    read.status = stream.Add(std::string_view(bytes).substr(at, piece), deltas);
    for (const Delta& delta : deltas) {
      read.texts[static_cast<size_t>(delta.choice)] += delta.text;
      if (delta.finish) {
        read.finishes[static_cast<size_t>(delta.choice)] += FinishName(*delta.finish);
      }
    }
  }
  read.whole = stream.whole();
  read.usage = stream.usage();
  return read;
}

UpstreamStreamSettings Chat(int64_t choices = 1) {
  return {.chat = true, .choices = choices, .max_choice_bytes = 1000, .max_bytes = size_t{3} << 20};
}

TEST(UpstreamStreamTest, TheSameHoweverItIsCut) {
  const std::string stream =
      ": hello\r\nevent: x\r\ndata: {\"choices\": [{\"index\": 1, \"delta\": {\"role\": "
      "\"assistant\", \"content\": \"a\xc3\xa9\"}}]}\r\n\r\n"
      "data:{\"choices\": [{\"index\": 0, \"delta\": {\"content\": \"b\"}},\n"
      "data: {\"index\": 1, \"delta\": {}, \"finish_reason\": \"length\"}]}\n\n"
      "id: 7\rdata: {\"choices\": [{\"index\": 0, \"finish_reason\": \"stop\"}], \"usage\": "
      "null}\r\r"
      "data: {\"choices\": [], \"usage\": {\"prompt_tokens\": 5, \"completion_tokens\": 7, "
      "\"prompt_tokens_details\": {\"cached_tokens\": 9}}}\n\n"
      "data: [DONE]\n\ndata: what comes then is not read\n\n";
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    const Read read = ReadAll(stream, Chat(2), piece);
    ASSERT_TRUE(read.status.ok()) << read.status.message();
    EXPECT_EQ(read.texts, (std::vector<std::string>{"b", "a\xc3\xa9"}));
    EXPECT_EQ(read.finishes, (std::vector<std::string>{"stop", "length"}));
    EXPECT_TRUE(read.whole);
    ASSERT_TRUE(read.usage);
    EXPECT_EQ(read.usage->completion_tokens, 7);
    EXPECT_EQ(read.usage->cached_tokens, 5);  // of five tokens nine cannot be
  }
}

std::string Event(const std::string& choices) { return "data: {\"choices\": " + choices + "}\n\n"; }

TEST(UpstreamStreamTest, RefusesWhatMakesNoSense) {
  const auto why = [](const std::string& stream) {
    return ReadAll(stream, Chat(), 7).status.message();
  };
  EXPECT_EQ(why(Event(R"([{"index": 0, "delta": {"content": "a"}}])")), "");
  EXPECT_EQ(why(Event(R"([{"delta": {"content": 3}}])")), "");  // no text of anybody
  EXPECT_NE(why("data: {\n\n").find("no JSON object"), std::string::npos);
  EXPECT_NE(why("data: [1]\n\n").find("no JSON object"), std::string::npos);
  EXPECT_NE(why("data: {\"a\": \"\xff\"}\n\n"), "");  // not UTF-8
  EXPECT_NE(why("data: {\"error\": {}}\n\n").find("error"), std::string::npos);
  EXPECT_NE(why("data: {\"choices\": 3}\n\n").find("choices"), std::string::npos);
  for (const char* index : {"1", "-1", "18446744073709551615", "\"0\"", "0.5", "{}"}) {
    const std::string choice = R"([{"index": )" + std::string(index) + R"(, "delta": {}}])";
    EXPECT_NE(why(Event(choice)).find("not asked for"), std::string::npos) << index;
  }
  const std::string end = Event(R"([{"index": 0, "delta": {}, "finish_reason": "stop"}])");
  EXPECT_EQ(why(end + end), "");
  EXPECT_NE(why(end + Event(R"([{"index": 0, "delta": {"content": "a"}}])")).find("after"),
            std::string::npos);
}

TEST(UpstreamStreamTest, IsBounded) {
  const std::string words = R"([{"index": 0, "delta": {"content": ")" + std::string(300, 'a');
  std::string stream;
  for (int i = 0; i < 4; ++i) stream += Event(words + "\"}}]");
  EXPECT_NE(ReadAll(stream, Chat(), 1000).status.message().find("more text"), std::string::npos);
  const std::string endless(size_t{2} << 20, 'x');
  EXPECT_NE(ReadAll(endless, Chat(), 4096).status.message().find("too long"), std::string::npos);
  std::string lines;
  while (lines.size() < (size_t{2} << 20)) lines += "data: " + std::string(1000, ' ') + "\n";
  EXPECT_NE(ReadAll(lines, Chat(), 4096).status.message().find("too long"), std::string::npos);
  std::string comments;
  while (comments.size() < (size_t{4} << 20)) comments += ": nothing\n";
  EXPECT_NE(ReadAll(comments, Chat(), 4096).status.message().find("too long"), std::string::npos);
  const Read cut = ReadAll(Event(R"([{"index": 0, "delta": {"content": "half"}}])"), Chat(), 9);
  EXPECT_TRUE(cut.status.ok());
  EXPECT_FALSE(cut.whole);
}

TEST(UpstreamStreamTest, LogprobsThatWereAskedForMustCome) {
  const auto with = [](const char* tokens) {
    return Event(R"([{"index": 0, "delta": {"content": "ab"}, "logprobs": )" + std::string(tokens) +
                 "}]");
  };
  const char* const one = R"({"content": [{"token": "ab", "logprob": -1}]})";
  const std::string end = Event(R"([{"index": 0, "delta": {}, "finish_reason": "stop"}])");
  UpstreamStreamSettings settings = Chat();
  EXPECT_TRUE(ReadAll(with("null") + end, settings, 11).whole);
  settings.logprobs = 0;
  settings.max_choice_tokens = 2;
  const auto why = [&](const std::string& stream) {
    return ReadAll(stream, settings, 11).status.message();
  };
  EXPECT_EQ(why(with(one) + with("null") + with(one) + end), "");
  EXPECT_EQ(why(end), "");  // no text, no tokens
  EXPECT_NE(why(with("null") + end).find("no log-probabilities"), std::string::npos);
  EXPECT_NE(why(with(one) + with(one) + with(one)).find("more tokens"), std::string::npos);
  EXPECT_NE(why(with(one) + end + Event(R"([{"index": 0, "logprobs": )" + std::string(one) + "}]"))
                .find("after"),
            std::string::npos);
}

TEST(UpstreamStreamTest, CallsAreToldAsModelsWriteThem) {
  const auto call = [](const std::string& function) {
    return Event(R"([{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": )" + function +
                 "}]}}]");
  };
  const std::string stream = call(R"({"name": "weather", "arguments": "{\"city\""})") +
                             call(R"({"arguments": ": 1}"})") +
                             Event(R"([{"index": 0, "delta": {}, "finish_reason": "tool_calls"}])");
  UpstreamStreamSettings settings = Chat();
  EXPECT_EQ(ReadAll(stream, settings, 11).texts[0], "");  // nobody asked for any
  settings.tools = true;
  const Read read = ReadAll(stream, settings, 11);
  EXPECT_EQ(read.texts[0],
            "\n<tool_call>\n{\"name\":\"weather\",\"arguments\":{\"city\":1}}\n</tool_call>");
  EXPECT_EQ(read.finishes[0], "stop");
}

TEST(UpstreamStreamTest, OlderCompletions) {
  const std::string stream = Event(R"([{"index": 0, "text": "a"}])") +
                             Event(R"([{"text": "b", "finish_reason": "length"}])");
  const Read read = ReadAll(stream, {.choices = 1, .max_choice_bytes = 9, .max_bytes = 999}, 5);
  EXPECT_EQ(read.texts[0], "ab");
  EXPECT_TRUE(read.whole);
}

}  // namespace
}  // namespace parvis::service
