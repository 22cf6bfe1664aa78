#ifndef PARVIS_RUNTIME_KV_CACHE_H_
#define PARVIS_RUNTIME_KV_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/ops/attention.h"

namespace parvis::runtime {

using ops::kPageTokens;

// Keys and values of all sequences, in pages of kPageTokens positions (all layers of a position lie
// in one page; kernels::PageLayout). The number of pages is fixed when the cache is made: asking
// for more is refused, and nothing grows. Memory comes from the system page by page as it is first
// written. Not synchronised.
class KvCache {
 public:
  // As many pages as fit into `budget_bytes`; refuses a budget that holds none or cannot be had.
  static Result<std::unique_ptr<KvCache>> Create(const ops::PageLayout& layout,
                                                 size_t budget_bytes);
  ~KvCache();
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;

  const ops::PageLayout& layout() const { return layout_; }
  size_t page_bytes() const { return page_floats_ * sizeof(float); }
  int64_t num_pages() const { return num_pages_; }
  int64_t num_free() const { return static_cast<int64_t>(free_.size()); }
  static int64_t PagesFor(int64_t positions) {
    return (positions + static_cast<int64_t>(kPageTokens) - 1) / static_cast<int64_t>(kPageTokens);
  }

 private:
  friend class PageTable;
  KvCache(const ops::PageLayout& layout, float* memory, int64_t num_pages);

  ops::PageLayout layout_;
  size_t page_floats_;
  float* memory_;
  int64_t num_pages_;
  std::vector<float*> free_;
};

// The pages of one sequence, which give themselves back. A page is zeroed when it goes back, so
// that nobody can read what a finished request left.
class PageTable {
 public:
  explicit PageTable(KvCache& cache) : cache_(&cache) {}
  ~PageTable() { Release(); }
  PageTable(const PageTable&) = delete;
  PageTable& operator=(const PageTable&) = delete;

  // Takes pages until there is room for `positions`, or takes none and says that there are none.
  Status Grow(int64_t positions);
  void Release();

  // Valid until the next Grow or Release.
  ops::KvView view() const { return {pages_, cache_->layout()}; }
  int64_t num_pages() const { return static_cast<int64_t>(pages_.size()); }

 private:
  KvCache* cache_;
  std::vector<float*> pages_;
};

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_KV_CACHE_H_
