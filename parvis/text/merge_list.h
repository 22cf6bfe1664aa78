#ifndef PARVIS_TEXT_MERGE_LIST_H_
#define PARVIS_TEXT_MERGE_LIST_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "parvis/text/vocabulary.h"

namespace parvis::text {

// A part of a piece that is one token (or, in SentencePiece, one unknown character, id -1).
struct Symbol {
  TokenId id;
  uint32_t begin, end;  // bytes of the piece
};

// What two neighbours merge into, and when: the lowest rank first.
struct Merge {
  uint32_t rank = kNever;
  TokenId id = -1;

  static constexpr uint32_t kNever = UINT32_MAX;  // they do not merge
};

// Words: look at all pairs again after each merge. No memory but the stack's.
constexpr uint32_t kShort = 24;

template <typename FindMerge>
void MergeShort(std::vector<Symbol>& symbols, const FindMerge& find) {
  auto n = static_cast<uint32_t>(symbols.size());
  Merge merges[kShort];  // of symbol i with the next
  for (uint32_t i = 0; i + 1 < n; ++i) merges[i] = find(symbols[i], symbols[i + 1]);
  while (true) {
    uint32_t best = 0;
    for (uint32_t i = 1; i + 1 < n; ++i) {
      if (merges[i].rank < merges[best].rank) best = i;
    }
    if (n < 2 || merges[best].rank == Merge::kNever) break;
    symbols[best].id = merges[best].id;
    symbols[best].end = symbols[best + 1].end;
    --n;
    for (uint32_t i = best + 1; i < n; ++i) {
      symbols[i] = symbols[i + 1];
      merges[i] = merges[i + 1];
    }
    if (best > 0) merges[best - 1] = find(symbols[best - 1], symbols[best]);
    if (best + 1 < n) merges[best] = find(symbols[best], symbols[best + 1]);
  }
  symbols.resize(n);
}

// Anything longer: a queue of candidates over a linked list, O(n log n).
template <typename FindMerge>
void MergeLong(std::vector<Symbol>& symbols, const FindMerge& find) {
  constexpr uint32_t kNone = UINT32_MAX;
  const auto n = static_cast<uint32_t>(symbols.size());
  struct Link {
    uint32_t previous, next;
    bool merged_away;
  };
  // A candidate is stale unless its left symbol and the next one still end at `end`: whichever of
  // the two has grown since, the end of the pair has moved.
  struct Candidate {
    uint64_t order;  // rank, then position: of equals the leftmost goes first
    uint32_t end;
    TokenId id;
    bool operator<(const Candidate& other) const { return order > other.order; }
  };
  std::vector<Link> links(n);
  for (uint32_t i = 0; i < n; ++i) {
    links[i] = {i == 0 ? kNone : i - 1, i + 1 < n ? i + 1 : kNone, false};
  }
  std::vector<Candidate> queue;  // a heap
  const auto consider = [&](uint32_t left) {
    if (left == kNone || links[left].next == kNone) return false;
    const Symbol& right = symbols[links[left].next];
    const Merge merge = find(symbols[left], right);
    if (merge.rank == Merge::kNever) return false;
    queue.push_back({static_cast<uint64_t>(merge.rank) << 32 | left, right.end, merge.id});
    return true;
  };
  for (uint32_t i = 0; i + 1 < n; ++i) consider(i);
  std::make_heap(queue.begin(), queue.end());

  while (!queue.empty()) {
    const Candidate best = queue.front();
    std::pop_heap(queue.begin(), queue.end());
    queue.pop_back();
    const auto at = static_cast<uint32_t>(best.order);
    Link& left = links[at];
    if (left.merged_away || left.next == kNone || symbols[left.next].end != best.end) continue;
    Link& right = links[left.next];
    symbols[at].id = best.id;
    symbols[at].end = best.end;
    right.merged_away = true;
    left.next = right.next;
    if (left.next != kNone) links[left.next].previous = at;
    if (consider(left.previous)) std::push_heap(queue.begin(), queue.end());
    if (consider(at)) std::push_heap(queue.begin(), queue.end());
  }
  size_t kept = 0;
  for (uint32_t i = 0; i != kNone; i = links[i].next) symbols[kept++] = symbols[i];
  symbols.resize(kept);
}

// Merges neighbours, always the pair with the lowest rank first and of equals the leftmost, until
// none can be merged: the definition of byte-pair encoding.
//
// `find(left, right)` gives the Merge of two neighbours. It is asked O(n) times (in words of up to
// kShort symbols, too: at most twice for each merge).
template <typename FindMerge>
void MergeAll(std::vector<Symbol>& symbols, const FindMerge& find) {
  if (symbols.size() < 2) return;
  if (symbols.size() <= kShort) {
    MergeShort(symbols, find);
  } else {
    MergeLong(symbols, find);
  }
}

}  // namespace parvis::text

#endif  // PARVIS_TEXT_MERGE_LIST_H_
