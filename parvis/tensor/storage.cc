#include "parvis/tensor/storage.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "parvis/core/wipe.h"
#include "parvis/tensor/wipe_storage.h"

namespace parvis {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;

// Free blocks by size. A block is given out again only for the size class that it was made for, so
// nothing is split or merged. Steps of ever other shapes would leave blocks of each class behind:
// what is held is half as much again as the most that was in use, and what was not wanted for the
// longest time goes first.
class Pool {
 public:
  void* Take(size_t bytes) {
    const size_t size = ClassOf(bytes);
    {
      std::lock_guard lock(mutex_);
      in_use_ += size;
      peak_ = std::max(peak_, in_use_);
      most_in_use_ = std::max(most_in_use_, in_use_);
      Class& one = free_[size];
      one.used_at = ++clock_;
      if (!one.blocks.empty()) return Pop(one, size);
    }
    return size >= kHugePage ? Map(size) : Allocate(size);
  }

  void Give(void* block, size_t bytes) {
    const size_t size = ClassOf(bytes);
    std::vector<std::pair<void*, size_t>> unwanted;
    {
      std::lock_guard lock(mutex_);
      in_use_ -= size;
      // Very large blocks (weights) go back to the system: they are rarely wanted again.
      if (size > kLargest) {
        unwanted.emplace_back(block, size);
      } else {
        free_[size].blocks.push_back(block);
        kept_ += size;
      }
      while (kept_ > 0 && in_use_ + kept_ > most_in_use_ + most_in_use_ / 2 + kSlack) {
        unwanted.push_back(TakeOldest());
      }
    }
    for (const auto& [old, old_size] : unwanted) {
      old_size >= kHugePage ? static_cast<void>(::munmap(old, old_size)) : WipingFree(old);
    }
  }

  void WipeFree() {
    std::lock_guard lock(mutex_);
    for (auto& [size, one] : free_) {
      for (size_t i = one.num_wiped; i < one.blocks.size(); ++i)
        std::memset(one.blocks[i], 0, size);
      one.num_wiped = one.blocks.size();
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
  static constexpr size_t kSlack = size_t{32} << 20;

  static void* Allocate(size_t size) {
    void* block = nullptr;  // not by aligned_alloc, whose sizes must be multiples of the alignment
    if (::posix_memalign(&block, kAlignment, size) != 0) throw std::bad_alloc();
    return block;
  }

  // Large blocks are the system's own pages, so that what is given back is given back: in malloc's
  // heap, blocks of ever other sizes leave holes. Aligned to huge pages, and asking for them.
  static void* Map(size_t size) {
    void* const mapped = ::mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    const auto start = reinterpret_cast<uintptr_t>(mapped);
    const uintptr_t block = (start + kHugePage - 1) / kHugePage * kHugePage;
    const size_t before = block - start, behind = kHugePage - before;
    if (before > 0) ::munmap(mapped, before);
    if (behind > 0) ::munmap(reinterpret_cast<void*>(block + size), behind);
    ::madvise(reinterpret_cast<void*>(block), size, MADV_HUGEPAGE);
    return reinterpret_cast<void*>(block);
  }

  struct Class {
    std::vector<void*> blocks;
    size_t num_wiped = 0;  // of the first blocks: since they were given back
    uint64_t used_at = 0;  // clock_ when one was last wanted
  };

  // A block of the class that was not wanted for the longest time.
  // REQUIRES: mutex_ held, kept_ > 0.
  std::pair<void*, size_t> TakeOldest() {
    auto oldest = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it) {
      if (it->second.blocks.empty()) continue;
      if (oldest == free_.end() || it->second.used_at < oldest->second.used_at) oldest = it;
    }
    return {Pop(oldest->second, oldest->first), oldest->first};
  }

  // The block that was given back last. REQUIRES: mutex_ held, there is one.
  void* Pop(Class& one, size_t size) {
    void* block = one.blocks.back();
    one.blocks.pop_back();
    one.num_wiped = std::min(one.num_wiped, one.blocks.size());
    kept_ -= size;
    return block;
  }

  // Eight classes between a power of two and the next, and steps of a huge page at most.
  static size_t ClassOf(size_t bytes) {
    bytes = std::max(bytes, kAlignment);
    const size_t step = std::clamp(std::bit_floor(bytes) / 8, kAlignment, kHugePage);
    return (bytes + step - 1) / step * step;
  }

  std::mutex mutex_;
  std::map<size_t, Class> free_;
  uint64_t clock_ = 0;
  size_t in_use_ = 0, kept_ = 0;  // bytes
  size_t most_in_use_ = 0;        // ever
  size_t peak_ = 0;               // since ForgetPeak
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
void WipeFreeStorage() { ThePool().WipeFree(); }

}  // namespace parvis
