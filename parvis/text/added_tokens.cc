#include "parvis/text/added_tokens.h"

#include <deque>
#include <string>

#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

bool EndsWithWord(std::string_view text) {
  if (text.empty()) return false;
  size_t start = text.size() - 1;
  while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
  return IsWordCharacter(ReadCharacter(text, start).code);
}

bool BeginsWithWord(std::string_view text) {
  return !text.empty() && IsWordCharacter(ReadCharacter(text, 0).code);
}

size_t SpaceBegin(std::string_view text, size_t at, size_t least) {
  while (at > least) {
    size_t start = at - 1;
    while (start > least && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    if (ClassOf(ReadCharacter(text, start).code) != CharacterClass::kSpace) break;
    at = start;
  }
  return at;
}

size_t SpaceEnd(std::string_view text, size_t at) {
  while (at < text.size()) {
    const Character c = ReadCharacter(text, at);
    if (ClassOf(c.code) != CharacterClass::kSpace) break;
    at += c.size;
  }
  return at;
}

}  // namespace

AddedTokens::Set::Set(const std::vector<std::pair<std::string_view, const AddedToken*>>& contents)
    : trie({}) {
  std::vector<std::pair<std::string_view, TokenId>> numbered;
  for (const auto& [content, token] : contents) {
    if (content.empty()) continue;
    numbered.emplace_back(content, static_cast<TokenId>(tokens.size()));
    tokens.push_back(token);
    has_ordinary |= !token->special;
  }
  trie = TokenTrie(std::move(numbered));
}

AddedTokens::AddedTokens(const std::vector<AddedToken>& tokens, const Normalizer* normalizer)
    : raw_([&] {
        std::vector<std::pair<std::string_view, const AddedToken*>> raw;
        for (const AddedToken& token : tokens) {
          if (!token.normalized) raw.emplace_back(token.content, &token);
        }
        return Set(raw);
      }()),
      normalized_([&] {
        std::deque<std::string> contents;  // they stay where they are
        std::vector<std::pair<std::string_view, const AddedToken*>> normalized;
        for (const AddedToken& token : tokens) {
          if (!token.normalized) continue;
          const bool changes = normalizer != nullptr && !normalizer->empty();
          contents.push_back(changes ? normalizer->Apply(token.content) : token.content);
          normalized.emplace_back(contents.back(), &token);
        }
        return Set(normalized);
      }()) {}

std::pair<const AddedToken*, size_t> AddedTokens::Set::LongestOf(std::string_view text) const {
  std::pair<const AddedToken*, size_t> longest = {nullptr, 0};
  trie.Walk(text, [&](size_t size, TokenId number) { longest = {tokens[number], size}; });
  return longest;
}

void AddedTokens::Set::Split(std::string_view whole, size_t from, size_t to, bool special,
                             const Allowed& allowed, std::vector<Match>& matches) const {
  const std::string_view text = whole.substr(from, to - from);
  size_t done = 0;  // text before is in `matches`
  const bool any = has_ordinary || (special && !tokens.empty());
  for (size_t at = 0; any && at < text.size();) {
    const auto [token, size] = LongestOf(text.substr(at));
    if (token == nullptr) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + size;
    if (allowed && !allowed(*token, from + begin, from + end)) {
      ++at;  // a token of the program's own may begin within it
      continue;
    }
    at = end;
    if (token->special && !special) continue;
    if (token->single_word &&
        (EndsWithWord(text.substr(0, begin)) || BeginsWithWord(text.substr(end)))) {
      continue;
    }
    if (token->lstrip) begin = SpaceBegin(text, begin, done);
    if (token->rstrip) end = SpaceEnd(text, end);
    if (begin > done) matches.push_back({from + done, from + begin, nullptr});
    matches.push_back({from + begin, from + end, token});
    done = at = end;
  }
  if (done < text.size()) matches.push_back({from + done, to, nullptr});
}

std::vector<AddedTokens::Match> AddedTokens::SplitRaw(std::string_view text, bool special,
                                                      const Allowed& allowed) const {
  std::vector<Match> matches;
  raw_.Split(text, 0, text.size(), special, allowed, matches);
  return matches;
}

std::vector<AddedTokens::Match> AddedTokens::SplitNormalized(std::string_view text, bool special,
                                                             const Allowed& allowed) const {
  std::vector<Match> matches;
  normalized_.Split(text, 0, text.size(), special, allowed, matches);
  return matches;
}

std::vector<AddedTokens::Match> AddedTokens::Split(std::string_view text, bool special) const {
  std::vector<Match> both;
  for (const Match& match : SplitRaw(text, special)) {
    if (match.token != nullptr) {
      both.push_back(match);
    } else {
      normalized_.Split(text, match.begin, match.end, special, nullptr, both);
    }
  }
  return both;
}

}  // namespace parvis::text
