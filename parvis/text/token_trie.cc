#include "parvis/text/token_trie.h"

#include <algorithm>

namespace parvis::text {

TokenTrie::TokenTrie(std::vector<std::pair<std::string_view, TokenId>> tokens) : nodes_(1) {
  // Most come in order, or as two lists that are.
  const auto second = std::is_sorted_until(tokens.begin(), tokens.end());
  if (std::is_sorted(second, tokens.end())) {
    std::inplace_merge(tokens.begin(), second, tokens.end());
  } else {
    std::sort(tokens.begin(), tokens.end());
  }
  size_t count = 1;
  std::string_view last;
  for (const auto& [token, id] : tokens) {
    const auto [same, end] = std::mismatch(token.begin(), token.end(), last.begin(), last.end());
    count += static_cast<size_t>(token.end() - same);
    last = token;
  }
  nodes_.reserve(count);
  // Level by level, so that the children of a node lie together: those of its tokens share their
  // first `depth` bytes.
  struct Range {
    uint32_t node, begin, end;
    size_t depth;
  };
  std::vector<Range> queue = {{0, 0, static_cast<uint32_t>(tokens.size()), 0}};
  for (size_t i = 0; i < queue.size(); ++i) {
    const Range range = queue[i];
    uint32_t at = range.begin;
    while (at < range.end && tokens[at].first.size() == range.depth) {
      if (nodes_[range.node].id < 0 && range.depth > 0) nodes_[range.node].id = tokens[at].second;
      ++at;
    }
    nodes_[range.node].children = static_cast<uint32_t>(nodes_.size());
    while (at < range.end) {
      const char byte = tokens[at].first[range.depth];
      const uint32_t begin = at;
      while (at < range.end && tokens[at].first[range.depth] == byte) ++at;
      queue.push_back({static_cast<uint32_t>(nodes_.size()), begin, at, range.depth + 1});
      nodes_.push_back({.byte = static_cast<uint8_t>(byte)});
      ++nodes_[range.node].count;
    }
    AddTable(nodes_[range.node]);
    if (i > 4096 && i * 2 > queue.size()) {  // what is done need not be kept
      queue.erase(queue.begin(), queue.begin() + static_cast<ptrdiff_t>(i) + 1);
      i = static_cast<size_t>(-1);
    }
  }
}

void TokenTrie::AddTable(Node& parent) {
  if (parent.count <= kFew) return;
  parent.table = static_cast<uint32_t>(tables_.size());
  Table& table = tables_.emplace_back();
  table.fill(0);
  for (uint16_t i = 0; i < parent.count; ++i) {
    table[nodes_[parent.children + i].byte] = static_cast<uint8_t>(i);
  }
}

}  // namespace parvis::text
