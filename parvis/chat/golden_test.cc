// What transformers makes of chat templates (tools/goldens/make_chat.py).

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "parvis/chat/conversation.h"
#include "parvis/chat/json_value.h"
#include "parvis/core/file.h"
#include "parvis/text/tokenizer.h"

namespace parvis::chat {
namespace {

std::string Golden(const std::string& name) {
  auto text = ReadFile(std::string(PARVIS_SOURCE_DIR "/tests/golden/chat/") + name);
  EXPECT_TRUE(text.ok()) << text.status().message();
  return text.ok() ? *text : std::string();
}

std::vector<Json> Lines(const std::string& name) {
  std::vector<Json> lines;
  std::istringstream in(Golden(name));
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  return lines;
}

std::tm GoldenTime() {  // of make_chat.py
  std::tm time{};
  time.tm_year = 124;
  time.tm_mon = 6;
  time.tm_mday = 26;
  time.tm_wday = 5;
  time.tm_yday = 207;
  time.tm_hour = 13;
  time.tm_min = 45;
  time.tm_sec = 9;
  return time;
}

text::Vocabulary GoldenVocabulary() {
  text::Vocabulary v;
  v.tokens = {"<s>", "</s>"};
  v.bos = 0;
  v.eos = 1;
  return v;
}

void Compare(const Json& expected, const Result<MarkedText>& text) {
  if (expected.contains("error")) {
    EXPECT_FALSE(text.ok()) << "rendered: " << text->bytes;
  } else if (!text.ok()) {
    ADD_FAILURE() << text.status().message();
  } else {
    EXPECT_EQ(text->bytes, expected["text"].get<std::string>());
  }
}

TEST(ChatGolden, RendersPromptsAsTheReference) {
  const Json templates = Json::parse(Golden("templates.json"));
  // With their keys in order, as JSON text: what the reference has read, too.
  const auto conversations = OrderedJson::parse(Golden("conversations.json"));
  int rendered = 0;
  for (const Json& expected : Lines("prompts.jsonl")) {
    SCOPED_TRACE(expected["template"].get<std::string>() + ", " +
                 expected["conversation"].get<std::string>());
    const auto parsed =
        Template::Parse(templates[expected["template"].get<std::string>()].get<std::string>());
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    OrderedJson given = conversations[expected["conversation"].get<std::string>()];
    if (given.contains("variables")) given["chat_template_kwargs"] = given["variables"];
    Heap heap(size_t{16} << 20);
    auto conversation = ReadConversation(given.dump(), heap);
    ASSERT_TRUE(conversation.ok()) << conversation.status().message();
    conversation->add_generation_prompt = given.value("add_generation_prompt", true);
    conversation->continue_final_message = given.value("continue_final_message", false);
    conversation->now = GoldenTime();
    Compare(expected, RenderConversation(*parsed, GoldenVocabulary(), *conversation, heap));
    ++rendered;
  }
  EXPECT_GE(rendered, 300);
}

TEST(ChatGolden, EvaluatesAsTheReference) {
  const std::vector<Json> lines = Lines("cases.jsonl");
  ASSERT_GE(lines.size(), 250u);
  const std::string variables = lines[0]["variables"].dump();
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::string source = lines[i]["template"].get<std::string>();
    SCOPED_TRACE(source);
    const auto parsed = Template::Parse(source);
    if (!parsed.ok()) {
      EXPECT_TRUE(lines[i].contains("error")) << parsed.status().message();
      continue;
    }
    Heap heap(size_t{16} << 20);
    const auto given = ReadJsonValue(variables, heap);
    ASSERT_TRUE(given.ok());
    Template::Variables named;
    for (const auto& [key, value] : given->dict().entries) named.emplace_back(key.bytes(), value);
    Compare(lines[i], parsed->Render(heap, named, {}, GoldenTime()));
  }
}

}  // namespace
}  // namespace parvis::chat
