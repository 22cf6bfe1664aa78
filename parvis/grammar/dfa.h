#ifndef PARVIS_GRAMMAR_DFA_H_
#define PARVIS_GRAMMAR_DFA_H_

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/grammar/budget.h"
#include "parvis/grammar/nfa.h"

namespace parvis::grammar {

// A machine over bytes that is in one place. State 0 is the first; from every state an accepting
// one can be reached, so whoever follows it never gets stuck. Without a state it accepts nothing.
struct Dfa {
  static constexpr int32_t kDead = -1;

  int32_t Next(int32_t state, uint8_t byte) const {
    return next[static_cast<size_t>(state) * num_classes + class_of[byte]];
  }
  size_t size() const { return accepting.size(); }
  bool empty() const { return accepting.empty(); }
  bool Matches(std::string_view text) const;
  // Whether a byte can follow in `state`.
  bool HasNext(int32_t state) const;

  std::array<uint8_t, 256> class_of{};  // bytes of a class are never told apart
  size_t num_classes = 1;
  std::vector<int32_t> next;  // size() × num_classes
  std::vector<uint8_t> accepting;
};

Result<Dfa> MakeDfa(const Nfa& nfa, Budget& budget);
// What both accept.
Result<Dfa> Intersection(const Dfa& a, const Dfa& b, Budget& budget);
// Any UTF-8 that `a` does not accept. REQUIRES: `a` accepts only UTF-8.
Result<Dfa> AnyTextBut(const Dfa& a, Budget& budget);
// What `a` accepts and has at least so many characters. REQUIRES: `a` accepts only UTF-8.
Result<Dfa> AtLeast(const Dfa& a, int64_t characters, Budget& budget);

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_DFA_H_
