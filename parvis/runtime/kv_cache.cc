#include "parvis/runtime/kv_cache.h"

#include <sys/mman.h>

#include <cstring>

#include "fmt/format.h"

namespace parvis::runtime {

Result<std::unique_ptr<KvCache>> KvCache::Create(const ops::PageLayout& layout,
                                                 size_t budget_bytes) {
  const size_t page_bytes = layout.page_floats() * sizeof(float);
  PARVIS_CHECK(page_bytes > 0);
  const size_t num_pages = budget_bytes / page_bytes;
  if (num_pages == 0) {
    return InvalidArgument(
        fmt::format("kv_budget_bytes: {} bytes hold no page of keys and values; one of this model "
                    "({} positions) has {} bytes",
                    budget_bytes, kPageTokens, page_bytes));
  }
  // Fresh pages of the system are zero, and cost nothing until they are written.
  void* memory = ::mmap(nullptr, num_pages * page_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return ResourceExhausted(
        fmt::format("no memory for {} bytes of keys and values", num_pages * page_bytes));
  }
  ::madvise(memory, num_pages * page_bytes, MADV_HUGEPAGE);
  return std::unique_ptr<KvCache>(
      new KvCache(layout, static_cast<float*>(memory), static_cast<int64_t>(num_pages)));
}

KvCache::KvCache(const ops::PageLayout& layout, float* memory, int64_t num_pages)
    : layout_(layout), page_floats_(layout.page_floats()), memory_(memory), num_pages_(num_pages) {
  // Taken from the back: the first pages first.
  for (int64_t i = num_pages - 1; i >= 0; --i) {
    free_.push_back(memory_ + static_cast<size_t>(i) * page_floats_);
  }
}

KvCache::~KvCache() {
  PARVIS_CHECK(num_free() == num_pages_);  // a page table outlives its cache
  ::munmap(memory_, static_cast<size_t>(num_pages_) * page_bytes());
}

Status PageTable::Grow(int64_t positions) {
  const int64_t wanted = KvCache::PagesFor(positions) - num_pages();
  if (wanted > cache_->num_free()) {
    return ResourceExhausted(
        fmt::format("{} pages of keys and values are wanted, {} of {} are free", wanted,
                    cache_->num_free(), cache_->num_pages()));
  }
  for (int64_t i = 0; i < wanted; ++i) {
    pages_.push_back(cache_->free_.back());
    cache_->free_.pop_back();
  }
  return {};
}

void PageTable::Release() {
  for (; !pages_.empty(); pages_.pop_back()) {
    std::memset(pages_.back(), 0, cache_->page_bytes());
    cache_->free_.push_back(pages_.back());
  }
}

}  // namespace parvis::runtime
