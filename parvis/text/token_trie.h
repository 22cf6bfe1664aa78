#ifndef PARVIS_TEXT_TOKEN_TRIE_H_
#define PARVIS_TEXT_TOKEN_TRIE_H_

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/text/vocabulary.h"

namespace parvis::text {

// All tokens that a text begins with, found in one walk: a tree with an edge for each byte. Twelve
// bytes for each node, at most one node for each byte of the tokens. Safe to ask from several
// threads.
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
    uint16_t count = 0;
    uint8_t byte = 0;
  };
  uint32_t Child(uint32_t node, uint8_t byte) const;  // 0: none

  std::vector<Node> nodes_;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_TOKEN_TRIE_H_
