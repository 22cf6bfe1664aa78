#include "parvis/core/base64.h"

#include "gtest/gtest.h"

namespace parvis {
namespace {

TEST(Base64UrlTest, IsWrittenInOneWay) {
  EXPECT_EQ(ToBase64Url("\xfb\xff"
                        "A"),
            "-_9B");
  EXPECT_EQ(ToBase64Url("A"), "QQ");
  EXPECT_EQ(FromBase64Url("QQ"), "A");
  EXPECT_EQ(FromBase64Url("-_9B"),
            "\xfb\xff"
            "A");
  EXPECT_EQ(FromBase64Url(""), "");
  for (const char* const wrong : {"QQ==", "QR", "Q", "+/+/", "Q Q", "QQ\n"}) {
    EXPECT_FALSE(FromBase64Url(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace parvis
