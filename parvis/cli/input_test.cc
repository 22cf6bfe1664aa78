#include "parvis/cli/input.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace parvis::cli {
namespace {

// A pipe that holds `text`, by the name that a shell gives to <(command).
Result<std::string> ReadPipe(const std::string& text, size_t max_bytes) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  EXPECT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  auto read = ReadInput("/dev/fd/" + std::to_string(ends[0]), max_bytes);
  ::close(ends[0]);
  return read;
}

TEST(ReadInput, ReadsPipesToTheirEnd) {
  EXPECT_EQ(*ReadPipe("", 10), "");
  EXPECT_EQ(*ReadPipe("a text", 10), "a text");
  EXPECT_EQ(*ReadPipe(std::string(50'000, 'x'), 50'000), std::string(50'000, 'x'));
}

TEST(ReadInput, RefusesMoreThanTheLimit) {
  EXPECT_EQ(ReadPipe("a text", 5).status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ReadInput("/dev/zero", 100'000).status().code(), StatusCode::kResourceExhausted);
}

TEST(ReadInput, SaysWhatItCannotRead) {
  EXPECT_EQ(ReadInput("no/such/file").status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(ReadInput("/").ok());
  EXPECT_EQ(*ReadInput("/dev/null"), "");
}

}  // namespace
}  // namespace parvis::cli
