#include "parvis/data/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include "parvis/core/file.h"
#include "parvis/core/json.h"
#include "parvis/core/random.h"
#include "parvis/core/sha256.h"
#include "parvis/data/near_duplicates.h"
#include "parvis/text/lower_case.h"
#include "tests/scratch_test.h"

namespace parvis::data {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const char* const kWords[] = {"river",   "garden", "mountain", "letter",  "window",
                              "winter",  "summer", "doctor",   "village", "bridge",
                              "teacher", "silver", "yellow",   "morning"};

// A text of words drawn by a seed, of which every `edit`-th is another.
std::string Text(uint64_t seed, int words, int edit = 0) {
  Random random(seed), other(seed + 1000);
  std::string text = "The story of";
  for (int i = 0; i < words; ++i) {
    uint64_t word = random.Below(std::size(kWords));
    if (edit > 0 && i % edit == edit - 1) word = (word + 1 + other.Below(5)) % std::size(kWords);
    text += std::string(i % 9 == 8 ? " and the " : " ") + kWords[word];
  }
  return text + ".";
}

class BuildTest : public ScratchTest {
 protected:
  Result<CorpusReport> Build(const std::string& toml, int threads = 2) {
    PARVIS_ASSIGN_OR_RETURN(const CorpusRecipe recipe,
                            ParseCorpusRecipe(toml, folder_ + "/c.toml"));
    ThreadPool pool(threads);
    return BuildCorpus(recipe, pool, {.date = "2026-11-25"});
  }
  std::vector<Json> Rows(const std::string& name) {
    std::vector<Json> rows;
    const std::string text = ReadFile(folder_ + "/" + name).value();
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      rows.push_back(ParseJson(std::string_view(text).substr(at, end - at)).value());
      at = end + 1;
    }
    return rows;
  }
};

constexpr const char* kRecipe = R"(
[corpus]
name = "mine"
out = "out"
[[source]]
name = "rows"
path = "rows.jsonl"
licence = "CC0-1.0"
author = "Nobody"
consent = "given in writing"
[personal]
all = "mask"
[split]
heldout = 0.2
test = 0.2
)";

TEST_F(BuildTest, EveryDocumentKeepsItsStory) {
  const std::string one = Text(1, 80);
  Json rows = {{{"id", "first"}, {"text", one}},
               {{"id", "same"}, {"text", "  " + one + "\r\n"}},
               {{"id", "near"}, {"text", Text(1, 80) + " The end."}},
               {{"id", "mail"}, {"text", Text(2, 80) + " Write to a@b.org."}, {"license", "MIT"}},
               {{"id", "none"}, {"text", ""}},
               {{"id", "word"}, {"text", "one"}},
               {{"id", "first"}, {"text", Text(9, 80)}}};
  std::string lines;
  for (const Json& row : rows) lines += row.dump() + "\n";
  Write("rows.jsonl", lines);
  const auto report = Build(kRecipe);
  ASSERT_TRUE(report.ok()) << report.status().message();
  std::map<std::string, Json> by_place;
  for (const Json& row : Rows("out/documents.jsonl")) {
    const std::string place = row["place"];
    by_place[place.substr(place.rfind(':') + 1)] = row;
  }
  ASSERT_EQ(by_place.size(), 7u);
  EXPECT_EQ(by_place["1"]["id"], "rows/first");
  EXPECT_EQ(by_place["1"]["licence"], "CC0-1.0");
  EXPECT_EQ(by_place["1"]["author"], "Nobody");
  EXPECT_EQ(by_place["1"]["consent"], "given in writing");
  EXPECT_EQ(by_place["1"]["sha256"], Sha256Hex(one));
  EXPECT_EQ(by_place["1"]["language"], "en");
  EXPECT_TRUE(by_place["1"].contains("split"));
  EXPECT_EQ(by_place["2"]["dropped"], "exact_duplicate");
  EXPECT_EQ(by_place["2"]["resembles"], "rows/first");
  EXPECT_EQ(by_place["3"]["dropped"], "near_duplicate");
  EXPECT_GT(by_place["3"]["similarity"].get<double>(), 0.8);
  EXPECT_EQ(by_place["4"]["licence"], "MIT");
  EXPECT_EQ(by_place["4"]["changes"], Json({"masked"}));
  EXPECT_EQ(by_place["4"]["personal"], Json({{"email", 1}}));
  EXPECT_EQ(by_place["5"]["dropped"], "empty");
  EXPECT_EQ(by_place["6"]["dropped"], "quality:too_few_words");
  EXPECT_EQ(by_place["7"]["dropped"], "same_id");
  std::string all;
  for (const char* file :
       {"out/text/train.jsonl", "out/text/heldout.jsonl", "out/test/test.jsonl"}) {
    all += ReadFile(folder_ + "/" + file).value();
  }
  EXPECT_THAT(all, HasSubstr("Write to [EMAIL]."));
  EXPECT_THAT(all, testing::Not(HasSubstr("a@b.org")));
  EXPECT_EQ(report->kept.documents, 2);
  const Json croissant = ParseJson(ReadFile(folder_ + "/out/croissant.json").value()).value();
  EXPECT_EQ(croissant["conformsTo"][0], "http://mlcommons.org/croissant/1.1");
  for (const Json& file : croissant["distribution"]) {
    EXPECT_EQ(file["sha256"],
              Sha256HexOfFile(folder_ + "/out/" + file["contentUrl"].get<std::string>()).value());
  }
}

