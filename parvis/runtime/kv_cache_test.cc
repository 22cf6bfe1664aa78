#include "parvis/runtime/kv_cache.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace parvis::runtime {
namespace {

constexpr ops::PageLayout kLayout{.num_layers = 3, .num_kv_heads = 2, .head_dim = 16};
constexpr size_t kPageBytes = 3 * 2 * 2 * 32 * 16 * sizeof(float);

TEST(KvCache, HoldsAsManyPagesAsTheBudget) {
  const auto cache = KvCache::Create(kLayout, 5 * kPageBytes + kPageBytes - 1);
  ASSERT_TRUE(cache.ok());
  EXPECT_EQ((*cache)->num_pages(), 5);
  EXPECT_EQ((*cache)->page_bytes(), kPageBytes);
}

TEST(KvCache, RefusesBudgetsThatCannotBe) {
  EXPECT_EQ(KvCache::Create(kLayout, kPageBytes - 1).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(KvCache::Create(kLayout, size_t{1} << 62).status().code(),
            StatusCode::kResourceExhausted);
}

TEST(KvCache, CountsPagesByPositions) {
  EXPECT_EQ(KvCache::PagesFor(0), 0);
  EXPECT_EQ(KvCache::PagesFor(1), 1);
  EXPECT_EQ(KvCache::PagesFor(32), 1);
  EXPECT_EQ(KvCache::PagesFor(33), 2);
}

TEST(PageTable, GrowsByPagesAndAllOrNothing) {
  const auto cache = std::move(KvCache::Create(kLayout, 4 * kPageBytes)).value();
  PageTable a(*cache), b(*cache);
  EXPECT_TRUE(a.Grow(33).ok());
  EXPECT_TRUE(a.Grow(64).ok());
  EXPECT_TRUE(a.Grow(1).ok());  // has more already
  EXPECT_EQ(a.num_pages(), 2);
  EXPECT_EQ(b.Grow(65).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(b.num_pages(), 0);
  EXPECT_EQ(cache->num_free(), 2);
  EXPECT_TRUE(b.Grow(64).ok());
  const std::set<float*> pages = {a.view().pages[0], a.view().pages[1], b.view().pages[0],
                                  b.view().pages[1]};
  EXPECT_EQ(pages.size(), 4u);
  for (float* page : pages) EXPECT_EQ(reinterpret_cast<uintptr_t>(page) % 64, 0u);
  EXPECT_FALSE(a.Grow(65).ok());
  EXPECT_EQ(a.num_pages(), 2);
  b.Release();
  EXPECT_TRUE(a.Grow(65).ok());
}

TEST(PageTable, NothingIsLeftInAReleasedPage) {
  const auto cache = std::move(KvCache::Create(kLayout, 2 * kPageBytes)).value();
  {
    PageTable table(*cache);
    ASSERT_TRUE(table.Grow(64).ok());
    for (float* page : table.view().pages) std::fill_n(page, kPageBytes / sizeof(float), 7.0f);
  }
  EXPECT_EQ(cache->num_free(), 2);
  PageTable next(*cache);
  ASSERT_TRUE(next.Grow(64).ok());
  for (const float* page : next.view().pages) {
    EXPECT_TRUE(
        std::all_of(page, page + kPageBytes / sizeof(float), [](float x) { return x == 0.0f; }));
  }
}

std::vector<int32_t> Counting(int32_t first, int64_t size) {
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < size; ++i) tokens.push_back(first + static_cast<int32_t>(i));
  return tokens;
}

// A table whose `size` tokens are computed: its pages hold `value`.
void Compute(PageTable& table, const std::vector<int32_t>& tokens, const std::string& salt,
             float value) {
  const int64_t shared = table.Share(tokens, salt, 0);
  ASSERT_TRUE(table.Grow(static_cast<int64_t>(tokens.size())).ok());
  for (int64_t page = shared / 32; page < table.num_pages(); ++page) {
    std::fill_n(table.view().pages[static_cast<size_t>(page)], kPageBytes / sizeof(float), value);
  }
  table.Publish(tokens, salt, static_cast<int64_t>(tokens.size()));
}

TEST(PageTable, SharesFullPagesOfEqualTokensWhileTheyAreUsed) {
  const auto cache = std::move(KvCache::Create(kLayout, 8 * kPageBytes)).value();
  PageTable a(*cache), b(*cache), c(*cache), d(*cache);
  Compute(a, Counting(0, 100), "", 1.0f);  // three full pages
  EXPECT_EQ(b.Share(Counting(0, 100), "", 0), 96);
  EXPECT_EQ(cache->num_free(), 4);
  for (size_t page = 0; page < 3; ++page) EXPECT_EQ(a.view().pages[page], b.view().pages[page]);

  std::vector<int32_t> other = Counting(0, 100);
  other[40] = 7;  // within the second page
  EXPECT_EQ(c.Share(other, "", 0), 32);
  EXPECT_EQ(d.Share(Counting(0, 96), "", 0), 64);  // the last token is left to compute
  EXPECT_EQ(d.Share(Counting(1, 100), "", 64), 64);
  PageTable e(*cache);
  EXPECT_EQ(e.Share(Counting(32, 100), "", 0), 0);  // the same tokens, but elsewhere
}

TEST(PageTable, SaltsKeepTenantsApart) {
  const auto cache = std::move(KvCache::Create(kLayout, 8 * kPageBytes)).value();
  PageTable a(*cache), b(*cache), c(*cache);
  Compute(a, Counting(0, 70), "one", 1.0f);
  EXPECT_EQ(b.Share(Counting(0, 70), "two", 0), 0);
  EXPECT_EQ(b.Share(Counting(0, 70), "", 0), 0);
  EXPECT_EQ(c.Share(Counting(0, 70), "one", 0), 64);
}

TEST(PageTable, KeepsPagesUntilTheyAreWantedOldestFirst) {
  const auto cache = std::move(KvCache::Create(kLayout, 6 * kPageBytes)).value();
  {
    PageTable a(*cache), b(*cache);
    Compute(a, Counting(0, 65), "", 1.0f);
    Compute(b, Counting(500, 65), "", 2.0f);
  }
  EXPECT_EQ(cache->num_free(), 6);
  EXPECT_EQ(cache->num_kept(), 4);
  {
    PageTable again(*cache);  // of the first, which is then the one used last
    EXPECT_EQ(again.Share(Counting(0, 65), "", 0), 64);
    EXPECT_EQ(again.view().pages[1][0], 1.0f);
  }
  PageTable large(*cache);
  ASSERT_TRUE(large.Grow(3 * 32).ok());  // two empty pages, and the end of the other text
  EXPECT_EQ(cache->num_kept(), 3);
  PageTable first(*cache), second(*cache);
  EXPECT_EQ(second.Share(Counting(500, 65), "", 0), 32);
  EXPECT_EQ(first.Share(Counting(0, 65), "", 0), 64);
  for (const float* page : large.view().pages) {
    EXPECT_TRUE(
        std::all_of(page, page + kPageBytes / sizeof(float), [](float x) { return x == 0.0f; }));
  }
}

TEST(PageTable, PagesComputedTwiceBecomeOne) {
  const auto cache = std::move(KvCache::Create(kLayout, 6 * kPageBytes)).value();
  PageTable a(*cache), b(*cache);
  ASSERT_TRUE(a.Grow(64).ok());
  ASSERT_TRUE(b.Grow(64).ok());
  a.Publish(Counting(0, 64), "", 64);
  EXPECT_EQ(cache->num_free(), 2);
  b.Publish(Counting(0, 64), "", 63);  // the second page is not full yet
  EXPECT_EQ(cache->num_free(), 3);
  EXPECT_EQ(a.view().pages[0], b.view().pages[0]);
  EXPECT_NE(a.view().pages[1], b.view().pages[1]);
  b.Publish(Counting(0, 64), "", 64);
  EXPECT_EQ(cache->num_free(), 4);
  a.Release();
  EXPECT_EQ(cache->num_kept(), 0);  // the other still uses them
}

TEST(PageTable, SharesWhatAnotherHasComputedMeanwhile) {
  const auto cache = std::move(KvCache::Create(kLayout, 8 * kPageBytes)).value();
  PageTable a(*cache), b(*cache);
  ASSERT_TRUE(b.Grow(100).ok());
  EXPECT_EQ(b.Share(Counting(0, 100), "", 0), 0);
  Compute(a, Counting(0, 100), "", 3.0f);
  EXPECT_EQ(cache->num_free(), 0);
  EXPECT_EQ(b.Share(Counting(0, 100), "", 16), 16);  // within a page
  EXPECT_EQ(b.Share(Counting(0, 100), "", 0), 96);
  EXPECT_EQ(cache->num_free(), 3);
  EXPECT_EQ(b.num_pages(), 4);
}

}  // namespace
}  // namespace parvis::runtime
