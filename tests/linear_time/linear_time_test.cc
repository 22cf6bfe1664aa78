// A text four times as long asks for little more than four times the work: of each tokeniser of
// tests/golden, for runs of one character and for texts that are made to be awkward. The work is
// counted (work_counter.h), so a busy machine changes nothing.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "parvis/core/file.h"
#include "parvis/text/sentences.h"
#include "parvis/text/tokenizer.h"
#include "parvis/text/unwrap.h"
#include "tests/linear_time/work_counter.h"

namespace parvis::text {
namespace {

constexpr size_t kShort = size_t{1} << 14, kLong = 4 * kShort;

// What is repeated, and what stands once before and after.
struct Text {
  std::string name, unit, before, after;

  std::string OfSize(size_t size) const {
    std::string text = before;
    while (text.size() < size) text += unit;
    return text + after;
  }
};

const std::vector<Text>& Texts() {
  static const std::vector<Text> texts = {
      // one character
      {"a", "a"},
      {"capital", "A"},
      {"space", " "},
      {"newline", "\n"},
      {"tab", "\t"},
      {"digit", "1"},
      {"full stop", "."},
      {"hash", "#"},
      {"apostrophe", "'"},
      {"control", "\x01"},
      {"zero", std::string(1, '\0')},
      {"e acute", "é"},
      {"combining mark", "\u0301"},
      {"lower mark", "\u0323"},
      {"enclosing mark", "\u20DD"},
      {"chinese", "中"},
      {"hangul", "가"},
      {"jamo", "\u1100"},
      {"arabic ligature", "ﷺ"},
      {"emoji", "😀"},
      {"flag letter", "\U0001F1E6"},
      {"joiner", "\u200D"},
      {"dotted I", "İ"},
      {"escaped space", "▁"},
      {"wide space", "\u3000"},
      {"broken byte", "\xFF"},
      {"broken beginning", "\xF0\x9F"},
      // what could be looked at again and again
      {"spaces before a word", " ", "", "a"},
      {"newlines before a word", "\n", "", "a"},
      {"newlines and spaces", "\n ", "", "a"},
      {"full stops before a word", ".", "", "a"},
      {"marks in two orders", "\u0301\u0323", "a"},
      {"marks on one letter", "\u0301", "a", "b"},
      {"words", "ab "},
      {"words and newlines", "ab\n"},
      {"two letters", "ab"},
      {"three letters", "aab"},
      {"letters after an apostrophe", "'r"},
      {"joined emoji", "👩\u200D"},
      {"half a special token", "<|"},
      {"half a control token", "</s"},
      {"special token", "</s>"},
      {"byte token", "<0x0A>"},
      {"continuation", "##a"},
      {"escaped words", "▁a"},
  };
  return texts;
}

template <class Do>
uint64_t WorkOf(const Do& action) {
  const uint64_t before = WorkDone();
  action();
  return WorkDone() - before;
}

// n log n is allowed: 4 × 17 / 15, and a little for buffers that double.
void ExpectLinear(uint64_t few, uint64_t many, const std::string& what) {
  EXPECT_GT(few, kShort / 32) << what << ": nothing was counted";
  EXPECT_LE(static_cast<double>(many), 4.8 * static_cast<double>(few)) << what;
}

std::vector<std::string> Tokenizers() {
  std::vector<std::string> names;
  const std::string folder = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/tokenizers";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_directory()) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::unique_ptr<Tokenizer> Open(const std::string& name) {
  const std::string folder = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/tokenizers/" + name;
  if (auto json = ReadFile(folder + "/tokenizer.json"); json.ok()) {
    return std::move(ReadTokenizerJson(*json)).value();
  }
  return std::move(ReadSentencePieceModel(ReadFile(folder + "/tokenizer.model").value())).value();
}

class EveryTokenizer : public testing::TestWithParam<std::string> {};

TEST_P(EveryTokenizer, WorksInLinearTime) {
  const auto tokenizer = Open(GetParam());
  for (const Text& text : Texts()) {
    const std::string few = text.OfSize(kShort), many = text.OfSize(kLong);
    Encoded encoded;
    const auto encode = [&](const std::string& input) {
      return WorkOf(
          [&] { encoded = tokenizer->Encode(input, {.parse_special = true, .offsets = true}); });
    };
    const uint64_t work = encode(few);
    const uint64_t decoding = WorkOf([&] { (void)tokenizer->Decode(encoded.ids); });
    ExpectLinear(work, encode(many), text.name);
    const uint64_t decoding_many = WorkOf([&] { (void)tokenizer->Decode(encoded.ids); });
    EXPECT_LE(decoding_many, 5 * decoding + 10'000) << text.name << ", decoded";
  }
}

INSTANTIATE_TEST_SUITE_P(LinearTime, EveryTokenizer, testing::ValuesIn(Tokenizers()),
                         [](const auto& info) { return info.param; });

TEST(LinearTime, SentencesAreFoundInLinearTime) {
  for (const Text& text : Texts()) {
    const auto work = [&](size_t size) {
      const std::string input = text.OfSize(size);
      return WorkOf([&] { (void)Sentences(Unwrapped(input)); });
    };
    ExpectLinear(work(kShort), work(kLong), text.name);
  }
}

// As `translate` and `summarize` do: what fits is asked of a counted tokeniser.
TEST(LinearTime, TextsArePackedInLinearTime) {
  const auto tokenizer = Open("gpt2_style");
  for (const Text& text : Texts()) {
    const auto work = [&](size_t size) {
      const std::string input = text.OfSize(size);
      return WorkOf([&] {
        (void)PackSentences(input, Together::kAll, [&](std::string_view part) {
          return tokenizer->Encode(part).ids.size() <= 100;
        });
      });
    };
    ExpectLinear(work(kShort / 2), work(kLong / 2), text.name);
  }
}

}  // namespace
}  // namespace parvis::text
