#include "parvis/formats/chat_files.h"

#include <filesystem>

#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/formats/gguf.h"
#include "parvis/formats/gguf_tokenizer.h"
#include "parvis/formats/hf_tokenizer.h"
#include "parvis/formats/model_file.h"
#include "parvis/formats/test_support.h"

namespace parvis::formats {
namespace {

namespace fs = std::filesystem;
using Named = std::vector<std::pair<std::string, std::string>>;

void Write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  ASSERT_TRUE(WriteFileAtomically(path.string(), text).ok());
}

// A folder with qwen2_style's tokeniser and these files.
void MakeFolder(const std::string& folder, const Named& files) {
  const auto json =
      ReadFile(PARVIS_SOURCE_DIR "/tests/golden/tokenizers/qwen2_style/tokenizer.json");
  ASSERT_TRUE(json.ok());
  Write(fs::path(folder) / "tokenizer.json", *json);
  for (const auto& [name, text] : files) Write(fs::path(folder) / name, text);
}

TEST(ChatFiles, TemplatesAndEndTokensComeFromTheirFiles) {
  const TempFolder temporary;
  const std::string folder = temporary.File("hf");
  MakeFolder(folder,
             {{"tokenizer_config.json", R"({"eos_token": "<|im_end|>", "chat_template": "old"})"},
              {"chat_template.jinja", "new"},
              {"additional_chat_templates/rag.jinja", "R"},
              {"additional_chat_templates/tool_use.jinja", "T"},
              {"additional_chat_templates/notes.txt", "not a template"},
              {"generation_config.json", R"({"eos_token_id": [0, 1]})"}});
  const auto tokenizer = ReadHfTokenizer(folder);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  const text::Vocabulary& v = (*tokenizer)->vocabulary();
  EXPECT_EQ(v.chat_template, "new");
  EXPECT_EQ(v.chat_templates, (Named{{"rag", "R"}, {"tool_use", "T"}}));
  EXPECT_EQ(v.eos, (*tokenizer)->Find("<|im_end|>"));
  EXPECT_EQ(v.end_tokens, (std::vector<text::TokenId>{0, 1}));
}

// Through a GGUF file and back to a folder: all of it stays.
TEST(ChatFiles, ConversionKeepsTemplatesAndEndTokens) {
  for (const std::string ends : {"[0]", "[0, 1]", "[0, 1, 5, 7]"}) {
    const TempFolder temporary;
    MakeFolder(temporary.File("hf"),
               {{"tokenizer_config.json", R"({"eos_token": "<|im_end|>", "chat_template": [
                   {"name": "default", "template": "D é\n"}, {"name": "tool_use", "template": "T"},
                   {"name": "a.b", "template": "dotted"}, {"name": "bad"}, 7]})"},
                {"generation_config.json", R"({"eos_token_id": )" + ends + "}"}});
    const auto original = ReadHfTokenizer(temporary.File("hf"));
    ASSERT_TRUE(original.ok()) << original.status().message();
    GgufMetadata metadata = {{"general.architecture", std::string("llama")}};
    AppendTokenizer(**original, metadata);
    const std::vector<TensorPlan> plans = {{"w", {1}, DType::kF32}};
    const auto one = [](size_t) -> Result<Tensor> { return Tensor::Zeros({1}); };
    ASSERT_TRUE(WriteGguf(temporary.File("a.gguf"), metadata, plans, one).ok());
    const auto gguf = OpenModel(temporary.File("a.gguf"));
    ASSERT_TRUE(gguf.ok()) << gguf.status().message();
    fs::create_directories(temporary.File("back"));
    ASSERT_TRUE(WriteHfTokenizer(temporary.File("back"), *gguf->tokenizer).ok());
    const auto back = ReadHfTokenizer(temporary.File("back"));
    ASSERT_TRUE(back.ok()) << back.status().message();
    for (const text::Tokenizer* tokenizer : {original->get(), gguf->tokenizer.get(), back->get()}) {
      const text::Vocabulary& v = tokenizer->vocabulary();
      EXPECT_EQ(v.chat_template, "D é\n");
      EXPECT_EQ(v.chat_templates, (Named{{"tool_use", "T"}, {"a.b", "dotted"}}));
      EXPECT_EQ(v.eos, tokenizer->Find("<|im_end|>"));
      EXPECT_EQ(v.end_tokens, (*original)->vocabulary().end_tokens);
    }
    EXPECT_EQ((*original)->vocabulary().end_tokens.size(), Json::parse(ends).size());
  }
}

TEST(ChatFiles, WhatMakesNoSenseIsRefusedOrLeftOut) {
  const TempFolder temporary;
  MakeFolder(temporary.File("a"), {{"generation_config.json", "{"}});
  EXPECT_FALSE(ReadHfTokenizer(temporary.File("a")).ok());
  MakeFolder(temporary.File("b"),
             {{"generation_config.json", R"({"eos_token_id": [-1, 99999999, "x", 3]})"},
              {"tokenizer_config.json", R"({"chat_template": 7})"}});
  const auto b = ReadHfTokenizer(temporary.File("b"));
  ASSERT_TRUE(b.ok()) << b.status().message();
  EXPECT_EQ((*b)->vocabulary().chat_template, "");
  for (const text::TokenId id : (*b)->vocabulary().end_tokens) EXPECT_EQ(id, 3);
  MakeFolder(temporary.File("c"), {{"chat_template.jinja", std::string((1 << 20) + 1, 'a')}});
  EXPECT_FALSE(ReadHfTokenizer(temporary.File("c")).ok());
}

}  // namespace
}  // namespace parvis::formats
