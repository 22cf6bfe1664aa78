#include "parvis/text/merge_list.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace parvis::text {
namespace {

using Table = std::map<std::pair<TokenId, TokenId>, Merge>;

std::vector<Symbol> SymbolsOf(const std::vector<TokenId>& ids) {
  std::vector<Symbol> symbols;
  for (uint32_t i = 0; i < ids.size(); ++i) symbols.push_back({ids[i], i, i + 1});
  return symbols;
}

Merge Look(const Table& table, const Symbol& a, const Symbol& b) {
  const auto found = table.find({a.id, b.id});
  return found == table.end() ? Merge{} : found->second;
}

// The definition, word for word.
void MergeNaively(std::vector<Symbol>& symbols, const Table& table) {
  while (true) {
    size_t best = 0;
    Merge merge;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const Merge found = Look(table, symbols[i], symbols[i + 1]);
      if (found.rank < merge.rank) best = i, merge = found;
    }
    if (merge.rank == Merge::kNever) return;
    symbols[best].id = merge.id;
    symbols[best].end = symbols[best + 1].end;
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
}

// A few letters and random merges among them and their merges.
Table RandomTable(std::mt19937& random, TokenId letters, int merges) {
  Table table;
  TokenId next = letters;
  for (int rank = 0; rank < merges; ++rank) {
    const auto draw = [&] { return static_cast<TokenId>(random() % static_cast<uint32_t>(next)); };
    const std::pair<TokenId, TokenId> pair = {draw(), draw()};
    if (table.emplace(pair, Merge{static_cast<uint32_t>(rank), next}).second) ++next;
  }
  return table;
}

TEST(MergeList, AgreesWithTheDefinitionOnRandomPiecesOfAllLengths) {
  std::mt19937 random(1);
  for (int round = 0; round < 400; ++round) {
    const Table table = RandomTable(random, 3, 25);
    std::vector<TokenId> ids(random() % 120);
    for (TokenId& id : ids) id = static_cast<TokenId>(random() % 3);
    std::vector<Symbol> got = SymbolsOf(ids), expected = got;
    MergeAll(got, [&](const Symbol& a, const Symbol& b) { return Look(table, a, b); });
    MergeNaively(expected, table);
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i].id, expected[i].id);
      ASSERT_EQ(got[i].begin, expected[i].begin);
      ASSERT_EQ(got[i].end, expected[i].end);
    }
  }
}

TEST(MergeList, WorkGrowsLinearlyWithTheLengthOfARun) {
  // a a -> 1, 1 1 -> 2 … : a run merges as often as anything can.
  const auto questions = [](uint32_t length) {
    std::vector<Symbol> symbols = SymbolsOf(std::vector<TokenId>(length, 0));
    uint64_t asked = 0;
    MergeAll(symbols, [&](const Symbol& a, const Symbol& b) {
      ++asked;
      return a.id == b.id ? Merge{static_cast<uint32_t>(a.id), a.id + 1} : Merge{};
    });
    EXPECT_EQ(symbols.size(), 1u);
    return asked;
  };
  EXPECT_LE(questions(1 << 20), uint64_t{3} << 20);
  EXPECT_LE(questions(1 << 16), uint64_t{3} << 16);
  EXPECT_LE(questions(16), uint64_t{3} * 16);
}

}  // namespace
}  // namespace parvis::text
