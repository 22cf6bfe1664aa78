#include "parvis/runtime/stop.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/random.h"

namespace parvis::runtime {
namespace {

struct Outcome {
  std::string text;
  bool stopped;
  std::string by = {};  // the stop string
  bool operator==(const Outcome&) const = default;
};

// What the header promises, by looking at every end: the first end of a stop string, the longest
// one.
Outcome Naive(const std::string& text, const std::vector<std::string>& stops) {
  for (size_t end = 1; end <= text.size(); ++end) {
    std::string longest;
    for (const std::string& stop : stops) {
      const bool ends = text.substr(0, end).ends_with(stop);
      if (ends && stop.size() > longest.size()) longest = stop;
    }
    if (!longest.empty()) return {text.substr(0, end - longest.size()), true, longest};
  }
  return {text, false};
}

Outcome Stream(const std::vector<std::string>& pieces, const std::vector<std::string>& stops) {
  StopFilter filter(stops);
  Outcome outcome{"", false};
  for (const std::string& piece : pieces) outcome.text += filter.Add(piece);
  outcome.stopped = filter.stopped();
  outcome.by = filter.stopped_by();
  outcome.text += filter.Finish();
  return outcome;
}

TEST(StopFilter, HoldsBackWhatMayBeginAStopString) {
  StopFilter filter({"\n\nUser:"});
  EXPECT_EQ(filter.Add("Hello"), "Hello");
  EXPECT_EQ(filter.Add("!\n"), "!");
  EXPECT_EQ(filter.Add("\nUse"), "");
  EXPECT_EQ(filter.Add("d\n"), "\n\nUsed");  // it was not one; the new line is held in turn
  EXPECT_EQ(filter.Add("\nUser: more"), "");
  EXPECT_TRUE(filter.stopped());
  EXPECT_EQ(filter.Add("after"), "");
  EXPECT_EQ(filter.Finish(), "");
}

TEST(StopFilter, GivesBackWhatWasHeldAtTheEnd) {
  StopFilter filter({"END"});
  EXPECT_EQ(filter.Add("the EN"), "the ");
  EXPECT_EQ(filter.Finish(), "EN");
  EXPECT_FALSE(filter.stopped());
}

TEST(StopFilter, WithoutStopStringsEverythingPasses) {
  EXPECT_EQ(Stream({"a", "bc", ""}, {}), (Outcome{"abc", false}));
}

TEST(StopFilter, TheFirstCompleteOneEndsTheText) {
  EXPECT_EQ(Stream({"abcde"}, {"abcde", "cd"}), (Outcome{"ab", true, "cd"}));
  EXPECT_EQ(Stream({"xabc"}, {"bc", "abc"}), (Outcome{"x", true, "abc"}));
}

TEST(StopFilter, KeepsCharactersWhole) {
  // é and è share their first byte.
  StopFilter filter({"é!"});
  EXPECT_EQ(filter.Add("caf"), "caf");
  EXPECT_EQ(filter.Add("è"), "è");
  EXPECT_EQ(filter.Add("é"), "");
  EXPECT_EQ(filter.Add("é"), "é");
  EXPECT_EQ(filter.Add("!"), "");
  EXPECT_TRUE(filter.stopped());
}

TEST(StopFilter, AgreesWithTheDefinitionHoweverTheTextIsCut) {
  Random random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (uint64_t i = random.Below(24); i > 0; --i)
      text += static_cast<char>('a' + random.Below(2));
    std::vector<std::string> stops;
    for (uint64_t i = random.Below(4); i > 0; --i) {
      std::string stop;
      for (uint64_t j = 1 + random.Below(6); j > 0; --j) {
        stop += static_cast<char>('a' + random.Below(2));
      }
      stops.push_back(stop);
    }
    std::vector<std::string> pieces;
    for (size_t at = 0; at < text.size();) {
      const size_t size = 1 + random.Below(5);
      pieces.push_back(text.substr(at, size));
      at += size;
    }
    ASSERT_EQ(Stream(pieces, stops), Naive(text, stops)) << text;
  }
}

TEST(StopFilter, RefusesWhatIsOverTheLimits) {
  EXPECT_FALSE(StopFilter::Validate({""}).ok());
  EXPECT_FALSE(StopFilter::Validate({std::string(1025, 'x')}).ok());
  EXPECT_FALSE(StopFilter::Validate(std::vector<std::string>(17, "x")).ok());
  EXPECT_TRUE(StopFilter::Validate(std::vector<std::string>(16, std::string(1024, 'x'))).ok());
}

}  // namespace
}  // namespace parvis::runtime
