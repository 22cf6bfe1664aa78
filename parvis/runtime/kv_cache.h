#ifndef PARVIS_RUNTIME_KV_CACHE_H_
#define PARVIS_RUNTIME_KV_CACHE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/ops/attention.h"

namespace parvis::runtime {

using ops::kPageTokens;

// Keys and values of all sequences, in pages of kPageTokens positions (all layers of a position lie
// in one page; kernels::PageLayout). The number of pages is fixed when the cache is made: asking
// for more is refused, and nothing grows. Memory comes from the system page by page as it is first
// written. Not synchronised.
//
// A full page can be published under the tokens that lead to it. Sequences whose tokens begin alike
// then share it, and it is kept when nobody uses it until the memory is wanted; the page that was
// used longest ago goes first. Pages are found by the tokens themselves, not by a hash of them, and
// only under the salt under which they were published.
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
  int64_t num_pages() const { return static_cast<int64_t>(pages_.size()); }
  // Pages that can be had: those that are empty, and those that are only kept.
  int64_t num_free() const { return static_cast<int64_t>(free_.size() + kept_.size()); }
  int64_t num_kept() const { return static_cast<int64_t>(kept_.size()); }
  static int64_t PagesFor(int64_t positions) {
    return (positions + static_cast<int64_t>(kPageTokens) - 1) / static_cast<int64_t>(kPageTokens);
  }

 private:
  friend class PageTable;

  // What leads to a page: the page before it (0: none), its own tokens, and who may share it.
  struct Prefix {
    uint64_t before = 0;
    std::array<int32_t, kPageTokens> tokens;
    std::string salt;
    auto operator<=>(const Prefix&) const = default;  // NOLINT(modernize-use-nullptr): no pointer
  };
  using Prefixes = std::map<Prefix, size_t>;  // to the index of a page

  struct Page {
    int64_t users = 0;
    uint64_t name = 0;  // as Prefix::before; 0: not published. Never used twice.
    Prefixes::iterator prefix;
    std::list<size_t>::iterator kept;  // if published and without users
  };

  KvCache(const ops::PageLayout& layout, float* memory, size_t num_pages);

  float* At(size_t index) const { return memory_ + index * page_floats_; }
  size_t IndexOf(const float* page) const {
    return static_cast<size_t>(page - memory_) / page_floats_;
  }
  float* Take();              // REQUIRES: num_free() > 0
  void Use(size_t index);     // one more user of a published page
  void Leave(float* page);    // one user less
  void Forget(size_t index);  // zeroes a page that nobody uses
  static Prefix PrefixOf(uint64_t before, std::span<const int32_t> tokens, int64_t page,
                         const std::string& salt);

  ops::PageLayout layout_;
  size_t page_floats_;
  float* memory_;
  std::vector<Page> pages_;
  std::vector<size_t> free_;
  std::list<size_t> kept_;  // the one to go first in front
  Prefixes prefixes_;
  uint64_t next_name_ = 1;
};

// The pages of one sequence, which give themselves back. A page that is not published is zeroed
// when it goes back, so that nobody can read what a finished request left; a published one when its
// memory is wanted.
class PageTable {
 public:
  explicit PageTable(KvCache& cache) : cache_(&cache) {}
  ~PageTable() { Release(); }
  PageTable(const PageTable&) = delete;
  PageTable& operator=(const PageTable&) = delete;

  // Takes pages until there is room for `positions`, or takes none and says that there are none.
  Status Grow(int64_t positions);
  void Release();

  // Puts published pages of the same tokens and salt in the place of those after the first
  // `computed` positions (a whole number of pages), as far as there are such; the last token is
  // always left to compute. Returns the positions that are computed then.
  int64_t Share(std::span<const int32_t> tokens, const std::string& salt, int64_t computed);
  // Publishes the full pages of the first `computed` of `tokens`. Where there is one like it
  // already, that one is used from now on: its numbers are the same.
  void Publish(std::span<const int32_t> tokens, const std::string& salt, int64_t computed);

  // Valid until the next Grow, Release, Share or Publish. Published pages are not to be written.
  ops::KvView view() const { return {pages_, cache_->layout()}; }
  int64_t num_pages() const { return static_cast<int64_t>(pages_.size()); }

 private:
  KvCache* cache_;
  std::vector<float*> pages_;
  int64_t published_ = 0;  // pages from the first on
};

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_KV_CACHE_H_
