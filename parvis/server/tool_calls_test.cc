#include "parvis/server/tool_calls.h"

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

TEST(MayBeToolCalls, HoldsBackWhatCouldBecomeOne) {
  for (const char* text : {"", " \n", "{", " [", "<", "<tool", "<tool_call>{"}) {
    EXPECT_TRUE(MayBeToolCalls(text)) << text;
  }
  for (const char* text : {"a", "<b", "<tool call", "1"})
    EXPECT_FALSE(MayBeToolCalls(text)) << text;
}

}  // namespace
}  // namespace parvis::server
