#include "parvis/text/added_tokens.h"

#include <algorithm>
#include <functional>

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

AddedTokens::AddedTokens(const std::vector<AddedToken>& tokens, const Normalizer* normalizer) {
  for (const AddedToken& token : tokens) {
    std::string_view content = token.content;
    if (token.normalized && normalizer != nullptr && !normalizer->empty()) {
      content = contents_.emplace_back(normalizer->Apply(content));
    }
    (token.normalized ? normalized_ : raw_).Add(token, content);
  }
}

void AddedTokens::Set::Add(const AddedToken& token, std::string_view content) {
  if (content.empty() || !by_content.emplace(content, &token).second) return;
  has_ordinary |= !token.special;
  std::vector<size_t>& of_byte = sizes[static_cast<unsigned char>(content[0])];
  const size_t size = content.size();
  const auto at = std::lower_bound(of_byte.begin(), of_byte.end(), size, std::greater<>());
  if (at == of_byte.end() || *at != size) of_byte.insert(at, size);
}

std::pair<const AddedToken*, size_t> AddedTokens::Set::LongestAt(std::string_view text,
                                                                 size_t at) const {
  for (const size_t size : sizes[static_cast<unsigned char>(text[at])]) {
    if (size > text.size() - at) continue;
    const auto found = by_content.find(text.substr(at, size));
    if (found != by_content.end()) return {found->second, size};
  }
  return {nullptr, 0};
}

void AddedTokens::Set::Split(std::string_view whole, size_t from, size_t to, bool special,
                             std::vector<Match>& matches) const {
  const std::string_view text = whole.substr(from, to - from);
  size_t done = 0;  // text before is in `matches`
  const bool any = has_ordinary || (special && !by_content.empty());
  for (size_t at = 0; any && at < text.size();) {
    const auto [token, size] = LongestAt(text, at);
    if (token == nullptr) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + size;
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

std::vector<AddedTokens::Match> AddedTokens::SplitRaw(std::string_view text, bool special) const {
  std::vector<Match> matches;
  raw_.Split(text, 0, text.size(), special, matches);
  return matches;
}

std::vector<AddedTokens::Match> AddedTokens::SplitNormalized(std::string_view text,
                                                             bool special) const {
  std::vector<Match> matches;
  normalized_.Split(text, 0, text.size(), special, matches);
  return matches;
}

std::vector<AddedTokens::Match> AddedTokens::Split(std::string_view text, bool special) const {
  std::vector<Match> both;
  for (const Match& match : SplitRaw(text, special)) {
    if (match.token != nullptr) {
      both.push_back(match);
    } else {
      normalized_.Split(text, match.begin, match.end, special, both);
    }
  }
  return both;
}

}  // namespace parvis::text
