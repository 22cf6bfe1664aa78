// How sentence-transformers' files are read: what is known, what is passed on by name, what is
// refused.

#include "parvis/formats/sentence_transformers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "parvis/core/file.h"

namespace parvis::formats {
namespace {

class SentenceTransformersTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_ + "/1_Pooling"); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<SentencePooling> Read(const std::string& pooling, const std::string& modules = "") {
    EXPECT_TRUE(WriteFileAtomically(folder_ + "/1_Pooling/config.json", pooling).ok());
    std::filesystem::remove(folder_ + "/modules.json");
    if (!modules.empty()) {
      EXPECT_TRUE(WriteFileAtomically(folder_ + "/modules.json", modules).ok());
    }
    return ReadSentencePooling(folder_);
  }

  const std::string folder_ =
      std::filesystem::temp_directory_path() / ("parvis_sentence_" + std::to_string(::getpid()));
};

TEST_F(SentenceTransformersTest, ModesAndSteps) {
  EXPECT_EQ(Read(R"({"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false})")->pooling,
            "mean");
  EXPECT_EQ(Read(R"({"pooling_mode": "lasttoken"})")->pooling, "last");
  EXPECT_EQ(Read(R"({"pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": true})")->pooling,
            "pooling_mode_max_tokens + mean");
  EXPECT_EQ(Read("{}")->pooling, "none");
  const std::string step = R"({"type": "sentence_transformers.models.)";
  const auto dense =
      Read(R"({"pooling_mode_mean_tokens": true})",
           "[" + step + "Pooling\"}, " + step + "Dense\"}, " + step + "Normalize\"}]");
  EXPECT_EQ(dense->pooling, "mean + Dense");  // not one that is computed: embed refuses it by name
  EXPECT_TRUE(dense->normalize);
}

TEST_F(SentenceTransformersTest, WhatIsMalformedIsRefusedOrPassedOver) {
  EXPECT_FALSE(Read("[]").ok());
  EXPECT_FALSE(Read("{\"a\": ").ok());
  EXPECT_FALSE(Read("{}", "{\"a\": ").ok());
  EXPECT_TRUE(Read("{\"pooling_mode\": 3}", "[1, {\"type\": 2}, {}]").ok());
  std::filesystem::remove_all(folder_ + "/1_Pooling");
  EXPECT_EQ(ReadSentencePooling(folder_)->pooling, "");
}

TEST_F(SentenceTransformersTest, WrittenFilesReadBack) {
  for (const char* pooling : {"mean", "cls", "last"}) {
    for (const bool normalize : {false, true}) {
      ASSERT_TRUE(WriteSentencePooling(folder_, {pooling, normalize}, 24).ok());
      const auto back = ReadSentencePooling(folder_);
      ASSERT_TRUE(back.ok());
      EXPECT_EQ(back->pooling, pooling);
      EXPECT_EQ(back->normalize, normalize);
    }
  }
}

}  // namespace
}  // namespace parvis::formats
