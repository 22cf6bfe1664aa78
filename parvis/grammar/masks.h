#ifndef PARVIS_GRAMMAR_MASKS_H_
#define PARVIS_GRAMMAR_MASKS_H_

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/grammar/automaton.h"
#include "parvis/grammar/stacks.h"
#include "parvis/grammar/token_tree.h"

namespace parvis::grammar {

using Bits = std::vector<uint64_t>;  // a bit for each token

// What is known of a place: the tokens that can follow, and the nodes of the token tree at which
// the place may be left, so that what comes then depends on what is around it.
struct Mask {
  Bits bits;
  std::vector<uint32_t> leaves;
  bool complete = true;  // false: it took too much work

  size_t bytes() const { return bits.size() * 8 + leaves.size() * 4 + 200; }
};

// Masks by place, the least recently used first to go. For all grammars of one tokeniser together.
// Synchronised.
class MaskCache {
 public:
  explicit MaskCache(size_t max_bytes) : max_bytes_(max_bytes) {}

  std::shared_ptr<const Mask> Find(const std::u32string& key);
  void Add(std::u32string key, std::shared_ptr<const Mask> mask);
  size_t bytes() const;

 private:
  struct Entry {
    std::u32string key;
    std::shared_ptr<const Mask> mask;
    size_t bytes;
  };
  using Entries = std::list<Entry>;

  const size_t max_bytes_;
  mutable std::mutex mutex_;
  Entries entries_;  // the last used one first
  std::unordered_map<std::u32string, Entries::iterator> places_;
  size_t bytes_ = 0;
};

// Computes masks of one machine over one vocabulary. Immutable but for the cache.
class Masks {
 public:
  // `number`: different for each machine that shares the cache.
  Masks(std::shared_ptr<const Automaton> machine, std::shared_ptr<const TokenTree> tree,
        std::shared_ptr<MaskCache> cache, uint32_t number);

  // The tokens that can follow in any of `live`; end tokens are not among them.
  // kResourceExhausted: there are too many ways to read the text.
  Result<std::shared_ptr<const Mask>> Of(Stacks& stacks, const std::vector<StackId>& live) const;

  const Automaton& machine() const { return *machine_; }
  const TokenTree& tree() const { return *tree_; }

 private:
  std::shared_ptr<const Mask> Top(const Stacks::Node& node) const;
  Mask WalkScalar(const Scalar& scalar, const Frame& frame) const;
  Mask WalkNode(const Stacks::Node& node) const;
  bool AddStack(Stacks& stacks, StackId id, Bits& bits) const;  // false: too much work
  void Walk(Stacks& stacks, StackId from, uint32_t node, Bits& bits,
            std::vector<uint32_t>* leaves) const;
  void Take(uint32_t node, Bits& bits) const;
  Frame Typical(const Frame& frame) const;

  std::shared_ptr<const Automaton> machine_;
  std::shared_ptr<const TokenTree> tree_;
  std::shared_ptr<MaskCache> cache_;
  const uint32_t number_;
  const size_t words_;
};

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_MASKS_H_
