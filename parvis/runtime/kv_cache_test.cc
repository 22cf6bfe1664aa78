#include "parvis/runtime/kv_cache.h"

#include <algorithm>
#include <memory>
#include <set>

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

}  // namespace
}  // namespace parvis::runtime
