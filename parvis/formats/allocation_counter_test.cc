// Counts what this test program allocates, so that tests can bound what a bad file costs.

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>

#include "gtest/gtest.h"
#include "parvis/formats/test_support.h"

namespace parvis::formats {
namespace {

std::atomic<size_t> bytes_now{0}, bytes_peak{0};

void* Count(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  const size_t now = bytes_now += malloc_usable_size(block);
  size_t peak = bytes_peak;
  while (peak < now && !bytes_peak.compare_exchange_weak(peak, now)) {
  }
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

}  // namespace parvis::formats

void* operator new(size_t size) { return parvis::formats::Count(std::malloc(size)); }
void* operator new[](size_t size) { return parvis::formats::Count(std::malloc(size)); }
void operator delete(void* block) noexcept { parvis::formats::Release(block); }
void operator delete[](void* block) noexcept { parvis::formats::Release(block); }
void operator delete(void* block, size_t) noexcept { parvis::formats::Release(block); }
void operator delete[](void* block, size_t) noexcept { parvis::formats::Release(block); }
