#include "parvis/core/wipe.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace parvis {
namespace {

constexpr size_t kBytes = 3000;
constexpr size_t kOfTheHeap = 64;  // its own notes in what is free

// Reads memory that was given back, as an attacker would: through the system, not the language. It
// takes no memory, which could be the same again.
std::string_view ReadBack(const void* address) {
  static char read[kBytes];
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  EXPECT_GE(memory, 0);
  EXPECT_EQ(::pread(memory, read, kBytes, static_cast<off_t>(reinterpret_cast<uintptr_t>(address))),
            static_cast<ssize_t>(kBytes));
  ::close(memory);
  return {read, kBytes};
}

// Where a text was, after it has gone.
std::string_view Left(bool aligned) {
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
  return ReadBack(at);
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
  EXPECT_EQ(ReadBack(before).find('q'), std::string::npos);
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
  EXPECT_EQ(ReadBack(at).find("qqqq"), std::string::npos);
}

}  // namespace
}  // namespace parvis
