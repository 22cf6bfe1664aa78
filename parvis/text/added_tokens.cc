#include "parvis/text/added_tokens.h"

#include <algorithm>

#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

bool IsWordByteBefore(std::string_view text, size_t at) {
  if (at == 0) return false;
  size_t start = at - 1;
  while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
  const uint32_t code = ReadCharacter(text, start).code;
  const CharacterClass kind = ClassOf(code);
  return kind == CharacterClass::kLetter || kind == CharacterClass::kNumber || code == '_';
}

bool IsWordByteAfter(std::string_view text, size_t at) {
  if (at >= text.size()) return false;
  const uint32_t code = ReadCharacter(text, at).code;
  const CharacterClass kind = ClassOf(code);
  return kind == CharacterClass::kLetter || kind == CharacterClass::kNumber || code == '_';
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

AddedTokens::AddedTokens(const std::vector<AddedToken>& tokens) : tokens_(tokens) {
  std::erase_if(tokens_, [](const AddedToken& token) { return token.content.empty(); });
  std::stable_sort(tokens_.begin(), tokens_.end(), [](const AddedToken& a, const AddedToken& b) {
    return a.content.size() > b.content.size();
  });
  for (uint32_t i = 0; i < tokens_.size(); ++i) {
    by_first_byte_[static_cast<unsigned char>(tokens_[i].content[0])].push_back(i);
  }
}

const AddedToken* AddedTokens::LongestAt(std::string_view text, size_t at, bool special) const {
  for (const uint32_t i : by_first_byte_[static_cast<unsigned char>(text[at])]) {
    const AddedToken& token = tokens_[i];
    if (token.special && !special) continue;
    if (text.substr(at, token.content.size()) == token.content) return &token;
  }
  return nullptr;
}

std::vector<AddedTokens::Match> AddedTokens::Split(std::string_view text, bool special) const {
  std::vector<Match> matches;
  size_t done = 0;  // text before is in `matches`
  for (size_t at = 0; at < text.size();) {
    const AddedToken* token = LongestAt(text, at, special);
    if (token == nullptr) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + token->content.size();
    at = end;
    if (token->single_word && (IsWordByteBefore(text, begin) || IsWordByteAfter(text, end))) {
      continue;
    }
    if (token->lstrip) begin = SpaceBegin(text, begin, done);
    if (token->rstrip) end = SpaceEnd(text, end);
    if (begin > done) matches.push_back({done, begin, nullptr});
    matches.push_back({begin, end, token});
    done = at = end;
  }
  if (done < text.size()) matches.push_back({done, text.size(), nullptr});
  return matches;
}

}  // namespace parvis::text
