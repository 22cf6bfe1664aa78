#include "parvis/grammar/dfa.h"

#include <algorithm>
#include <bitset>
#include <map>
#include <unordered_map>
#include <utility>

namespace parvis::grammar {
namespace {

// Bytes that no edge tells apart get one class.
void FindClasses(const Nfa& nfa, Dfa& dfa) {
  std::bitset<257> begins;  // of a class
  for (const Nfa::Node& node : nfa.nodes) {
    for (const Nfa::Edge& edge : node.edges) {
      begins.set(edge.low);
      begins.set(size_t{edge.high} + 1);
    }
  }
  dfa.num_classes = 1;
  for (size_t byte = 0; byte < 256; ++byte) {
    if (byte > 0 && begins[byte]) ++dfa.num_classes;
    dfa.class_of[byte] = static_cast<uint8_t>(dfa.num_classes - 1);
  }
}

// One byte of each class.
std::vector<uint8_t> ExamplesOf(const Dfa& dfa) {
  std::vector<uint8_t> examples(dfa.num_classes);
  for (size_t byte = 256; byte-- > 0;) examples[dfa.class_of[byte]] = static_cast<uint8_t>(byte);
  return examples;
}

// Takes out the states from which nothing is accepted. State 0 stays the first.
void Trim(Dfa& dfa) {
  const size_t size = dfa.size(), classes = dfa.num_classes;
  std::vector<std::vector<int32_t>> before(size);
  for (size_t i = 0; i < dfa.next.size(); ++i) {
    if (dfa.next[i] >= 0) before[dfa.next[i]].push_back(static_cast<int32_t>(i / classes));
  }
  std::vector<uint8_t> useful(dfa.accepting);
  std::vector<int32_t> open;
  for (size_t i = 0; i < size; ++i) {
    if (useful[i]) open.push_back(static_cast<int32_t>(i));
  }
  while (!open.empty()) {
    const int32_t state = open.back();
    open.pop_back();
    for (const int32_t from : before[state]) {
      if (!std::exchange(useful[from], uint8_t{1})) open.push_back(from);
    }
  }
  if (size == 0 || !useful[0]) {
    dfa.next.clear();
    dfa.accepting.clear();
    return;
  }
  std::vector<int32_t> number(size, Dfa::kDead);
  int32_t count = 0;
  for (size_t i = 0; i < size; ++i) {
    if (useful[i]) number[i] = count++;
  }
  for (size_t i = 0; i < size; ++i) {
    if (number[i] < 0) continue;
    dfa.accepting[number[i]] = dfa.accepting[i];
    for (size_t c = 0; c < classes; ++c) {
      const int32_t to = dfa.next[i * classes + c];
      dfa.next[number[i] * classes + c] = to < 0 ? Dfa::kDead : number[to];
    }
  }
  dfa.accepting.resize(count);
  dfa.next.resize(count * classes);
}

// The subset construction: a state is the set of the nodes where the other machine can be.
class Subsets {
 public:
  Subsets(const Nfa& nfa, Budget& budget) : nfa_(nfa), budget_(budget), seen_(nfa.nodes.size()) {}

  Result<Dfa> Run() {
    FindClasses(nfa_, dfa_);
    const std::vector<uint8_t> examples = ExamplesOf(dfa_);
    // The first state is never one of the others: ^ can be passed only there.
    sets_.push_back(Close({Nfa::kStart}, true, false));
    dfa_.accepting.push_back(Accepts(sets_[0], true));
    for (size_t state = 0; state < sets_.size(); ++state) {
      dfa_.next.resize((state + 1) * dfa_.num_classes, Dfa::kDead);
      for (size_t c = 0; c < dfa_.num_classes; ++c) {
        dfa_.next[state * dfa_.num_classes + c] = After(state, examples[c]);
        if (exceeded_) return Budget::Exceeded();
      }
    }
    Trim(dfa_);
    return std::move(dfa_);
  }

