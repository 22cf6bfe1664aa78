#include "parvis/grammar/stacks.h"

#include <algorithm>

namespace parvis::grammar {
namespace {

constexpr uint32_t kOneSpace = 1, kLineBreak = 2;  // Frame::extra where white space may stand

}  // namespace

void Stacks::Begin(std::vector<StackId>& out) {
  for (const RuleId rule : machine_->choices[machine_->root]) {
    const int depth = machine_->rules[rule].kind == Rule::Kind::kScalar ? 0 : 1;
    out.push_back(Push({.rule = rule}, kDone, depth));
  }
}

void Stacks::Step(const std::vector<StackId>& from, uint8_t byte, std::vector<StackId>& out) {
  out.clear();
  out_ = &out;
  left_.clear();
  for (const StackId id : from) Advance(id, byte);
}

bool Stacks::MayLeave(StackId id) const {
  const Frame& frame = nodes_[id].frame;
  const Rule& rule = machine_->rules[frame.rule];
  return rule.kind == Rule::Kind::kScalar &&
         machine_->scalars[rule.index].dfa.accepting[frame.phase] != 0;
}

void Stacks::Compact(std::vector<StackId>& live) {
  std::vector<StackId> name(nodes_.size(), kDone);
  name[kBelow] = kBelow;
  std::vector<uint8_t> used(nodes_.size());
  for (const StackId id : live) {
    for (StackId at = id; at > kBelow && !used[at]; at = nodes_[at].parent) used[at] = 1;
  }
  StackId next = kBelow + 1;
  for (StackId id = next; id < nodes_.size(); ++id) {  // parents have lower numbers
    if (!used[id]) continue;
    name[id] = next;
    nodes_[next] = nodes_[id];
    nodes_[next].parent = name[nodes_[next].parent];
    ++next;
  }
  nodes_.resize(next);
  for (StackId& id : live) id = name[id];
}

void Stacks::Emit(StackId id) {
  for (const StackId other : *out_) {
    if (other == id) return;
    if (id <= kBelow || other <= kBelow) continue;
    const Node &a = nodes_[id], &b = nodes_[other];
    if (a.parent == b.parent && a.frame == b.frame) return;
  }
  if (out_->size() < kMaxStacks) out_->push_back(id);
}

void Stacks::Replace(StackId id, uint32_t phase, uint32_t index, uint32_t extra) {
  const Node& n = nodes_[id];
  Emit(Push({n.frame.rule, phase, index, extra}, n.parent, n.depth));
}

StackId Stacks::Below(StackId id, uint32_t phase, uint32_t index) {
  const Node& n = nodes_[id];
  return Push({n.frame.rule, phase, index, 0}, n.parent, n.depth);
}

void Stacks::Advance(StackId id, uint8_t byte) {
  if (id <= kBelow) return;
  ++work_;
  const Rule& rule = machine_->rules[nodes_[id].frame.rule];
  switch (rule.kind) {
    case Rule::Kind::kScalar:
      return AdvanceScalar(id, machine_->scalars[rule.index], byte);
    case Rule::Kind::kArray:
      return AdvanceArray(id, machine_->arrays[rule.index], byte);
    case Rule::Kind::kObject:
      return AdvanceObject(id, machine_->objects[rule.index], byte);
  }
}

void Stacks::AdvanceScalar(StackId id, const Scalar& scalar, uint8_t byte) {
  const Node n = nodes_[id];
  const auto state = static_cast<int32_t>(n.frame.phase);
  const int32_t next = scalar.dfa.Next(state, byte);
  if (next != Dfa::kDead) {
    const bool ends = scalar.counts[state] && scalar.dfa.accepting[next];
    const uint32_t count = n.frame.index + (scalar.counts[state] && !ends ? 1 : 0);
    const bool fits =
        count + scalar.distance[next] <= scalar.most && (!ends || count >= scalar.least);
    if (fits && scalar.last[next]) {
      Emit(n.parent);
    } else if (fits) {
      Replace(id, static_cast<uint32_t>(next), count, 0);
    }
  }
  if (!scalar.dfa.accepting[state]) return;
  // Several stacks may leave to the same one, which goes on once.
  if (std::find(left_.begin(), left_.end(), n.parent) != left_.end()) return;
  left_.push_back(n.parent);
  Advance(n.parent, byte);
}

bool Stacks::Space(StackId id, uint8_t byte) {
  const Frame frame = nodes_[id].frame;
  if (byte != ' ' && byte != '\n' && byte != '\t') return false;
  if (frame.extra == 0 && byte == ' ') {
    Replace(id, frame.phase, frame.index, kOneSpace);
  } else if (frame.extra == 0 && byte == '\n') {
    Replace(id, frame.phase, frame.index, kLineBreak);
  } else if (frame.extra >= kLineBreak && byte != '\n' &&
             frame.extra < kLineBreak + Automaton::kMaxIndent) {
    Replace(id, frame.phase, frame.index, frame.extra + 1);
  }
  return true;
}

void Stacks::AdvanceArray(StackId id, const ArrayRule& array, uint8_t byte) {
  const Node n = nodes_[id];
  const auto index = static_cast<int64_t>(n.frame.index);
  const ChoiceId item = index < static_cast<int64_t>(array.first.size())
                            ? array.first[static_cast<size_t>(index)]
                            : array.rest;
  const bool more = index < array.most && Fits(item, n.depth);
  const bool closes = index >= array.least;
  switch (n.frame.phase) {
    case kArrayBegin:
      if (byte == '[') Replace(id, kFirstItem, 0, 0);
      return;
    case kAfterItem:
      // After white space only the end can come: printers put none before a comma.
      if (byte == ',' && n.frame.extra == 0 && more)
        return Replace(id, kNextItem, n.frame.index, 0);
      if (!closes || Space(id, byte)) return;
      if (byte == ']') Emit(n.parent);
      return;
    case kFirstItem:
      if (byte == ']' && closes) return Emit(n.parent);
      [[fallthrough]];
    default:
      if (Space(id, byte) || !more) return;
      AdvanceValue(Below(id, kAfterItem, n.frame.index + 1), item, byte);
  }
}

void Stacks::AdvanceObject(StackId id, const ObjectRule& object, uint8_t byte) {
  const Node n = nodes_[id];
  const uint32_t index = n.frame.index;
  const auto count = static_cast<uint32_t>(object.properties.size());
  const bool closes = index >= count || object.next_required[index] == count;
  switch (n.frame.phase) {
    case kObjectBegin:
      if (byte == '{') Replace(id, kFirstKey, 0, 0);
      return;
    case kInKey:
      return AdvanceKey(id, object, n.frame.extra, byte);
    case kBeforeColon:
      if (byte == ':') Replace(id, kBeforeValue, index, 0);
      return;
    case kBeforeValue:
      if (byte == ' ' && n.frame.extra == 0) return Replace(id, kBeforeValue, index, kOneSpace);
      return AdvanceValue(Below(id, kAfterValue, index + 1),
                          index < count ? object.properties[index].value : object.other_value,
                          byte);
    case kAfterValue:
      if (byte == ',' && n.frame.extra == 0 && AnyKey(object, index, n.depth)) {
        return Replace(id, kNextKey, index, 0);
      }
      if (!closes || Space(id, byte)) return;
      if (byte == '}') Emit(n.parent);
      return;
    case kFirstKey:
      if (byte == '}' && closes) return Emit(n.parent);
      [[fallthrough]];
    default:
      if (!Space(id, byte)) BeginKey(id, object, byte);
  }
}

void Stacks::BeginKey(StackId id, const ObjectRule& object, uint8_t byte) {
  const Node n = nodes_[id];
  AdvanceKey(id, object, 0, byte);
  if (!OtherKey(object, n.frame.index, n.depth)) return;
  const auto count = static_cast<uint32_t>(object.properties.size());
  Start(object.other_key, Below(id, kBeforeColon, std::max(n.frame.index, count)), byte);
}

void Stacks::AdvanceKey(StackId id, const ObjectRule& object, uint32_t key_node, uint8_t byte) {
  const Node n = nodes_[id];
  for (const auto& [child_byte, child] : object.keys[key_node].children) {
    if (child_byte != byte) continue;
    if (!Leads(object, child, n.frame.index, n.depth)) return;
    const int32_t property = object.keys[child].property;
    if (property >= 0) {
      Replace(id, kBeforeColon, static_cast<uint32_t>(property), 0);
    } else {
      Replace(id, kInKey, n.frame.index, child);
    }
    return;
  }
}

void Stacks::AdvanceValue(StackId below, ChoiceId choice, uint8_t byte) {
  for (const RuleId rule : machine_->choices[choice]) Start(rule, below, byte);
}

void Stacks::Start(RuleId rule, StackId below, uint8_t byte) {
  const Rule& r = machine_->rules[rule];
  const int depth = nodes_[below].depth;
  if (r.height + depth > kMaxNesting) return;
  Advance(Push({.rule = rule}, below, depth + (r.kind == Rule::Kind::kScalar ? 0 : 1)), byte);
}

// Whether a key of the tree may begin so, for a property that may come now and whose value fits.
bool Stacks::Leads(const ObjectRule& object, uint32_t key_node, uint32_t index, int depth) const {
  const std::vector<uint32_t>& below = object.keys[key_node].below;
  if (index >= object.properties.size()) return false;
  const uint32_t last = object.next_required[index];
  for (auto at = std::lower_bound(below.begin(), below.end(), index);
       at != below.end() && *at <= last; ++at) {
    if (Fits(object.properties[*at].value, depth)) return true;
  }
  return false;
}

bool Stacks::OtherKey(const ObjectRule& object, uint32_t index, int depth) const {
  const auto count = static_cast<uint32_t>(object.properties.size());
  const bool in_time =
      index >= count ? index - count < Automaton::kMaxItems : object.next_required[index] == count;
  return object.open && in_time && Fits(object.other_value, depth);
}

bool Stacks::AnyKey(const ObjectRule& object, uint32_t index, int depth) const {
  return OtherKey(object, index, depth) || Leads(object, 0, index, depth);
}

}  // namespace parvis::grammar
