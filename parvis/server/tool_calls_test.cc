#include "parvis/server/tool_calls.h"

#include <utility>

#include "gtest/gtest.h"

namespace parvis::server {
namespace {

const std::set<std::string> kNames = {"add", "look_up"};

std::string Read(std::string_view answer) {
  const AnswerParts parts = ReadToolCalls(answer, kNames);
  std::string told = "[" + parts.text + "]";
  for (const ToolCall& call : parts.calls) told += " " + call.name + call.arguments;
  return told;
}

TEST(ReadToolCalls, FormsOfPublishedModels) {
  EXPECT_EQ(Read(R"(<tool_call>
{"name": "add", "arguments": {"a": 1}}
</tool_call>)"),
            R"([] add{"a":1})");
  EXPECT_EQ(Read(R"(I add. <tool_call>{"name":"add","arguments":{}}</tool_call>
<tool_call>{"name":"look_up","arguments":{"x":[1]}}</tool_call>)"),
            R"([I add.] add{} look_up{"x":[1]})");
  EXPECT_EQ(Read(R"( {"name": "add", "parameters": {"a": "b"}})"), R"([] add{"a":"b"})");
  EXPECT_EQ(Read(R"([{"name":"add","arguments":{}},{"name":"add","arguments":{"a":2}}])"),
            R"([] add{} add{"a":2})");
  EXPECT_EQ(Read(R"({"name":"add","arguments":"{\"a\": 1}"})"), R"([] add{"a": 1})");
  EXPECT_EQ(Read(R"(<tool_call>{"name":"add","arguments":{}})"), "[] add{}")
      << "cut before its end";
}

TEST(ReadToolCalls, WhatIsNoCallStaysText) {
  for (const char* text :
       {"", "No.", R"({"name":"steal","arguments":{}})", R"({"name":"add"})",
        R"({"name":"add","arg)", R"([{"name":"add","arguments":{}}, 7])",
        "<tool_call>no</tool_call> then", R"(Say {"name":"add","arguments":{}})"}) {
    EXPECT_EQ(Read(text), "[" + std::string(text) + "]");
  }
}

// The answer in pieces of so many bytes: what is told, then the calls.
std::string Filtered(const std::string& answer, size_t size, bool whole = true) {
  CallFilter filter(kNames);
  std::string told = "[";
  for (size_t i = 0; i < answer.size(); i += size) told += filter.Add(answer.substr(i, size));
  const AnswerParts rest = filter.Finish(whole);
  told += rest.text + "]";
  for (const ToolCall& call : rest.calls) told += " " + call.name + call.arguments;
  return told;
}

TEST(CallFilter, TellsTheSameHoweverAnAnswerIsCut) {
  const std::string call = R"(<tool_call>{"name":"add","arguments":{"a":1}}</tool_call>)";
  const std::pair<std::string, std::string> cases[] = {
      {"One two <tool> three \n", "[One two <tool> three \n]"},
      {call, R"([] add{"a":1})"},
      {"I add. \n" + call + "\n", R"([I add.] add{"a":1})"},
      {"I add. " + call + " Then " + call, "[I add.\nThen] add{\"a\":1} add{\"a\":1}"},
      {R"({"name":"add","arguments":{}})", "[] add{}"},
      {R"({"name":"add","arguments":7})", R"([{"name":"add","arguments":7}])"},
      {"A <tool_call>no</tool_call> b", "[A <tool_call>no</tool_call> b]"},
      {"A <tool_ca", "[A <tool_ca]"}};
  for (const auto& [answer, told] : cases) {
    for (size_t size = 1; size <= answer.size(); ++size) {
      EXPECT_EQ(Filtered(answer, size), told) << size;
    }
  }
  EXPECT_EQ(Filtered("I add. " + call, 3, /*whole=*/false), "[I add. " + call + "]");
}

TEST(CallFilter, TellsPlainTextAtOnce) {
  CallFilter filter(kNames);
  EXPECT_EQ(filter.Add("One"), "One");
  EXPECT_EQ(filter.Add(" two <"), " two");
  EXPECT_EQ(filter.Add("b>"), " <b>");
}

TEST(MayBeToolCalls, HoldsBackWhatCouldBecomeOne) {
  for (const char* text : {"", " \n", "{", " [", "<", "<tool", "<tool_call>{"}) {
    EXPECT_TRUE(MayBeToolCalls(text)) << text;
  }
  for (const char* text : {"a", "<b", "<tool call", "1"})
    EXPECT_FALSE(MayBeToolCalls(text)) << text;
}

}  // namespace
}  // namespace parvis::server