 private:
  using Set = std::vector<uint32_t>;

  int32_t After(size_t state, uint8_t byte) {
    Set reached;
    for (const uint32_t node : sets_[state]) {
      if (!Work(1 + nfa_.nodes[node].edges.size())) return Dfa::kDead;
      for (const Nfa::Edge& edge : nfa_.nodes[node].edges) {
        if (byte >= edge.low && byte <= edge.high) reached.push_back(edge.to);
      }
    }
    if (reached.empty()) return Dfa::kDead;
    Set set = Close(std::move(reached), false, false);
    const auto [at, added] = number_.try_emplace(set, static_cast<int32_t>(sets_.size()));
    if (added) {
      if (!budget_.Bytes(dfa_.num_classes * sizeof(int32_t) + 2 * set.size() * sizeof(uint32_t))) {
        exceeded_ = true;
        return Dfa::kDead;
      }
      dfa_.accepting.push_back(Accepts(set, false));
      sets_.push_back(std::move(set));
    }
    return at->second;
  }

  // All nodes that are reached without a byte.
  Set Close(Set open, bool at_start, bool at_end) {
    Set set;
    while (!open.empty()) {
      const uint32_t node = open.back();
      open.pop_back();
      if (std::exchange(seen_[node], uint8_t{1})) continue;
      set.push_back(node);
      if (!Work(1 + nfa_.nodes[node].empties.size())) break;
      for (const Nfa::Empty& empty : nfa_.nodes[node].empties) {
        const bool open_now = empty.when == Nfa::When::kAlways ||
                              (empty.when == Nfa::When::kAtStart ? at_start : at_end);
        if (open_now) open.push_back(empty.to);
      }
    }
    for (const uint32_t node : set) seen_[node] = 0;
    std::sort(set.begin(), set.end());
    return set;
  }

  bool Accepts(const Set& set, bool at_start) {
    const Set end = Close(set, at_start, true);
    return std::binary_search(end.begin(), end.end(), Nfa::kAccept);
  }

  bool Work(size_t steps) {
    exceeded_ = exceeded_ || !budget_.Work(steps);
    return !exceeded_;
  }

