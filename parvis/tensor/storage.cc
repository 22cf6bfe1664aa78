#include "parvis/tensor/storage.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace parvis {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;

// Free blocks by size. A block is given out again only for the size class that it was made for, so
// nothing is split or merged; what is kept is bounded by what was once in use.
class Pool {
 public:
  void* Take(size_t bytes) {
    const size_t size = ClassOf(bytes);
    {
      std::lock_guard lock(mutex_);
      in_use_ += size;
      peak_ = std::max(peak_, in_use_);
      auto& blocks = free_[size];
      if (!blocks.empty()) {
        void* block = blocks.back();
        blocks.pop_back();
        return block;
      }
    }
    const size_t alignment = size >= kHugePage ? kHugePage : kAlignment;
    void* block = nullptr;  // not by aligned_alloc, whose sizes must be multiples of the alignment
    if (::posix_memalign(&block, alignment, size) != 0) throw std::bad_alloc();
    if (size >= kHugePage) ::madvise(block, size, MADV_HUGEPAGE);
    return block;
  }

  void Give(void* block, size_t bytes) {
    const size_t size = ClassOf(bytes);
    std::lock_guard lock(mutex_);
    in_use_ -= size;
    // Very large blocks (weights) go back to the system: they are rarely wanted again.
    if (size > kLargest) {
      std::free(block);
    } else {
      free_[size].push_back(block);
    }
  }

  size_t in_use() {
    std::lock_guard lock(mutex_);
    return in_use_;
  }
  size_t peak() {
    std::lock_guard lock(mutex_);
    return peak_;
  }
  void ForgetPeak() {
    std::lock_guard lock(mutex_);
    peak_ = in_use_;
  }

 private:
  static constexpr size_t kLargest = size_t{256} << 20;

  // Eight classes between a power of two and the next, and steps of a huge page at most.
  static size_t ClassOf(size_t bytes) {
    bytes = std::max(bytes, kAlignment);
    const size_t step = std::clamp(std::bit_floor(bytes) / 8, kAlignment, kHugePage);
    return (bytes + step - 1) / step * step;
  }

  std::mutex mutex_;
  std::map<size_t, std::vector<void*>> free_;
  size_t in_use_ = 0;
  size_t peak_ = 0;
};

// Never destroyed: tensors with static lifetime may outlive any order of destruction.
Pool& ThePool() {
  static Pool& pool = *new Pool;
  return pool;
}

}  // namespace

Storage::Storage(std::byte* data, size_t bytes, std::shared_ptr<const void> owner)
    : data_(data), bytes_(bytes), owner_(std::move(owner)) {}

Storage::~Storage() {
  if (writable()) ThePool().Give(data_, bytes_);
}

std::shared_ptr<Storage> Storage::Allocate(size_t bytes) {
  return std::shared_ptr<Storage>(
      new Storage(static_cast<std::byte*>(ThePool().Take(bytes)), bytes, nullptr));
}

std::shared_ptr<Storage> Storage::View(const void* data, size_t bytes,
                                       std::shared_ptr<const void> owner) {
  return std::shared_ptr<Storage>(
      new Storage(static_cast<std::byte*>(const_cast<void*>(data)), bytes, std::move(owner)));
}

size_t Storage::BytesInUse() { return ThePool().in_use(); }
size_t Storage::PeakBytesInUse() { return ThePool().peak(); }
void Storage::ForgetPeak() { ThePool().ForgetPeak(); }

}  // namespace parvis
