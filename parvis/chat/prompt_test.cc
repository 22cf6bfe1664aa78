// Conversations to token ids: those of the reference, and no control token that a caller wrote.

#include "parvis/chat/prompt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "parvis/core/file.h"

namespace parvis::chat {
namespace {

std::string Read(const std::string& path) {
  auto text = ReadFile(std::string(PARVIS_SOURCE_DIR "/tests/golden/") + path);
  EXPECT_TRUE(text.ok()) << text.status().message();
  return text.ok() ? *text : std::string();
}

std::unique_ptr<text::Tokenizer> Tokenizer(const std::string& name,
                                           const std::string& config = {}) {
  auto made = text::ReadTokenizerJson(Read("tokenizers/" + name + "/tokenizer.json"), config);
  EXPECT_TRUE(made.ok()) << name << ": " << made.status().message();
  return std::move(made).value();
}

TEST(ChatPrompt, IdsAreTheReferences) {
  std::istringstream lines(Read("chat/encoded.jsonl"));
  int plain = 0, hostile = 0;
  for (std::string line; std::getline(lines, line);) {
    const Json golden = Json::parse(line);
    SCOPED_TRACE(line.substr(0, 300));
    const auto tokenizer = Tokenizer(golden["tokenizer"].get<std::string>());
    const auto prompter = Prompter::With(*tokenizer, golden["template"].get<std::string>());
    ASSERT_TRUE(prompter.ok()) << prompter.status().message();
    const auto prompt = prompter->Make(golden["messages"].dump());
    ASSERT_TRUE(prompt.ok()) << prompt.status().message();
    if (golden.contains("ids")) {
      EXPECT_EQ(prompt->text.bytes, golden["text"].get<std::string>());
      EXPECT_EQ(prompt->ids, golden["ids"].get<std::vector<text::TokenId>>());
      ++plain;
      continue;
    }
    // Every special token in the ids is one that the template wrote.
    int64_t special = 0;
    for (const Json& content : golden["special"]) {
      const auto id = tokenizer->Find(content.get<std::string>());
      ASSERT_TRUE(id.has_value());
      special += std::count(prompt->ids.begin(), prompt->ids.end(), *id);
    }
    EXPECT_EQ(special, golden["special_count"].get<int64_t>());
    ++hostile;
  }
  EXPECT_GE(plain, 40);
  EXPECT_GE(hostile, 10);
}

// How often `token` is among the ids of one user's message.
int64_t Count(const Prompter& prompter, const text::Tokenizer& tokenizer, const std::string& token,
              const Json& message) {
  const auto prompt = prompter.Make(Json::array({message}).dump());
  EXPECT_TRUE(prompt.ok()) << prompt.status().message();
  return std::count(prompt->ids.begin(), prompt->ids.end(), *tokenizer.Find(token));
}

TEST(ChatPrompt, NoPartOfAMessageMakesAControlToken) {
  const auto tokenizer = Tokenizer("qwen2_style");
  const std::string start = "<|im_start|>";
  const struct {
    const char* source;
    int64_t own;  // that the template writes
  } cases[] = {
      {"<|im_start|>{{ messages[0].content }}", 1},
      {"{{ messages[0].content }}{{ messages[0].content }}", 0},
      {"{{ messages[0].content[:4] }}{{ messages[0].content[4:] }}", 0},
      {"{{ messages[0].content.split('_') | join('_') }}", 0},
      {"{{ messages[0].content | upper | lower }}", 0},
      {"{{ messages[0].content | replace('x', '') }}", 0},
      {"{{ messages | tojson }}{{ messages[0] }}{{ '%s' % messages[0].content }}", 0},
      {"{% set a %}{{ messages[0].content }}{% endset %}{{ a | trim }}", 0},
      {"{% for c in messages[0].content %}{{ c }}{% endfor %}", 0},
      {"<|im{{ messages[0].content }}", 0},
      {"{{ messages[0].content }}im_start|>", 0},
      {"<{{ '|im_start|' }}>", 1},
  };
  for (const auto& [source, own] : cases) {
    const auto prompter = Prompter::With(*tokenizer, source);
    ASSERT_TRUE(prompter.ok()) << source;
    for (const char* content : {"<|im_start|>", "<|im_start|><|im_start|>", "a <|im_start|> b",
                                "<|", "|>", "_start|>", "<|im_xstart|>", "<|IM_START|>"}) {
      EXPECT_EQ(Count(*prompter, *tokenizer, start, {{"role", "user"}, {"content", content}}), own)
          << source << " with " << content;
    }
  }
}

TEST(ChatPrompt, ATemplateMayWriteTheRoleIntoAToken) {
  const auto tokenizer = Tokenizer("qwen2_style");
  const auto prompter = Prompter::With(*tokenizer, "{{ '<|' + messages[0].role + '|>' }}");
  ASSERT_TRUE(prompter.ok());
  const auto count = [&](const char* role) {
    return Count(*prompter, *tokenizer, "<|im_start|>", {{"role", role}});
  };
  EXPECT_EQ(count("im_start"), 1);
  EXPECT_EQ(count("im_start|><|im_start"), 0);
  EXPECT_EQ(count("x|><|im_start|><|x"), 0);
}

TEST(ChatPrompt, AddedTokensThatTheTemplateWritesAreControlTokens) {
  text::Vocabulary v = Tokenizer("qwen2_style")->vocabulary();
  const auto add = [&](const char* content) {
    v.added.push_back({.id = static_cast<text::TokenId>(v.tokens.size()), .content = content});
    v.tokens.emplace_back(content);
    v.kinds.push_back(text::TokenKind::kUserDefined);
  };
  add("<tool_call>");
  add("<other>");
  const auto tokenizer = std::move(text::MakeTokenizer(std::move(v))).value();
  const auto prompter =
      Prompter::With(*tokenizer, "{{ messages[0].content }}{% if false %}<tool_call>{% endif %}");
  ASSERT_TRUE(prompter.ok());
  const Json message = {{"role", "user"}, {"content", "<tool_call> <other>"}};
  EXPECT_EQ(Count(*prompter, *tokenizer, "<tool_call>", message), 0);
  EXPECT_EQ(Count(*prompter, *tokenizer, "<other>", message), 1);
}

TEST(ChatPrompt, TemplatesComeByName) {
  const auto tokenizer = Tokenizer("qwen2_style", R"({"chat_template": [
      {"name": "default", "template": "D"}, {"name": "tool_use", "template": "T"}]})");
  const auto text = [&](const char* name) {
    const auto prompter = Prompter::Of(*tokenizer, name);
    EXPECT_TRUE(prompter.ok());
    return prompter->Make(R"([{"role": "user", "content": "x"}])")->text.bytes;
  };
  EXPECT_EQ(text(""), "D");
  EXPECT_EQ(text("tool_use"), "T");
  EXPECT_EQ(text("rag"), "D");
  const auto none = Tokenizer("qwen2_style");
  EXPECT_EQ(Prompter::Of(*none).status().code(), StatusCode::kNotFound);
}

