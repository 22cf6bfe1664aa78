#include "parvis/text/pretokenizer.h"

#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

struct Row {
  PreTokenizer kind;
  std::string_view name, pattern;
};

constexpr Row kRows[] = {
    {PreTokenizer::kGpt2, "gpt2",
     R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"},
    {PreTokenizer::kLlama3, "llama3",
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"},
    {PreTokenizer::kQwen2, "qwen2",
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"},
    {PreTokenizer::kBloom, "bloom", R"( ?[^(\s|[.,!?…。，、।۔،])]+)"},
    {PreTokenizer::kStarCoder, "starcoder", ""},
};

// Reads characters with their class; past the end `size` is 0.
struct Scanned {
  uint32_t code = 0;
  uint32_t size = 0;
  CharacterClass kind = CharacterClass::kOther;
};

Scanned At(std::string_view text, size_t at) {
  if (at >= text.size()) return {};
  const Character c = ReadCharacter(text, at);
  return {c.code, c.size, ClassOf(c.code)};
}

bool Is(const Scanned& c, CharacterClass kind) { return c.size > 0 && c.kind == kind; }
bool IsNewline(const Scanned& c) { return c.size > 0 && (c.code == '\r' || c.code == '\n'); }

// The end of the longest run of `kind` from `at`, at most `most` characters.
size_t RunEnd(std::string_view text, size_t at, CharacterClass kind, size_t most = SIZE_MAX) {
  for (size_t n = 0; n < most; ++n) {
    const Scanned c = At(text, at);
    if (!Is(c, kind)) break;
    at += c.size;
  }
  return at;
}

// 's 't 'm 'd 're 've 'll. The end, or `at` if there is none. In any case, U+017F is an s too.
size_t ContractionEnd(std::string_view text, size_t at, bool any_case) {
  if (text[at] != '\'') return at;
  const auto letter = [&](size_t i) -> Scanned {
    Scanned c = At(text, i);
    if (any_case && c.code >= 'A' && c.code <= 'Z') c.code += 'a' - 'A';
    if (any_case && c.code == 0x17F) c.code = 's';
    return c;
  };
  const Scanned a = letter(at + 1);
  if (a.size == 0) return at;
  if (a.code == 's' || a.code == 't' || a.code == 'm' || a.code == 'd') return at + 1 + a.size;
  const Scanned b = letter(at + 1 + a.size);
  const bool two = (a.code == 'r' && b.code == 'e') || (a.code == 'v' && b.code == 'e') ||
                   (a.code == 'l' && b.code == 'l');
  return two && b.size > 0 ? at + 1 + a.size + b.size : at;
}

// \s+(?!\S)|\s+ : a run of white space, but for its last character if text follows.
size_t SpaceEnd(std::string_view text, size_t at) {
  size_t end = at, last = at;
  while (true) {
    const Scanned c = At(text, end);
    if (!Is(c, CharacterClass::kSpace)) break;
    last = end;
    end += c.size;
  }
  return end < text.size() && last > at ? last : end;
}

size_t Gpt2PieceEnd(std::string_view text, size_t at) {
  if (const size_t end = ContractionEnd(text, at, false); end > at) return end;
  const size_t start = text[at] == ' ' ? at + 1 : at;
  const Scanned c = At(text, start);
  if (c.size > 0 && c.kind != CharacterClass::kSpace) return RunEnd(text, start, c.kind);
  return SpaceEnd(text, at);
}

size_t Llama3PieceEnd(std::string_view text, size_t at, size_t digits) {
  if (const size_t end = ContractionEnd(text, at, true); end > at) return end;
  const Scanned first = At(text, at);
  if (first.kind == CharacterClass::kLetter) return RunEnd(text, at, CharacterClass::kLetter);
  if (first.kind == CharacterClass::kNumber) {
    return RunEnd(text, at, CharacterClass::kNumber, digits);
  }
  const Scanned second = At(text, at + first.size);
  if (!IsNewline(first) && Is(second, CharacterClass::kLetter)) {
    return RunEnd(text, at + first.size, CharacterClass::kLetter);
  }
  const size_t start = first.code == ' ' ? at + 1 : at;
  if (Is(At(text, start), CharacterClass::kOther)) {
    size_t end = RunEnd(text, start, CharacterClass::kOther);
    while (end < text.size() && (text[end] == '\r' || text[end] == '\n')) ++end;
    return end;
  }
  // \s*[\r\n]+ : up to the run's last line end, if it has one.
  size_t after_newline = at;
  for (size_t end = at;;) {
    const Scanned c = At(text, end);
    if (!Is(c, CharacterClass::kSpace)) break;
    end += c.size;
    if (IsNewline(c)) after_newline = end;
  }
  return after_newline > at ? after_newline : SpaceEnd(text, at);
}

// Within BLOOM's brackets: not white space, none of "(|)", none of its punctuation.
bool IsBloomWord(const Scanned& c) {
  if (c.size == 0 || c.kind == CharacterClass::kSpace) return false;
  switch (c.code) {
    case '(':
    case ')':
    case '|':
    case '.':
    case ',':
    case '!':
    case '?':
    case 0x2026:  // …
    case 0x3002:  // 。
    case 0xFF0C:  // ，
    case 0x3001:  // 、
    case 0x0964:  // ।
    case 0x06D4:  // ۔
    case 0x060C:  // ،
      return false;
    default:
      return true;
  }
}

bool BloomWordBegins(std::string_view text, size_t at) {
  return IsBloomWord(At(text, text[at] == ' ' ? at + 1 : at));
}

// What the pattern finds, or all that stands between two of its finds.
size_t BloomPieceEnd(std::string_view text, size_t at) {
  if (!BloomWordBegins(text, at)) {
    while (at < text.size() && !BloomWordBegins(text, at)) at += At(text, at).size;
    return at;
  }
  for (at += At(text, at).size; IsBloomWord(At(text, at));) at += At(text, at).size;
  return at;
}

// Digits are pieces of their own, and GPT-2's pattern sees no further than the next one: white
// space before it is at the end of a text.
size_t StarCoderPieceEnd(std::string_view text, size_t at) {
  const Scanned first = At(text, at);
  if (first.kind == CharacterClass::kNumber) return at + first.size;
  if (first.kind == CharacterClass::kSpace) {
    const size_t end = RunEnd(text, at, CharacterClass::kSpace);
    if (Is(At(text, end), CharacterClass::kNumber)) return end;
  }
  return Gpt2PieceEnd(text, at);
}

}  // namespace

std::string_view PreTokenizerName(PreTokenizer kind) { return kRows[static_cast<int>(kind)].name; }

std::optional<PreTokenizer> PreTokenizerFromName(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.kind;
  }
  return std::nullopt;
}

std::string_view PatternOf(PreTokenizer kind) { return kRows[static_cast<int>(kind)].pattern; }

std::optional<PreTokenizer> PreTokenizerFromPattern(std::string_view pattern) {
  for (const Row& row : kRows) {
    if (!pattern.empty() && row.pattern == pattern) return row.kind;
  }
  return std::nullopt;
}

size_t PieceEnd(PreTokenizer kind, std::string_view text, size_t at) {
  switch (kind) {
    case PreTokenizer::kGpt2:
      return Gpt2PieceEnd(text, at);
    case PreTokenizer::kLlama3:
      return Llama3PieceEnd(text, at, 3);
    case PreTokenizer::kQwen2:
      return Llama3PieceEnd(text, at, 1);
    case PreTokenizer::kBloom:
      return BloomPieceEnd(text, at);
    case PreTokenizer::kStarCoder:
      return StarCoderPieceEnd(text, at);
  }
  return text.size();
}

}  // namespace parvis::text
