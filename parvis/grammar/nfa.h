#ifndef PARVIS_GRAMMAR_NFA_H_
#define PARVIS_GRAMMAR_NFA_H_

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace parvis::grammar {

using CodeRanges = std::vector<std::pair<uint32_t, uint32_t>>;  // code points [first, last], sorted

// A machine over bytes that may be in several places at once. What makes one adds nodes and edges;
// MakeDfa (dfa.h) makes something that can be run of it.
struct Nfa {
  enum class When : uint8_t { kAlways, kAtStart, kAtEnd };  // ^ and $ are not everywhere
  struct Edge {
    uint8_t low, high;
    uint32_t to;
  };
  struct Empty {
    uint32_t to;
    When when;
  };
  struct Node {
    std::vector<Edge> edges;
    std::vector<Empty> empties;
  };

  Nfa() : nodes(2) {}

  uint32_t Add() {
    nodes.emplace_back();
    return static_cast<uint32_t>(nodes.size() - 1);
  }
  void Link(uint32_t from, uint32_t to, When when = When::kAlways) {
    nodes[from].empties.push_back({to, when});
  }
  void Byte(uint32_t from, uint8_t low, uint8_t high, uint32_t to) {
    nodes[from].edges.push_back({low, high, to});
  }
  void Bytes(uint32_t from, std::string_view text, uint32_t to);
  // One character of `ranges`, in UTF-8. Surrogates are no characters.
  void Character(uint32_t from, const CodeRanges& ranges, uint32_t to);

  static constexpr uint32_t kStart = 0, kAccept = 1;
  std::vector<Node> nodes;
};

inline constexpr uint32_t kLastCodePoint = 0x10FFFF;
const CodeRanges& AllCharacters();

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_NFA_H_