TEST(ChatPrompt, RefusesConversationsThatAreNone) {
  const auto tokenizer = Tokenizer("qwen2_style");
  const auto prompter = Prompter::With(*tokenizer, "{{ messages[0].content }}{{ x }}");
  ASSERT_TRUE(prompter.ok());
  for (const char* json :
       {"", "{", "7", "[]", "{}", "[1]", R"({"messages": 1})", R"({"messages": ["a"]})",
        R"({"messages": [{}], "tools": [1]})", R"({"messages": [{}], "documents": {}})",
        R"({"messages": [{}], "chat_template_kwargs": [1]})",
        R"({"messages": [{}], "chat_template_kwargs": {"messages": []}})",
        R"({"messages": [{}], "chat_template_kwargs": {"bos_token": "x"}})",
        R"({"messages": [{}], "chat_template_kwargs": {"add_generation_prompt": true}})"}) {
    EXPECT_FALSE(prompter->Make(json).ok()) << json;
  }
  const auto prompt = prompter->Make(
      R"({"messages": [{"content": "a"}], "chat_template_kwargs": {"x": "<|im_start|>"}})");
  ASSERT_TRUE(prompt.ok());
  EXPECT_EQ(std::count(prompt->ids.begin(), prompt->ids.end(), *tokenizer->Find("<|im_start|>")),
            0);
}

}  // namespace
}  // namespace parvis::chat
