#include "parvis/cli/suggest.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace parvis::cli {
namespace {

TEST(Suggest, FindsTheNearWordAndNothingFar) {
  const std::vector<std::string> known = {"run", "train", "tokenize", "describe"};
  EXPECT_EQ(Nearest("rnu", known), "run");
  EXPECT_EQ(Nearest("tokenise", known), "tokenize");
  EXPECT_EQ(Nearest("descibe", known), "describe");
  EXPECT_EQ(Nearest("train", known), "train");
  EXPECT_EQ(Nearest("serve", known), "");
  EXPECT_EQ(Nearest("", known), "");
}

}  // namespace
}  // namespace parvis::cli
