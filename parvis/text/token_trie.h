#ifndef PARVIS_TEXT_TOKEN_TRIE_H_
#define PARVIS_TEXT_TOKEN_TRIE_H_

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/text/vocabulary.h"

namespace parvis::text {

// All tokens that a text begins with, found in one walk: a tree with an edge for each byte. Sixteen
// bytes for each node, at most one node for each byte of the tokens; nodes with more than kFew
// children have a table of 256 bytes, too, so that a step takes the same time everywhere. Safe to
// ask from several threads.
class TokenTrie {
 public:
  // Of two equal strings that with the smaller id stays. The strings are not kept.
  explicit TokenTrie(std::vector<std::pair<std::string_view, TokenId>> tokens);

  // Calls visit(size, id) for each token that `text` begins with, the shortest first.
  template <typename Visit>
  void Walk(std::string_view text, const Visit& visit) const {
    uint32_t node = 0;
    for (size_t size = 0; size < text.size();) {
      node = Child(node, static_cast<uint8_t>(text[size++]));
      if (node == 0) return;
      if (nodes_[node].id >= 0) visit(size, nodes_[node].id);
    }
  }

 private:
  struct Node {
    uint32_t children = 0;  // the first; they lie side by side, by byte
    TokenId id = -1;
    uint32_t table = 0;  // of many children; its number
    uint16_t count = 0;
    uint8_t byte = 0;
  };
  static constexpr uint16_t kFew = 6;
  using Table = std::array<uint8_t, 256>;  // by byte: which child it may be

  // 0: none.
  uint32_t Child(uint32_t node, uint8_t byte) const {
    const Node& parent = nodes_[node];
    if (parent.count > kFew) {
      const uint32_t child = parent.children + tables_[parent.table][byte];
      return nodes_[child].byte == byte ? child : 0;
    }
    for (uint32_t child = parent.children; child < parent.children + parent.count; ++child) {
      if (nodes_[child].byte == byte) return child;
    }
    return 0;
  }

  void AddTable(Node& parent);

  std::vector<Node> nodes_;
  std::vector<Table> tables_;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_TOKEN_TRIE_H_
