#include "parvis/runtime/kv_cache.h"

#include <sys/mman.h>

#include <algorithm>
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
  return std::unique_ptr<KvCache>(new KvCache(layout, static_cast<float*>(memory), num_pages));
}

KvCache::KvCache(const ops::PageLayout& layout, float* memory, size_t num_pages)
    : layout_(layout), page_floats_(layout.page_floats()), memory_(memory), pages_(num_pages) {
  // Taken from the back: the first pages first.
  for (size_t i = num_pages; i-- > 0;) free_.push_back(i);
}

KvCache::~KvCache() {
  PARVIS_CHECK(num_free() == num_pages());  // a page table outlives its cache
  ::munmap(memory_, pages_.size() * page_bytes());
}

float* KvCache::Take() {
  if (free_.empty()) Forget(kept_.front());
  const size_t index = free_.back();
  free_.pop_back();
  pages_[index].users = 1;
  return At(index);
}

void KvCache::Use(size_t index) {
  Page& page = pages_[index];
  PARVIS_DCHECK(page.name != 0);
  if (page.users++ == 0) kept_.erase(page.kept);
}

void KvCache::Leave(float* memory) {
  const size_t index = IndexOf(memory);
  Page& page = pages_[index];
  if (--page.users > 0) return;
  page.kept = kept_.insert(kept_.end(), index);
  if (page.name == 0) Forget(index);
}

void KvCache::Forget(size_t index) {
  Page& page = pages_[index];
  kept_.erase(page.kept);
  if (page.name != 0) prefixes_.erase(page.prefix);
  page.name = 0;
  std::memset(At(index), 0, page_bytes());
  free_.push_back(index);
}

KvCache::Prefix KvCache::PrefixOf(uint64_t before, std::span<const int32_t> tokens, int64_t page,
                                  const std::string& salt) {
  Prefix prefix{.before = before, .tokens = {}, .salt = salt};
  const auto own = tokens.subspan(static_cast<size_t>(page) * kPageTokens, kPageTokens);
  std::copy(own.begin(), own.end(), prefix.tokens.begin());
  return prefix;
}

Status PageTable::Grow(int64_t positions) {
  const int64_t wanted = KvCache::PagesFor(positions) - num_pages();
  if (wanted > cache_->num_free()) {
    return ResourceExhausted(
        fmt::format("{} pages of keys and values are wanted, {} of {} are free", wanted,
                    cache_->num_free(), cache_->num_pages()));
  }
  for (int64_t i = 0; i < wanted; ++i) pages_.push_back(cache_->Take());
  return {};
}

void PageTable::Release() {
  // From the last to the first, so that of pages that are kept none goes before those that only it
  // leads to.
  for (; !pages_.empty(); pages_.pop_back()) cache_->Leave(pages_.back());
  published_ = 0;
}

int64_t PageTable::Share(std::span<const int32_t> tokens, const std::string& salt,
                         int64_t computed) {
  constexpr auto kPage = static_cast<int64_t>(kPageTokens);
  int64_t page = computed / kPage;
  // A page is found through the one before it, which therefore has to be published, too.
  if (computed % kPage != 0 || published_ != page) return computed;
  uint64_t before = page > 0 ? cache_->pages_[cache_->IndexOf(pages_[page - 1])].name : 0;
  for (; (page + 1) * kPage < static_cast<int64_t>(tokens.size()); ++page) {
    const auto found = cache_->prefixes_.find(KvCache::PrefixOf(before, tokens, page, salt));
    if (found == cache_->prefixes_.end()) break;
    const size_t index = found->second;
    cache_->Use(index);
    if (page < num_pages()) {
      cache_->Leave(pages_[page]);
      pages_[page] = cache_->At(index);
    } else {
      pages_.push_back(cache_->At(index));
    }
    before = cache_->pages_[index].name;
    ++published_;
  }
  return page * kPage;
}

void PageTable::Publish(std::span<const int32_t> tokens, const std::string& salt,
                        int64_t computed) {
  const int64_t full = computed / static_cast<int64_t>(kPageTokens);
  for (; published_ < full; ++published_) {
    const size_t own = cache_->IndexOf(pages_[published_]);
    const uint64_t before =
        published_ > 0 ? cache_->pages_[cache_->IndexOf(pages_[published_ - 1])].name : 0;
    const auto [at, is_new] =
        cache_->prefixes_.try_emplace(KvCache::PrefixOf(before, tokens, published_, salt), own);
    if (is_new) {
      cache_->pages_[own].name = cache_->next_name_++;
      cache_->pages_[own].prefix = at;
    } else {
      cache_->Use(at->second);
      cache_->Leave(pages_[published_]);
      pages_[published_] = cache_->At(at->second);
    }
  }
}

}  // namespace parvis::runtime
