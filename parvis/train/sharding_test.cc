#include "parvis/train/sharding.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/train/collectives.h"
#include "tests/thread_world.h"

namespace parvis::train {
namespace {

using testing::ElementsAre;

std::vector<ops::Parameter> Parameters() {
  std::vector<ops::Parameter> all;
  const auto add = [&all](const char* name, Shape shape) {
    ops::Parameter& parameter = all.emplace_back();
    parameter.name = name;
    parameter.shape = std::move(shape);
  };
  add("embedding.weight", {300, 16});
  add("encoder.0.feed_forward.up.weight", {100, 16});
  add("encoder.final_norm.weight", {16});
  for (const char* name :
       {"0.attention.q.weight", "1.attention.q.weight", "11.feed_forward.up.weight"}) {
    add(name, {90, 16});
  }
  add("final_norm.weight", {16});
  add("lm_head.weight", {301, 16});
  return all;
}

std::vector<ops::Parameter*> Pointers(std::vector<ops::Parameter>& parameters) {
  std::vector<ops::Parameter*> pointers;
  for (ops::Parameter& parameter : parameters) pointers.push_back(&parameter);
  return pointers;
}

TEST(Sharding, EveryElementHasOneOwner) {
  std::vector<ops::Parameter> parameters = Parameters();
  const auto learned = Pointers(parameters);
  int64_t all = 0;
  for (const ops::Parameter& parameter : parameters) all += NumElements(parameter.shape);
  for (const int size : {1, 2, 3, 7, 64, 200}) {
    std::vector<std::vector<int>> owners(parameters.size());
    for (size_t i = 0; i < parameters.size(); ++i) {
      owners[i].resize(static_cast<size_t>(NumElements(parameters[i].shape)));
    }
    int64_t most = 0;
    for (int rank = 0; rank < size; ++rank) {
      const Sharding sharding(learned, rank, size);
      most = std::max(most, TotalSize(sharding.own()));
      for (const Slice& slice : sharding.own()) {
        ASSERT_LT(slice.begin, slice.end);
        for (int64_t i = slice.begin; i < slice.end; ++i) ++owners[slice.parameter].at(i);
      }
      // All ranks see the same division.
      EXPECT_EQ(Sharding(learned, 0, size).SlicesOf(rank), sharding.own());
    }
    for (const std::vector<int>& counts : owners) {
      EXPECT_TRUE(std::all_of(counts.begin(), counts.end(), [](int n) { return n == 1; })) << size;
    }
    // Equal parts, but for what whole vectors of each bucket cost.
    const auto buckets = static_cast<int64_t>(Sharding(learned, 0, size).num_buckets());
    EXPECT_LE(most, all / size + 17 * (buckets + 1)) << size;
  }
}

TEST(Sharding, BucketsAreCompleteInTheOrderOfBackward) {
  std::vector<ops::Parameter> parameters = Parameters();
  const auto learned = Pointers(parameters);
  const Sharding sharding(learned, 1, 2);
  std::vector<size_t> complete;
  for (const char* mark : {"final", "11", "1", "0", "encoder.final", "encoder.0", ""}) {
    complete.push_back(sharding.CompleteAt(mark));
  }
  EXPECT_TRUE(std::is_sorted(complete.begin(), complete.end()));
  EXPECT_GT(complete.front(), 0u);
  EXPECT_EQ(complete.back(), sharding.num_buckets());
  EXPECT_LT(complete[5], complete[6]);  // the embedding comes last
  EXPECT_EQ(sharding.CompleteAt("17"), 0u);
  // What is said to be complete has no gradient that comes later.
  for (size_t bucket = 0; bucket < complete[1]; ++bucket) {
    for (const int rank : {0, 1}) {
      for (const Slice& slice : sharding.SlicesOf(bucket, rank)) {
        EXPECT_THAT(
            parameters[slice.parameter].name,
            testing::AnyOf("final_norm.weight", "lm_head.weight", "11.feed_forward.up.weight"));
      }
    }
  }
}

TEST(Sharding, AWorldOfOneKeepsTheParametersAsTheyAre) {
  std::vector<ops::Parameter> parameters = Parameters();
  const Sharding sharding(Pointers(parameters), 0, 1);
  ASSERT_EQ(sharding.own().size(), parameters.size());
  EXPECT_EQ(sharding.own()[1], (Slice{1, 0, 1600}));
  EXPECT_EQ(sharding.num_buckets(), 0u);
}

TEST(Collectives, GiveAllRanksTheSame) {
  for (const int size : {2, 3, 5}) {
    ThreadWorld world(size);
    world.Run([size](Communicator& rank) {
      const double mine = rank.rank() + 1.0;
      const std::vector<double> sums = SumNumbers(rank, {mine, 10.0 * mine});
      EXPECT_THAT(sums, ElementsAre(size * (size + 1) / 2.0, 5.0 * size * (size + 1)));
      const std::string text(static_cast<size_t>(rank.rank()), 'x');  // rank 0 has none
      const std::vector<std::string> texts = GatherTexts(rank, text);
      ASSERT_EQ(texts.size(), static_cast<size_t>(size));
      EXPECT_EQ(texts[0], "");
      EXPECT_EQ(texts[1], "x");
      EXPECT_EQ(*FromRoot(rank, "of " + std::to_string(rank.rank())), "of 0");
    });
  }
}

TEST(Collectives, AgreeOnTheFirstFailure) {
  ThreadWorld world(3);
  world.Run([](Communicator& rank) {
    EXPECT_TRUE(Agree(rank, Status()).ok());
    const Status mine = rank.rank() == 0 ? Status() : NotFound(std::to_string(rank.rank()));
    const Status all = Agree(rank, mine);
    EXPECT_EQ(all.code(), StatusCode::kNotFound);
    EXPECT_EQ(all.message(), "rank 1 on here: 1");
    EXPECT_EQ(Agree(rank, all).message(), all.message());  // once more changes nothing
    EXPECT_EQ(FromRoot(rank, rank.rank() == 0 ? Result<std::string>(NotFound("no file"))
                                              : Result<std::string>(std::string()))
                  .status()
                  .message(),
              "no file");
  });
}

TEST(Collectives, DoNothingInAWorldOfOne) {
  EXPECT_EQ(SumNumbers(Alone(), {3.5}), std::vector<double>{3.5});
  EXPECT_EQ(Agree(Alone(), NotFound("x")).message(), "x");
  EXPECT_EQ(*FromRoot(Alone(), std::string("y")), "y");
}

}  // namespace
}  // namespace parvis::train