TEST_F(BuildTest, StrikesAndKeepsSidesWithAnyNumberOfThreads) {
  std::string lines;
  for (int i = 0; i < 400; ++i) {
    // Each text twice, the second time with a word in fifty changed.
    const Json row = {{"id", std::to_string(i)}, {"text", Text(i / 2, 150, i % 2 == 0 ? 0 : 50)}};
    lines += row.dump() + "\n";
  }
  Write("rows.jsonl", lines);
  Write("struck.txt", "# on request\nrows/10\n rows/11 \nrows/unknown\n");
  const std::string kept = std::string(kRecipe) + "[duplicates]\nnear = false\n";
  ASSERT_TRUE(Build(kept, 1).ok());
  std::map<std::string, std::string> side;
  for (const Json& row : Rows("out/documents.jsonl")) side[row["id"]] = row.value("split", "");
  int sides[3] = {};
  for (int i = 0; i < 400; i += 2) {
    const std::string a = side["rows/" + std::to_string(i)];
    EXPECT_EQ(a, side["rows/" + std::to_string(i + 1)]) << i;
    ++sides[a == "train" ? 0 : a == "heldout" ? 1 : 2];
  }
  EXPECT_GT(sides[0], 80);
  EXPECT_GT(sides[1], 15);
  EXPECT_GT(sides[2], 15);
  const std::string before = ReadFile(folder_ + "/out/documents.jsonl").value();
  const std::string train = ReadFile(folder_ + "/out/text/train.jsonl").value();
  ASSERT_TRUE(Build(kept, 3).ok());
  EXPECT_EQ(ReadFile(folder_ + "/out/documents.jsonl").value(), before);
  EXPECT_EQ(ReadFile(folder_ + "/out/text/train.jsonl").value(), train);

  std::string struck = kept;
  struck.replace(struck.find("out = "), 0, "strike = [\"struck.txt\"]\n");
  const auto report = Build(struck);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->struck, 2);
  EXPECT_EQ(report->unknown_strikes, std::vector<std::string>{"rows/unknown"});
  for (const Json& row : Rows("out/documents.jsonl")) {
    const std::string id = row["id"];
    if (id == "rows/10" || id == "rows/11") {
      EXPECT_EQ(row["dropped"], "struck");
      EXPECT_FALSE(row.contains("author"));
    } else {
      EXPECT_EQ(row.value("split", ""), side[id]);  // nobody else moved
    }
  }
}

TEST_F(BuildTest, AGroupIsOnOneSide) {
  std::string jsonl, csv = "id,text,group\n";
  for (int i = 0; i < 300; ++i) {
    const std::string group = "book " + std::to_string(i / 6);
    const Json row = {{"id", "a" + std::to_string(i)}, {"text", Text(i, 80)}, {"group", group}};
    jsonl += row.dump() + "\n";
    csv += "b" + std::to_string(i) + "," + Text(i + 1000, 80) + "," + group + "\n";
  }
  Write("rows.jsonl", jsonl);
  Write("rows.csv", csv);
  const auto report =
      Build(std::string(kRecipe) + "[[source]]\nname = \"more\"\npath = \"rows.csv\"\n");
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->kept.documents, 600);
  std::map<std::string, std::set<std::string>> sides;
  std::map<std::string, int> groups;
  for (const Json& row : Rows("out/documents.jsonl")) sides[row["group"]].insert(row["split"]);
  ASSERT_EQ(sides.size(), 50u);
  for (const auto& [group, splits] : sides) {
    EXPECT_EQ(splits.size(), 1u) << group;
    ++groups[*splits.begin()];
  }
  EXPECT_GT(groups["train"], 15);
  EXPECT_GT(groups["heldout"], 3);
  EXPECT_GT(groups["test"], 3);
}

