// Counts what this test program allocates, so that tests can bound what a bad file costs.

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/formats/test_support.h"

namespace parvis::formats {
namespace {

std::atomic<size_t> bytes_now{0}, bytes_peak{0};

void* Count(void* block) {
  if (block == nullptr) return nullptr;
  const size_t now = bytes_now += malloc_usable_size(block);
  size_t peak = bytes_peak;
  while (peak < now && !bytes_peak.compare_exchange_weak(peak, now)) {
  }
  return block;
}

void* Allocate(size_t size) {
  void* block = Count(std::malloc(size));
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void Release(void* block) {
  if (block == nullptr) return;
  bytes_now -= malloc_usable_size(block);
  std::free(block);
}

}  // namespace

size_t BytesAllocated() { return bytes_now; }
size_t PeakBytesAllocated() { return bytes_peak; }
void ResetPeakBytesAllocated() { bytes_peak = bytes_now.load(); }

TEST(AllocationCounter, SeesAnAllocationAndItsEnd) {
  ResetPeakBytesAllocated();
  const size_t before = BytesAllocated();
  auto block = std::make_unique<std::string>(1 << 20, 'x');
  EXPECT_GE(BytesAllocated(), before + (1 << 20));
  block.reset();
  EXPECT_LT(BytesAllocated(), before + (1 << 20));
  EXPECT_GE(PeakBytesAllocated(), before + (1 << 20));
}

// std::stable_sort asks for its buffer by the operator new that returns null instead of throwing.
// AddressSanitizer brings one of its own, whose blocks may not be given to our operator delete.
TEST(AllocationCounter, SeesWhatIsAskedForWithoutExceptions) {
  std::vector<int64_t> numbers(1 << 16);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int64_t>(i * 40503 % 65536);
  const size_t before = BytesAllocated();
  ResetPeakBytesAllocated();
  std::stable_sort(numbers.begin(), numbers.end());
  EXPECT_GE(PeakBytesAllocated(), before + (1 << 17));  // half as many as there are
  EXPECT_EQ(BytesAllocated(), before);
}

}  // namespace parvis::formats

void* operator new(size_t size) { return parvis::formats::Allocate(size); }
void* operator new[](size_t size) { return parvis::formats::Allocate(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return parvis::formats::Count(std::malloc(size));
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return parvis::formats::Count(std::malloc(size));
}
void operator delete(void* block) noexcept { parvis::formats::Release(block); }
void operator delete[](void* block) noexcept { parvis::formats::Release(block); }
void operator delete(void* block, size_t) noexcept { parvis::formats::Release(block); }
void operator delete[](void* block, size_t) noexcept { parvis::formats::Release(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept {
  parvis::formats::Release(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept {
  parvis::formats::Release(block);
}
