#ifndef PARVIS_TEXT_MERGE_LIST_H_
#define PARVIS_TEXT_MERGE_LIST_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "parvis/text/tokenizer.h"

namespace parvis::text {

// A part of a piece that is one token (or, in SentencePiece, one unknown character, id -1).
struct Symbol {
  TokenId id;
  uint32_t begin, end;  // bytes of the piece
};

struct Merge {
  double rank;
  TokenId id;
};

// Words: look at all pairs again after each merge. No memory but the stack's.
constexpr uint32_t kShort = 24;

template <typename Rank>
void MergeShort(std::vector<Symbol>& symbols, const Rank& rank) {
  auto n = static_cast<uint32_t>(symbols.size());
  std::optional<Merge> merges[kShort];  // of symbol i with the next
  for (uint32_t i = 0; i + 1 < n; ++i) merges[i] = rank(symbols[i], symbols[i + 1]);
  while (true) {
    uint32_t best = n;
    for (uint32_t i = 0; i + 1 < n; ++i) {
      if (merges[i] && (best == n || merges[i]->rank < merges[best]->rank)) best = i;
    }
    if (best == n) break;
    symbols[best].id = merges[best]->id;
    symbols[best].end = symbols[best + 1].end;
    --n;
    for (uint32_t i = best + 1; i < n; ++i) {
      symbols[i] = symbols[i + 1];
      merges[i] = merges[i + 1];
    }
    if (best > 0) merges[best - 1] = rank(symbols[best - 1], symbols[best]);
    if (best + 1 < n) merges[best] = rank(symbols[best], symbols[best + 1]);
  }
  symbols.resize(n);
}

// Merges neighbours, always the best pair first and of equals the leftmost, until none can be
// merged: the definition of byte-pair encoding. O(n log n), by a queue over a linked list.
//
// `rank(left, right)` tells, for two neighbours, their pair's rank (lower is better) and the merged
// id, or nothing.
template <typename Rank>
void MergeAll(std::vector<Symbol>& symbols, const Rank& rank) {
  const auto n = static_cast<uint32_t>(symbols.size());
  if (n < 2) return;
  if (n <= kShort) {
    MergeShort(symbols, rank);
    return;
  }
  constexpr uint32_t kNone = UINT32_MAX;
  struct Link {
    uint32_t previous, next;
    uint32_t changes;  // a candidate made before the last change is stale
  };
  struct Candidate {
    double rank;
    uint32_t left, left_changes, right_changes;
    TokenId id;
    bool operator<(const Candidate& other) const {  // for a queue with the best on top
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };
  std::vector<Link> links(n);
  for (uint32_t i = 0; i < n; ++i)
    links[i] = {i == 0 ? kNone : i - 1, i + 1 < n ? i + 1 : kNone, 0};
  std::vector<Candidate> storage;
  storage.reserve(n);
  std::priority_queue<Candidate> queue(std::less<Candidate>(), std::move(storage));
  const auto consider = [&](uint32_t left) {
    if (left == kNone || links[left].next == kNone) return;
    const uint32_t right = links[left].next;
    if (const std::optional<Merge> merge = rank(symbols[left], symbols[right])) {
      queue.push({merge->rank, left, links[left].changes, links[right].changes, merge->id});
    }
  };
  for (uint32_t i = 0; i + 1 < n; ++i) consider(i);

  constexpr uint32_t kDead = UINT32_MAX;
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Link& left = links[best.left];
    if (left.changes != best.left_changes || left.next == kNone) continue;
    const uint32_t right = left.next;
    if (links[right].changes != best.right_changes) continue;
    symbols[best.left].id = best.id;
    symbols[best.left].end = symbols[right].end;
    ++left.changes;
    left.next = links[right].next;
    if (left.next != kNone) links[left.next].previous = best.left;
    links[right].changes = kDead;
    consider(left.previous);
    consider(best.left);
  }
  size_t kept = 0;
  for (uint32_t i = 0; i != kNone; i = links[i].next) symbols[kept++] = symbols[i];
  symbols.resize(kept);
}

}  // namespace parvis::text

#endif  // PARVIS_TEXT_MERGE_LIST_H_
