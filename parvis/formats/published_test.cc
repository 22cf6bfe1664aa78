// Published vocabularies in GGUF against what llama.cpp made of its own test strings, and where the
// tokeniser is one of Hugging Face's, against that one. They are read from ../shared (or
// $PARVIS_SHARED), which is no part of the repository.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "parvis/formats/gguf.h"
#include "parvis/formats/test_support.h"
#include "parvis/text/golden_support.h"

namespace parvis::formats {
namespace {

namespace fs = std::filesystem;

std::string Folder() {
  const char* given = std::getenv("PARVIS_SHARED");
  const fs::path root =
      given != nullptr ? fs::path(given) : fs::path(PARVIS_SOURCE_DIR) / "../shared";
  const fs::path full = root / "data/tokenizers/ggml-vocab";
  return fs::exists(full) ? full.string() : "";
}

struct Vector {
  std::string text;
  std::vector<text::TokenId> ids;
};

// A pair of files: texts between marks, and a line of ids for each.
std::vector<Vector> ReadVectors(const std::string& path) {
  const std::string texts = *ReadFile(path + ".inp"), mark = "\n__ggml_vocab_test__\n";
  std::istringstream lines(*ReadFile(path + ".out"));
  std::vector<Vector> vectors;
  for (size_t at = 0; at < texts.size();) {
    const size_t end = std::min(texts.find(mark, at), texts.size());
    Vector vector = {texts.substr(at, end - at), {}};
    at = end + mark.size();
    std::string line;
    if (!std::getline(lines, line)) break;
    std::istringstream words(line);
    for (text::TokenId id; words >> id;) vector.ids.push_back(id);
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

// A tokeniser from what a GGUF file of ours says of it.
std::shared_ptr<const text::Tokenizer> ThroughGguf(const text::Tokenizer& tokenizer) {
  const TempFolder folder;
  GgufMetadata metadata = {{"general.architecture", std::string("llama")}};
  AppendTokenizer(tokenizer, metadata);
  const std::vector<TensorPlan> plans = {{"w", {1}, DType::kF32}};
  const auto one = [](size_t) -> Result<Tensor> { return Tensor::Zeros({1}); };
  if (!WriteGguf(folder.File("a.gguf"), metadata, plans, one).ok()) return nullptr;
  const auto again = OpenModel(folder.File("a.gguf"));
  return again.ok() ? again->tokenizer : nullptr;
}

TEST(PublishedGguf, TokenisesAsLlamaCpp) {
  const std::string folder = Folder();
  if (folder.empty()) GTEST_SKIP() << "no shared data here";
  int tokenizers = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".gguf") continue;
    SCOPED_TRACE(entry.path());
    const auto file = OpenModel(entry.path());
    ASSERT_TRUE(file.ok()) << file.status().message();
    if (file->tokenizer == nullptr) {
      EXPECT_EQ(file->tokenizer_status.code(), StatusCode::kUnimplemented);
      EXPECT_THAT(file->tokenizer_status.message(), testing::HasSubstr("tokenizer.ggml."));
      continue;
    }
    const auto again = ThroughGguf(*file->tokenizer);
    ASSERT_NE(again, nullptr);
    if (!fs::exists(entry.path().string() + ".inp")) continue;
    ++tokenizers;
    for (const Vector& vector : ReadVectors(entry.path())) {
      SCOPED_TRACE(testing::PrintToString(vector.text));
      EXPECT_EQ(file->tokenizer->Encode(vector.text, {.add_special = false}).ids, vector.ids);
      EXPECT_EQ(again->Encode(vector.text, {.add_special = false}).ids, vector.ids);
    }
  }
  EXPECT_GE(tokenizers, 7);
}

TEST(PublishedGguf, BertTokenisesAsHuggingFace) {
  const std::string folder = Folder();
  if (folder.empty()) GTEST_SKIP() << "no shared data here";
  const auto file = OpenModel(folder + "/ggml-vocab-bert-bge.gguf");
  ASSERT_TRUE(file.ok()) << file.status().message();
  ASSERT_NE(file->tokenizer, nullptr);
  const std::string golden = text::PublishedGolden("bert_bge");
  ASSERT_NE(golden, "");
  EXPECT_EQ(text::PublishedLineOf("bert_bge", *file->tokenizer), golden);
}

}  // namespace
}  // namespace parvis::formats
