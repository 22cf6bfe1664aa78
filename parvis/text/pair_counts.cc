#include "parvis/text/pair_counts.h"

#include <algorithm>

namespace parvis::text {
namespace {

uint64_t KeyOf(const PairCounts::Pair& pair) {
  return static_cast<uint64_t>(static_cast<uint32_t>(pair.first)) << 32 |
         static_cast<uint32_t>(pair.second);
}

}  // namespace

PairCounts::PairCounts(std::vector<CountedWord> words) : words_(std::move(words)) {
  for (uint32_t w = 0; w < words_.size(); ++w) {
    const CountedWord& word = words_[w];
    for (size_t i = 0; i + 1 < word.ids.size(); ++i) {
      Change({word.ids[i], word.ids[i + 1]}, word.count, w);
    }
  }
  for (const auto& [key, entry] : entries_) {
    queue_.push({entry.count, {static_cast<TokenId>(key >> 32), static_cast<TokenId>(key)}});
  }
}

PairCounts::Candidate PairCounts::Best() {
  while (!queue_.empty()) {
    const Candidate top = queue_.top();
    queue_.pop();
    const int64_t now = entries_[KeyOf(top.pair)].count;
    if (now == top.count) return top;
    if (now > 0) queue_.push({now, top.pair});  // it has become rarer since
  }
  return {0, {0, 0}};
}

void PairCounts::Merge(const Pair& pair, TokenId merged) {
  std::vector<uint32_t> where = std::move(entries_[KeyOf(pair)].words);
  entries_.erase(KeyOf(pair));
  std::sort(where.begin(), where.end());
  where.erase(std::unique(where.begin(), where.end()), where.end());
  std::vector<Pair> grown;
  for (const uint32_t w : where) MergeInWord(w, pair, merged, grown);
  std::sort(grown.begin(), grown.end());
  grown.erase(std::unique(grown.begin(), grown.end()), grown.end());
  for (const Pair& p : grown) {
    if (const int64_t count = entries_[KeyOf(p)].count; count > 0) queue_.push({count, p});
  }
}

void PairCounts::Change(const Pair& pair, int64_t by, uint32_t word) {
  Entry& entry = entries_[KeyOf(pair)];
  entry.count += by;
  if (by > 0 && (entry.words.empty() || entry.words.back() != word)) entry.words.push_back(word);
}

void PairCounts::MergeInWord(uint32_t w, const Pair& pair, TokenId merged,
                             std::vector<Pair>& grown) {
  CountedWord& word = words_[w];
  std::vector<TokenId>& ids = word.ids;
  size_t kept = 0;
  for (size_t i = 0; i < ids.size();) {
    if (i + 1 >= ids.size() || ids[i] != pair.first || ids[i + 1] != pair.second) {
      ids[kept++] = ids[i++];
      continue;
    }
    if (kept > 0) {
      Change({ids[kept - 1], ids[i]}, -word.count, w);
      Change({ids[kept - 1], merged}, word.count, w);
      grown.emplace_back(ids[kept - 1], merged);
    }
    if (i + 2 < ids.size()) {
      Change({ids[i + 1], ids[i + 2]}, -word.count, w);
      Change({merged, ids[i + 2]}, word.count, w);
      grown.emplace_back(merged, ids[i + 2]);
    }
    ids[kept++] = merged;
    i += 2;
  }
  ids.resize(kept);
}

}  // namespace parvis::text