TEST_F(BuildTest, AFullDiskLeavesWhatWasThere) {
  std::string lines;
  for (int i = 0; i < 200; ++i) {
    lines += Json({{"text", Text(i, 4000)}}).dump() + "\n";
  }
  Write("rows.jsonl", lines);
  Write("few.jsonl", Json({{"text", Text(1, 50)}}).dump() + "\n");
  std::string few = kRecipe;
  few.replace(few.find("rows.jsonl"), 10, "few.jsonl");
  ASSERT_TRUE(Build(few).ok());
  const std::string before = ReadFile(folder_ + "/out/documents.jsonl").value();
  struct rlimit old;
  getrlimit(RLIMIT_FSIZE, &old);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small = {1 << 20, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const auto report = Build(kRecipe);
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.status().code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(report.status().message(), HasSubstr("cannot write"));
  EXPECT_EQ(ReadFile(folder_ + "/out/documents.jsonl").value(), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 3);  // no temporary is left
}

TEST_F(BuildTest, RefusesRecipesByTheirPlace) {
  Write("rows.jsonl", "{\"text\": \"a\"}\n");
  const auto refusal = [&](const std::string& toml) {
    const auto report = Build(toml);
    return report.ok() ? "" : report.status().message();
  };
  EXPECT_THAT(refusal("[corpus]\n"), HasSubstr("no [[source]]"));
  EXPECT_THAT(refusal("[[source]]\npath = \"none\"\n"), HasSubstr("c.toml:2: [source] path"));
  EXPECT_THAT(refusal("[[source]]\npath = \"rows.jsonl\"\nlicense = \"x\"\n"),
              HasSubstr("c.toml:3: [source] license: unknown key; did you mean licence?"));
  EXPECT_THAT(refusal("[[source]]\npath = \"rows.jsonl\"\n[personal]\nemail = \"hide\"\n"),
              HasSubstr("none of: ignore, report, mask, drop"));
  EXPECT_THAT(refusal("[[source]]\npath = \"rows.jsonl\"\n[split]\ntest = 2\n"),
              HasSubstr("[split] test: 2"));
  // A document of one word is no data set.
  EXPECT_THAT(refusal("[[source]]\npath = \"rows.jsonl\"\n"),
              HasSubstr("none is kept (quality:too_few_words: 1)"));
  // A folder of somebody's is not replaced.
  fs::create_directories(folder_ + "/taken");
  Write("taken/letter.txt", "dear");
  EXPECT_THAT(refusal("[corpus]\nout = \"taken\"\n[[source]]\npath = \"rows.jsonl\"\n"),
              HasSubstr("no data set"));
  EXPECT_TRUE(fs::exists(folder_ + "/taken/letter.txt"));
}

// Rows are read on all threads: the first that is wrong is named, and nothing is written.
TEST_F(BuildTest, NamesTheFirstRowThatIsWrong) {
  std::string rows;
  for (int i = 1; i <= 200; ++i) {
    rows += i % 70 == 0 ? "{\"text\": 5}\n" : Json({{"text", Text(i, 40)}}).dump() + "\n";
  }
  Write("rows.jsonl", rows);
  const std::string recipe = "[corpus]\nout = \"out\"\n[[source]]\npath = \"rows.jsonl\"\n";
  for (const int threads : {1, 4}) {
    EXPECT_THAT(Build(recipe, threads).status().message(),
                HasSubstr("rows.jsonl:70: no text \"text\" in this row"));
    EXPECT_FALSE(fs::exists(folder_ + "/out"));
  }
}

// MinHash and its tables against all pairs' exact similarity.
TEST(NearDuplicates, FindsWhatAllPairsWould) {
  std::vector<std::vector<uint32_t>> shingles;
  for (int i = 0; i < 300; ++i) {
    shingles.push_back(ShinglesOf(text::LowerCase(Text(i / 3, 300,
                                                       i % 3 == 0   ? 0
                                                       : i % 3 == 1 ? 60
                                                                    : 25))));
  }
  NearDuplicates index;
  int wanted = 0, found = 0, wrong = 0;
  for (size_t i = 0; i < shingles.size(); ++i) {
    const MinHash hashes = MinHashOf(shingles[i]);
    double best = 0;
    for (size_t j = 0; j < i; ++j) best = std::max(best, Jaccard(shingles[i], shingles[j]));
    const auto match = index.Find(hashes, 0.8);
    // The estimate has a standard error of 0.036: what is that near to the threshold may fall on
    // either side.
    if (best >= 0.85) ++wanted, found += match.has_value();
    if (best < 0.7) wrong += match.has_value();
    if (match) {
      EXPECT_NEAR(Jaccard(shingles[i], shingles[match->document]), match->similarity, 0.15);
    }
    index.Add(i, hashes);
  }
  EXPECT_GE(wanted, 50);
  EXPECT_GE(found, wanted - 1);
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace parvis::data
