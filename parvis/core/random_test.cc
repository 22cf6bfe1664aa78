#include "parvis/core/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace parvis {
namespace {

TEST(Random, StreamsOfOneSeedShareNothing) {
  std::set<uint64_t> words;
  for (uint64_t seed = 0; seed < 4; ++seed) {
    for (uint64_t stream = 0; stream < 100; ++stream) {
      const Random::State state = Random(seed, stream).state();
      words.insert(state.begin(), state.end());
    }
  }
  EXPECT_EQ(words.size(), 4u * 100 * 4);
}

TEST(Random, ContinuesFromASavedState) {
  Random random(5, 3);
  for (int i = 0; i < 10; ++i) random.Next();
  Random other(0);
  other.set_state(random.state());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(other.Next(), random.Next());
}

TEST(Random, HasTheMomentsThatItShould) {
  Random random(1);
  double uniform = 0, normal = 0, square = 0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    uniform += random.Uniform();
    const double x = random.Normal();
    normal += x;
    square += x * x;
    ASSERT_LT(random.Below(7), 7u);
  }
  // Five standard errors each.
  EXPECT_NEAR(uniform / kDraws, 0.5, 5 * 0.289 / std::sqrt(kDraws));
  EXPECT_NEAR(normal / kDraws, 0.0, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(square / kDraws, 1.0, 5 * 1.414 / std::sqrt(kDraws));
}

}  // namespace
}  // namespace parvis
