// Reads every committed golden and, where it is, the shared data.

#include <cstdlib>
#include <filesystem>

#include "gtest/gtest.h"
#include "parvis/formats/gguf.h"
#include "parvis/formats/llama2c.h"
#include "parvis/formats/model_file.h"
#include "parvis/formats/safetensors.h"

namespace parvis::formats {
namespace {

namespace fs = std::filesystem;

// The shared data folder of this project's machines; empty elsewhere.
std::string Shared(const std::string& path) {
  const char* given = std::getenv("PARVIS_SHARED");
  const fs::path root =
      given != nullptr ? fs::path(given) : fs::path(PARVIS_SOURCE_DIR) / "../shared";
  const fs::path full = root / "data" / path;
  return fs::exists(full) ? full.string() : "";
}

TEST(OpenModel, ReadsEveryGoldenFolder) {
  int folders = 0;
  for (const auto& entry : fs::directory_iterator(PARVIS_SOURCE_DIR "/tests/golden/models")) {
    if (!entry.is_directory()) continue;
    const auto file = OpenModel(entry.path());
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_EQ(file->format, "safetensors");
    EXPECT_FALSE(file->architecture.empty());
    EXPECT_GT(file->tensors->names().size(), 10u);
    for (const std::string& name : file->tensors->names()) {
      const auto tensor = file->tensors->Get(name);
      ASSERT_TRUE(tensor.ok()) << tensor.status().message();
      EXPECT_EQ(tensor->shape(), *file->tensors->ShapeOf(name));
    }
    ++folders;
  }
  EXPECT_GE(folders, 16);
}

TEST(OpenModel, ShardsHoldWhatTheIndexSays) {
  const auto file = OpenModel(PARVIS_SOURCE_DIR "/tests/golden/models/llama_rope_llama3");
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_TRUE(file->tensors->Has("model.embed_tokens.weight"));
  EXPECT_TRUE(file->tensors->Has("model.norm.weight"));
}

TEST(OpenLlama2c, ReadsPublishedWeights) {
  const std::string folder = Shared("tiny-weights/llama2c");
  if (folder.empty()) GTEST_SKIP() << "no shared data here";
  for (const auto& [model, vocabulary] : {std::pair{"stories260K.bin", "tok512.bin"},
                                          std::pair{"aidreams260K.bin", "aidreams_tok512.bin"}}) {
    const auto file = OpenLlama2c(folder + "/" + model, folder + "/" + vocabulary);
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_EQ(file->tokenizer->vocab_size(), 512);
    EXPECT_EQ(*file->tensors->ShapeOf("model.layers.0.self_attn.k_proj.weight"),
              (Shape{model[0] == 's' ? 32 : 64, 64}));
  }
}

}  // namespace
}  // namespace parvis::formats
