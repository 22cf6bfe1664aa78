#include "parvis/core/xz.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/packed_xz.h"

namespace parvis {
namespace {

using testing::HasSubstr;

TEST(Xz, GivesWhatWasPackedAlsoInSeveralStreams) {
  const std::string text(3'000'000, 'x');
  EXPECT_EQ(*DecompressXz(PackedXz(text) + PackedXz("end"), 4'000'000), text + "end");
  EXPECT_EQ(*DecompressXz(PackedXz(""), 0), "");
}

TEST(Xz, RefusesTooMuchAndWhatIsDamaged) {
  const std::string packed = PackedXz(std::string(3'000'000, 'x') + "some text that can be cut");
  EXPECT_THAT(DecompressXz(packed, 2'999'999).status().message(), HasSubstr("more than 2999999"));
  EXPECT_EQ(DecompressXz(packed, 2'999'999).status().code(), StatusCode::kResourceExhausted);
  for (const std::string& bad :
       {std::string(), std::string("x"), packed.substr(0, packed.size() / 2), packed + "x"}) {
    EXPECT_THAT(DecompressXz(bad, 1 << 22).status().message(), HasSubstr("xz data at byte"));
  }
}

TEST(Xz, PassesOnWhatGoesWrongWithTheSource) {
  XzReader reader = XzReader::Create().value();
  std::string text = "before";
  const Status status =
      reader.Read([](void*, size_t) -> Result<size_t> { return IoError("no disk"); }, 100, text);
  EXPECT_EQ(status.message(), "no disk");
  EXPECT_EQ(text, "before");
}

}  // namespace
}  // namespace parvis
