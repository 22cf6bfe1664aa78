#include "parvis/grammar/token_tree.h"

#include <algorithm>
#include <bitset>
#include <string>
#include <utility>

namespace parvis::grammar {

constexpr size_t kMaxTokenBytes = 1024;  // longer ones are never chosen

Result<std::shared_ptr<const TokenTree>> TokenTree::Make(const text::Tokenizer& tokenizer) {
  std::shared_ptr<TokenTree> tree(new TokenTree());
  const text::Vocabulary& vocabulary = tokenizer.vocabulary();
  tree->end_tokens_ = vocabulary.end_tokens;
  if (vocabulary.eos) tree->end_tokens_.push_back(*vocabulary.eos);
  const auto size = static_cast<size_t>(tokenizer.vocab_size());
  tree->bytes_.resize(size);
  std::vector<int32_t> order;
  std::bitset<256> alone;  // bytes that are tokens
  for (size_t i = 0; i < size; ++i) {
    const auto id = static_cast<int32_t>(i);
    const auto& ends = tree->end_tokens_;
    const bool unused =
        i < vocabulary.kinds.size() && vocabulary.kinds[i] == text::TokenKind::kUnused;
    if (tokenizer.IsSpecial(id) || unused ||
        std::find(ends.begin(), ends.end(), id) != ends.end()) {
      continue;
    }
    std::string bytes = tokenizer.TokenBytes(id);
    if (bytes.empty() || bytes.size() > kMaxTokenBytes) continue;
    if (bytes.size() == 1) alone.set(static_cast<uint8_t>(bytes[0]));
    tree->longest_ = std::max(tree->longest_, bytes.size());
    tree->bytes_[i] = std::move(bytes);
    order.push_back(id);
  }
  for (int byte = 0x20; byte < 0x7F; ++byte) {
    if (alone[static_cast<size_t>(byte)]) continue;
    return Status(StatusCode::kUnimplemented,
                  std::string("this model's vocabulary has no token for '") +
                      static_cast<char>(byte) + "' alone, so it cannot write all JSON");
  }
  const auto& bytes = tree->bytes_;
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return std::pair(std::string_view(bytes[a]), a) < std::pair(std::string_view(bytes[b]), b);
  });
  // Sorted texts are a walk through the tree.
  std::vector<uint32_t> path = {0};
  tree->nodes_.emplace_back();
  const auto close = [&](size_t depth) {
    for (; path.size() > depth + 1; path.pop_back()) {
      tree->nodes_[path.back()].end = static_cast<uint32_t>(tree->nodes_.size());
    }
  };
  std::string_view before;
  for (const int32_t id : order) {
    const std::string_view text = bytes[id];
    const auto common = static_cast<size_t>(
        std::mismatch(text.begin(), text.end(), before.begin(), before.end()).first - text.begin());
    close(common);
    for (size_t i = common; i < text.size(); ++i) {
      path.push_back(static_cast<uint32_t>(tree->nodes_.size()));
      tree->nodes_.push_back({.tokens = static_cast<uint32_t>(tree->tokens_.size()),
                              .depth = static_cast<uint16_t>(i + 1),
                              .byte = static_cast<uint8_t>(text[i])});
    }
    tree->tokens_.push_back(id);
    before = text;
  }
  close(0);
  tree->nodes_[0].end = static_cast<uint32_t>(tree->nodes_.size());
  return std::shared_ptr<const TokenTree>(std::move(tree));
}

}  // namespace parvis::grammar
