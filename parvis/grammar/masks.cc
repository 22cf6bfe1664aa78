#include "parvis/grammar/masks.h"

#include <algorithm>

namespace parvis::grammar {
namespace {

// Steps of the machine for one mask; a hundred times what an ordinary schema takes.
constexpr uint64_t kMaxWork = 8'000'000;
constexpr size_t kMaxKey = 4096;  // longer ones are not kept

}  // namespace

std::shared_ptr<const Mask> MaskCache::Find(const std::u32string& key) {
  const std::lock_guard lock(mutex_);
  const auto at = places_.find(key);
  if (at == places_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, at->second);
  return at->second->mask;
}

void MaskCache::Add(std::u32string key, std::shared_ptr<const Mask> mask) {
  const size_t bytes = mask->bytes() + 2 * key.size() * sizeof(char32_t);
  const std::lock_guard lock(mutex_);
  if (bytes > max_bytes_ || places_.contains(key)) return;
  entries_.push_front({key, std::move(mask), bytes});
  places_.emplace(std::move(key), entries_.begin());
  bytes_ += bytes;
  while (bytes_ > max_bytes_) {
    bytes_ -= entries_.back().bytes;
    places_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

size_t MaskCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

Masks::Masks(std::shared_ptr<const Automaton> machine, std::shared_ptr<const TokenTree> tree,
             std::shared_ptr<MaskCache> cache, uint32_t number)
    : machine_(std::move(machine)),
      tree_(std::move(tree)),
      cache_(std::move(cache)),
      number_(number),
      words_((tree_->vocab_size() + 63) / 64) {}

// One frame for all that no token tells apart: counters count only near their bounds.
Frame Masks::Typical(const Frame& frame) const {
  const auto far = static_cast<int64_t>(tree_->longest()) + 1;
  Frame typical = frame;
  const auto index = static_cast<int64_t>(frame.index);
  const Rule& rule = machine_->rules[frame.rule];
  if (rule.kind == Rule::Kind::kScalar) {
    const Scalar& scalar = machine_->scalars[rule.index];
    const int64_t least = scalar.least, most = scalar.most;
    if (most - index <= far + scalar.longest_way) return frame;
    if (index >= least) typical.index = scalar.least;
    if (least - index > far) typical.index = 0;
  } else if (rule.kind == Rule::Kind::kArray) {
    const ArrayRule& array = machine_->arrays[rule.index];
    const auto settled = std::max(array.least, static_cast<int64_t>(array.first.size())) + 1;
    if (index > settled && array.most - index > far) {
      typical.index = static_cast<uint32_t>(settled);
    }
  } else {
    const auto count = static_cast<int64_t>(machine_->objects[rule.index].properties.size());
    if (index > count && Automaton::kMaxItems - (index - count) > far) {
      typical.index = static_cast<uint32_t>(count + 1);
    }
  }
  return typical;
}

void Masks::Take(uint32_t node, Bits& bits) const {
  for (const int32_t token : tree_->TokensOf(node)) {
    bits[static_cast<size_t>(token) / 64] |= uint64_t{1} << (token % 64);
  }
}

// Scalars need no stack: a state and a count for each byte of a token.
Mask Masks::WalkScalar(const Scalar& scalar, const Frame& frame) const {
  Mask mask{.bits = Bits(words_)};
  struct At {
    int32_t state;
    uint32_t count;
  };
  std::vector<At> path(tree_->longest() + 1);
  path[0] = {static_cast<int32_t>(frame.phase), frame.index};
  const auto& nodes = tree_->nodes();
  if (scalar.dfa.accepting[frame.phase]) mask.leaves.push_back(0);
  for (uint32_t node = 1; node < nodes.size();) {
    const TokenTree::Node& n = nodes[node];
    const auto [state, count] = path[n.depth - 1u];
    const int32_t next = scalar.dfa.Next(state, n.byte);
    if (next == Dfa::kDead) {
      node = n.end;
      continue;
    }
    const bool ends = scalar.counts[state] && scalar.dfa.accepting[next];
    const uint32_t counted = count + (scalar.counts[state] && !ends ? 1 : 0);
    if (counted + scalar.distance[next] > scalar.most || (ends && counted < scalar.least)) {
      node = n.end;
      continue;
    }
    Take(node, mask.bits);
    path[n.depth] = {next, counted};
    if (scalar.dfa.accepting[next] && n.end > node + 1) mask.leaves.push_back(node);
    node = scalar.last[next] ? n.end : node + 1;
  }
  return mask;
}

// Below `node` of the tree, with what `from` stands on. `leaves`: where kBelow is reached.
void Masks::Walk(Stacks& stacks, StackId from, uint32_t node, Bits& bits,
                 std::vector<uint32_t>* leaves) const {
  const auto& nodes = tree_->nodes();
  const uint32_t base = nodes[node].depth;
  struct Level {
    std::vector<StackId> live;
    size_t size = 0;  // of the stacks with this level's
  };
  std::vector<Level> levels(tree_->longest() + 1 - base);
  levels[0] = {{from}, stacks.size()};
  const uint32_t end = nodes[node].end;
  for (uint32_t i = node + 1; i < end && stacks.work() <= kMaxWork;) {
    const TokenTree::Node& n = nodes[i];
    const Level& above = levels[n.depth - base - 1u];
    Level& level = levels[n.depth - base];
    stacks.CutBack(above.size);
    stacks.Step(above.live, n.byte, level.live);
    level.size = stacks.size();
    if (level.live.empty()) {
      i = n.end;
      continue;
    }
    Take(i, bits);
    const auto leaves_here = [&](StackId id) {
      return id == Stacks::kBelow ||
             (id > Stacks::kBelow && stacks.node(id).parent == Stacks::kBelow &&
              stacks.MayLeave(id));
    };
    if (leaves != nullptr && n.end > i + 1 &&
        std::any_of(level.live.begin(), level.live.end(), leaves_here)) {
      leaves->push_back(i);
    }
    ++i;
  }
  stacks.CutBack(levels[0].size);
}

Mask Masks::WalkNode(const Stacks::Node& node) const {
  Mask mask{.bits = Bits(words_)};
  Stacks stacks(*machine_);
  const StackId top = stacks.Push(node.frame, Stacks::kBelow, node.depth);
  Walk(stacks, top, 0, mask.bits, &mask.leaves);
  mask.complete = stacks.work() <= kMaxWork;
  return mask;
}

// What can follow as long as the top is not left.
std::shared_ptr<const Mask> Masks::Top(const Stacks::Node& node) const {
  const Frame frame = Typical(node.frame);
  const Rule& rule = machine_->rules[frame.rule];
  const bool scalar = rule.kind == Rule::Kind::kScalar;
  const std::u32string key = {number_,
                              0,
                              frame.rule,
                              frame.phase,
                              frame.index,
                              frame.extra,
                              scalar ? 0 : static_cast<uint32_t>(node.depth)};
  if (auto known = cache_->Find(key)) return known;
  auto mask = std::make_shared<const Mask>(scalar ? WalkScalar(machine_->scalars[rule.index], frame)
                                                  : WalkNode({frame, Stacks::kBelow, node.depth}));
  cache_->Add(key, mask);
  return mask;
}

bool Masks::AddStack(Stacks& stacks, StackId id, Bits& bits) const {
  while (id != Stacks::kDone) {
    const Stacks::Node node = stacks.node(id);
    const std::shared_ptr<const Mask> top = Top(node);
    if (!top->complete) return false;
    for (size_t i = 0; i < words_; ++i) bits[i] |= top->bits[i];
    bool leaves = false;
    for (const uint32_t at : top->leaves) {
      leaves = leaves || at == 0;
      if (at != 0 && node.parent != Stacks::kDone) Walk(stacks, node.parent, at, bits, nullptr);
    }
    if (!leaves) return true;
    id = node.parent;
  }
  return true;
}

Result<std::shared_ptr<const Mask>> Masks::Of(Stacks& stacks,
                                              const std::vector<StackId>& live) const {
  std::u32string key = {number_, 1};
  for (const StackId id : live) {
    for (StackId at = id; at != Stacks::kDone && key.size() <= kMaxKey;
         at = stacks.node(at).parent) {
      const Frame frame = Typical(stacks.node(at).frame);
      key.insert(key.end(), {frame.rule, frame.phase, frame.index, frame.extra});
    }
    key.push_back(0xFFFFFFFF);  // no rule has this number
  }
  const bool kept = key.size() <= kMaxKey;
  if (kept) {
    if (auto known = cache_->Find(key)) return known;
  }
  Mask mask{.bits = Bits(words_)};
  stacks.ResetWork();
  bool complete = true;
  for (const StackId id : live) complete = complete && AddStack(stacks, id, mask.bits);
  if (!complete || stacks.work() > kMaxWork) {
    return ResourceExhausted("the schema can be read in too many ways");
  }
  auto shared = std::make_shared<const Mask>(std::move(mask));
  if (kept) cache_->Add(std::move(key), shared);
  return shared;
}

}  // namespace parvis::grammar
