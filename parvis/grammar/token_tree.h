#ifndef PARVIS_GRAMMAR_TOKEN_TREE_H_
#define PARVIS_GRAMMAR_TOKEN_TREE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/text/tokenizer.h"

namespace parvis::grammar {

// All tokens with a text of their own, by their bytes: what several begin with is looked at once.
// Nodes lie in the order of a walk, so that a walk is a loop, and leaving out what is below a node
// is a jump. Special tokens are not in it. Immutable, shared; about 16 bytes for each node.
class TokenTree {
 public:
  struct Node {
    uint32_t end = 0;     // of what is below, itself included
    uint32_t tokens = 0;  // the first of its own; the next node's begin where they end
    uint16_t depth = 0;   // bytes
    uint8_t byte = 0;     // that leads here
  };

  // Refuses a vocabulary without a token for each character of ASCII: JSON could get stuck.
  static Result<std::shared_ptr<const TokenTree>> Make(const text::Tokenizer& tokenizer);

  const std::vector<Node>& nodes() const { return nodes_; }  // 0: the root
  std::span<const int32_t> TokensOf(uint32_t node) const {
    const uint32_t end =
        node + 1 < nodes_.size() ? nodes_[node + 1].tokens : static_cast<uint32_t>(tokens_.size());
    return std::span(tokens_).subspan(nodes_[node].tokens, end - nodes_[node].tokens);
  }
  const std::string& BytesOf(int32_t token) const { return bytes_[token]; }
  const std::vector<int32_t>& end_tokens() const { return end_tokens_; }
  size_t vocab_size() const { return bytes_.size(); }
  size_t longest() const { return longest_; }  // bytes of a token

 private:
  TokenTree() = default;

  std::vector<Node> nodes_;
  std::vector<int32_t> tokens_;     // by node
  std::vector<std::string> bytes_;  // by token; empty for those that cannot be written
  std::vector<int32_t> end_tokens_;
  size_t longest_ = 0;
};

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_TOKEN_TREE_H_
