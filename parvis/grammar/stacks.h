#ifndef PARVIS_GRAMMAR_STACKS_H_
#define PARVIS_GRAMMAR_STACKS_H_

#include <cstdint>
#include <vector>

#include "parvis/grammar/automaton.h"

namespace parvis::grammar {

// Where in a rule something is. Scalars: `phase` is the state, `index` counts characters. Arrays:
// `index` is the next item. Objects: `index` is the next property that may come, and further ones
// count on from there. `extra`: the white space before this, or the node in the tree of keys.
struct Frame {
  RuleId rule = 0;
  uint32_t phase = 0;
  uint32_t index = 0;
  uint32_t extra = 0;

  bool operator==(const Frame&) const = default;
};

enum ArrayPhase : uint32_t { kArrayBegin, kFirstItem, kAfterItem, kNextItem };
enum ObjectPhase : uint32_t {
  kObjectBegin,
  kFirstKey,
  kInKey,
  kBeforeColon,
  kBeforeValue,
  kAfterValue,
  kNextKey
};

using StackId = uint32_t;

// The machine at work: values that are open, in one another. A text that could be several things
// has several stacks, which share what is below. Stacks are nodes of a tree that grows; whoever
// uses it cuts it back. Every stack can be completed, whatever was taken so far.
class Stacks {
 public:
  static constexpr StackId kDone = 0;   // below the root: the text is whole
  static constexpr StackId kBelow = 1;  // below where somebody began to look: not known here
  // So many ways to read a text are followed; more are forgotten, which is safe.
  static constexpr size_t kMaxStacks = 256;

  struct Node {
    Frame frame;
    StackId parent = kDone;
    int depth = 0;  // containers that are open, this one included
  };

  explicit Stacks(const Automaton& machine) : machine_(&machine), nodes_(2) {}

  const Node& node(StackId id) const { return nodes_[id]; }
  StackId Push(const Frame& frame, StackId parent, int depth) {
    nodes_.push_back({frame, parent, depth});
    return static_cast<StackId>(nodes_.size() - 1);
  }
  size_t size() const { return nodes_.size(); }
  void CutBack(size_t size) { nodes_.resize(size); }

  // All ways to begin.
  void Begin(std::vector<StackId>& out);
  // All ways to go on with a byte. kBelow goes nowhere.
  void Step(const std::vector<StackId>& from, uint8_t byte, std::vector<StackId>& out);
  // Whether the stack may leave its top without a byte: a number, which nothing closes.
  bool MayLeave(StackId id) const;
  // Whether the text may end here.
  bool MayEnd(StackId id) const {
    return id == kDone || (id != kBelow && node(id).parent == kDone && MayLeave(id));
  }
  // Keeps only what `live` stands on; renames it.
  void Compact(std::vector<StackId>& live);

  uint64_t work() const { return work_; }  // steps since it was reset
  void ResetWork() { work_ = 0; }

 private:
  void Advance(StackId id, uint8_t byte);
  void AdvanceScalar(StackId id, const Scalar& scalar, uint8_t byte);
  void AdvanceArray(StackId id, const ArrayRule& array, uint8_t byte);
  void AdvanceObject(StackId id, const ObjectRule& object, uint8_t byte);
  void AdvanceKey(StackId id, const ObjectRule& object, uint32_t key_node, uint8_t byte);
  void BeginKey(StackId id, const ObjectRule& object, uint8_t byte);
  void AdvanceValue(StackId below, ChoiceId choice, uint8_t byte);
  void Start(RuleId rule, StackId below, uint8_t byte);
  bool Space(StackId id, uint8_t byte);

  bool Fits(ChoiceId choice, int depth) const {
    return machine_->choice_heights[choice] + depth <= kMaxNesting;
  }
  bool AnyKey(const ObjectRule& object, uint32_t index, int depth) const;
  bool OtherKey(const ObjectRule& object, uint32_t index, int depth) const;
  bool Leads(const ObjectRule& object, uint32_t key_node, uint32_t index, int depth) const;

  void Emit(StackId id);
  void Replace(StackId id, uint32_t phase, uint32_t index, uint32_t extra);
  StackId Below(StackId id, uint32_t phase, uint32_t index);

  const Automaton* machine_;
  std::vector<Node> nodes_;
  std::vector<StackId>* out_ = nullptr;
  std::vector<StackId> left_;  // parents that have been advanced in this step
  uint64_t work_ = 0;
};

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_STACKS_H_