  const Nfa& nfa_;
  Budget& budget_;
  Dfa dfa_;
  std::vector<Set> sets_;
  std::map<Set, int32_t> number_;
  std::vector<uint8_t> seen_;
  bool exceeded_ = false;
};

// Explores the pairs (state of a, something else) that can be reached.
template <typename Next, typename Accepting>
Result<Dfa> Pairs(Dfa shape, uint64_t first, const Next& next, const Accepting& accepting,
                  Budget& budget) {
  const std::vector<uint8_t> examples = ExamplesOf(shape);
  std::vector<uint64_t> pairs = {first};
  std::unordered_map<uint64_t, int32_t> number = {{first, 0}};
  for (size_t state = 0; state < pairs.size(); ++state) {
    if (!budget.Bytes(shape.num_classes * sizeof(int32_t) + 32) ||
        !budget.Work(shape.num_classes)) {
      return Budget::Exceeded();
    }
    shape.accepting.push_back(accepting(pairs[state]));
    for (size_t c = 0; c < shape.num_classes; ++c) {
      uint64_t to = 0;
      if (!next(pairs[state], examples[c], &to)) {
        shape.next.push_back(Dfa::kDead);
        continue;
      }
      const auto [at, added] = number.try_emplace(to, static_cast<int32_t>(pairs.size()));
      if (added) pairs.push_back(to);
      shape.next.push_back(at->second);
    }
  }
  Trim(shape);
  return shape;
}

uint64_t PairOf(int32_t a, int64_t b) {
  return static_cast<uint64_t>(static_cast<uint32_t>(a)) << 32 | static_cast<uint32_t>(b);
}
int32_t FirstOf(uint64_t pair) { return static_cast<int32_t>(pair >> 32); }
int32_t SecondOf(uint64_t pair) { return static_cast<int32_t>(pair & 0xFFFFFFFF); }

// Classes that are as fine as both.
Dfa CommonClasses(const Dfa& a, const Dfa& b) {
  Dfa shape;
  std::map<std::pair<uint8_t, uint8_t>, uint8_t> number;
  for (size_t byte = 0; byte < 256; ++byte) {
    const auto at = number.try_emplace({a.class_of[byte], b.class_of[byte]},
                                       static_cast<uint8_t>(number.size()));
    shape.class_of[byte] = at.first->second;
  }
  shape.num_classes = number.size();
  return shape;
}

}  // namespace

bool Dfa::Matches(std::string_view text) const {
  if (empty()) return false;
  int32_t state = 0;
  for (const char c : text) {
    state = Next(state, static_cast<uint8_t>(c));
    if (state == kDead) return false;
  }
  return accepting[state] != 0;
}

bool Dfa::HasNext(int32_t state) const {
  const auto row = next.begin() + static_cast<ptrdiff_t>(state * num_classes);
  return std::any_of(row, row + static_cast<ptrdiff_t>(num_classes),
                     [](int32_t to) { return to != kDead; });
}

Result<Dfa> MakeDfa(const Nfa& nfa, Budget& budget) { return Subsets(nfa, budget).Run(); }

Result<Dfa> Intersection(const Dfa& a, const Dfa& b, Budget& budget) {
  if (a.empty() || b.empty()) return Dfa();
  return Pairs(
      CommonClasses(a, b), PairOf(0, 0),
      [&](uint64_t from, uint8_t byte, uint64_t* to) {
        const int32_t x = a.Next(FirstOf(from), byte), y = b.Next(SecondOf(from), byte);
        *to = PairOf(x, y);
        return x != Dfa::kDead && y != Dfa::kDead;
      },
      [&](uint64_t pair) { return a.accepting[FirstOf(pair)] && b.accepting[SecondOf(pair)]; },
      budget);
}

Result<Dfa> AnyTextBut(const Dfa& a, Budget& budget) {
  Nfa nfa;
  nfa.Character(Nfa::kStart, AllCharacters(), Nfa::kStart);
  nfa.Link(Nfa::kStart, Nfa::kAccept);
  PARVIS_ASSIGN_OR_RETURN(const Dfa text, MakeDfa(nfa, budget));
  if (a.empty()) return text;
  return Pairs(
      CommonClasses(text, a), PairOf(0, 0),
      [&](uint64_t from, uint8_t byte, uint64_t* to) {
        const int32_t x = text.Next(FirstOf(from), byte);
        const int32_t other = SecondOf(from);  // dead: `a` accepts nothing that begins so
        *to = PairOf(x, other == Dfa::kDead ? Dfa::kDead : a.Next(other, byte));
        return x != Dfa::kDead;
      },
      [&](uint64_t pair) {
        const int32_t other = SecondOf(pair);
        return text.accepting[FirstOf(pair)] && (other == Dfa::kDead || !a.accepting[other]);
      },
      budget);
}

Result<Dfa> AtLeast(const Dfa& a, int64_t characters, Budget& budget) {
  if (a.empty()) return Dfa();
  Dfa shape;
  shape.class_of = a.class_of;
  shape.num_classes = a.num_classes;
  return Pairs(
      std::move(shape), PairOf(0, 0),
      [&](uint64_t from, uint8_t byte, uint64_t* to) {
        const int32_t x = a.Next(FirstOf(from), byte);
        const int64_t begun = SecondOf(from) + ((byte & 0xC0) == 0x80 ? 0 : 1);
        *to = PairOf(x, std::min(begun, characters));
        return x != Dfa::kDead;
      },
      [&](uint64_t pair) { return a.accepting[FirstOf(pair)] && SecondOf(pair) >= characters; },
      budget);
}

}  // namespace parvis::grammar
