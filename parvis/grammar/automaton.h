#ifndef PARVIS_GRAMMAR_AUTOMATON_H_
#define PARVIS_GRAMMAR_AUTOMATON_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/grammar/dfa.h"
#include "parvis/grammar/schema.h"

namespace parvis::grammar {

using RuleId = uint32_t;
using ChoiceId = uint32_t;

inline constexpr int kMaxNesting = 64;  // values in one another, what ParseJson takes
inline constexpr int kNever = 1 << 20;  // a height that fits nowhere

// A number, a literal or a string, with its quotes: a DFA over the bytes of JSON. Of strings the
// characters are counted, so that lengths need no states of their own.
struct Scalar {
  Dfa dfa;
  std::vector<uint8_t> counts;  // by state: what leaves it begins a character (or ends the string)
  std::vector<uint32_t> distance;  // by state: the fewest characters until it can end
  std::vector<uint8_t> last;       // by state: accepting, and no byte can follow
  uint32_t least = 0;              // characters; only where every state can go on for ever
  uint32_t most = std::numeric_limits<uint32_t>::max();
  uint32_t longest_way = 0;  // the largest distance
};

struct ArrayRule {
  std::vector<ChoiceId> first;  // of the items that have a schema of their own
  ChoiceId rest = 0;            // of the others
  int64_t least = 0, most = 0;
};

// Keys come in the order of the schema, each once; further ones (additionalProperties) after them.
struct ObjectRule {
  struct Property {
    ChoiceId value;
    bool required;
  };
  // The keys as they are written, with their quotes, in one tree. Nodes know the properties below
  // them, sorted.
  struct KeyNode {
    std::vector<std::pair<uint8_t, uint32_t>> children;
    std::vector<uint32_t> below;
    int32_t property = -1;  // whose key ends here
  };

  std::vector<Property> properties;
  std::vector<uint32_t> next_required;  // from property i on, or properties.size(); one more entry
  std::vector<KeyNode> keys;
  bool open = false;     // further keys may come
  RuleId other_key = 0;  // if so: a scalar
  ChoiceId other_value = 0;
};

struct Rule {
  enum class Kind : uint8_t { kScalar, kArray, kObject };
  Kind kind = Kind::kScalar;
  uint32_t index = 0;   // among those of its kind
  int height = kNever;  // values in one another, at least, this one included
};

// What JSON can satisfy a schema, as a machine over bytes: every text that it accepts is valid JSON
// (RFC 8259), UTF-8, and satisfies the schema. It does not accept every such text:
//   - properties come in the schema's order; without additionalProperties an object that has
//     properties has no others
//   - white space: one space, or a line break and up to kMaxIndent spaces, where a printer puts it
//   - numbers have at most 15 digits, so that a double holds them exactly
//   - sizes that the schema does not bound are bounded, so that every text ends
// oneOf is read as anyOf. Immutable.
struct Automaton {
  static constexpr uint32_t kMaxString = 16'384;  // characters
  static constexpr int64_t kMaxItems = 4096;      // and further keys
  static constexpr uint32_t kMaxIndent = 64;

  // A place for a value: any of these rules.
  std::vector<std::vector<RuleId>> choices;
  std::vector<int> choice_heights;
  std::vector<Rule> rules;
  std::vector<Scalar> scalars;
  std::vector<ArrayRule> arrays;
  std::vector<ObjectRule> objects;
  ChoiceId root = 0;
};

// Refuses a schema that nothing satisfies, parts of allOf that cannot be brought together, and what
// would take too much time or memory.
Result<std::shared_ptr<const Automaton>> MakeAutomaton(const Schema& schema);

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_AUTOMATON_H_
