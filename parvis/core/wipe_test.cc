#include "parvis/core/wipe.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace parvis {
namespace {

// Reads memory that was given back, as an attacker would: through the system, not the language.
std::string ReadBack(const void* address, size_t bytes) {
  std::string read(bytes, '\0');
  FILE* const memory = std::fopen("/proc/self/mem", "rb");
  EXPECT_NE(memory, nullptr);
  EXPECT_EQ(std::fseek(memory, static_cast<long>(reinterpret_cast<uintptr_t>(address)), SEEK_SET),
            0);
  EXPECT_EQ(std::fread(read.data(), 1, bytes, memory), bytes);
  std::fclose(memory);
  return read;
}

constexpr size_t kBytes = 3000;
constexpr size_t kOfTheHeap = 64;  // its own notes in what is free

// Where a text was, after it has gone.
std::string Left(bool aligned) {
  struct alignas(64) Aligned {
    char text[kBytes];
  };
  const auto write = [](char* text) {  // which the compiler must not see to be for nothing
    for (volatile char* at = text; at < text + kBytes; ++at) *at = 'q';
  };
  const void* at = nullptr;
  if (aligned) {
    auto* text = new Aligned;
    write(text->text);
    at = text;
    delete text;
  } else {
    std::vector<char> text(kBytes);
    write(text.data());
    at = text.data();
  }
  return ReadBack(at, kBytes);
}

TEST(Wipe, LeavesNothingInWhatIsFreed) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers have their own heap";
#endif
  // The test can see what is left, until it is wiped.
  EXPECT_NE(Left(false).find("qqqq", kOfTheHeap), std::string::npos);
  EXPECT_NE(Left(true).find("qqqq", kOfTheHeap), std::string::npos);
  WipeFreedMemory();
  EXPECT_TRUE(WipesFreedMemory());
  EXPECT_EQ(Left(false).find('q'), std::string::npos);
  EXPECT_EQ(Left(true).find('q'), std::string::npos);
}

TEST(Wipe, ReallocKeepsTheTextAndLeavesNone) {
  WipeFreedMemory();
  auto* text = static_cast<char*>(WipingRealloc(nullptr, kBytes));
  std::memset(text, 'q', kBytes);
  const void* const before = text;
  text = static_cast<char*>(WipingRealloc(text, 2 * kBytes));
  EXPECT_EQ(std::string(text, kBytes), std::string(kBytes, 'q'));
  EXPECT_EQ(ReadBack(before, kBytes).find('q'), std::string::npos);
  EXPECT_EQ(WipingRealloc(text, 0), nullptr);
}

__attribute__((noinline)) const char* Leave() {
  char text[kBytes];
  for (volatile char* at = text; at < text + kBytes; ++at) *at = 'q';
  const char* volatile at = text;
  return at;
}

TEST(Wipe, ClearsTheStackBelow) {
  const char* const at = Leave();
  WipeStack();
  // What the calls of this line leave there is not 'q's in a row.
  EXPECT_EQ(ReadBack(at, kBytes).find("qqqq"), std::string::npos);
}

}  // namespace
}  // namespace parvis
