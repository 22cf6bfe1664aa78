#include "parvis/grammar/regex.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parvis/grammar/code_ranges.h"
#include "parvis/text/utf8.h"

namespace parvis::grammar {
namespace {

constexpr size_t kMaxPatternBytes = 4096;
constexpr int kMaxGroups = 50;  // in one another
constexpr int64_t kMaxRepeats = 2000;
constexpr int64_t kUnbounded = -1;

struct Expression {
  enum class Kind { kEmpty, kCharacter, kSequence, kEither, kRepeat, kBegin, kEnd };
  Kind kind = Kind::kEmpty;
  CodeRanges ranges;              // kCharacter
  std::vector<Expression> parts;  // kSequence, kEither; one of kRepeat
  int64_t least = 0, most = 0;    // kRepeat
};

class Parser {
 public:
  explicit Parser(std::string_view pattern) : pattern_(pattern) {}

  Result<Expression> Parse() {
    PARVIS_ASSIGN_OR_RETURN(Expression all, Either(0));
    if (at_ < pattern_.size()) return Refuse("a ) that closes nothing");
    return all;
  }

 private:
  using Kind = Expression::Kind;

  bool Peek(char c) const { return at_ < pattern_.size() && pattern_[at_] == c; }
  bool Take(std::string_view what) {
    if (!pattern_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  Status Refuse(const std::string& why) const {
    return InvalidArgument("byte " + std::to_string(at_) + ": " + why);
  }

  Result<Expression> Either(int depth) {
    if (depth > kMaxGroups) return Refuse("more than 50 groups in one another");
    Expression either{.kind = Kind::kEither};
    do {
      Expression sequence{.kind = Kind::kSequence};
      while (at_ < pattern_.size() && !Peek('|') && !Peek(')')) {
        PARVIS_ASSIGN_OR_RETURN(Expression part, Repeated(depth));
        sequence.parts.push_back(std::move(part));
      }
      either.parts.push_back(std::move(sequence));
    } while (Take("|"));
    return either;
  }

  Result<Expression> Repeated(int depth) {
    PARVIS_ASSIGN_OR_RETURN(Expression one, Atom(depth));
    int64_t least = 1, most = 1;
    if (Take("*")) {
      least = 0, most = kUnbounded;
    } else if (Take("+")) {
      most = kUnbounded;
    } else if (Take("?")) {
      least = 0;
    } else if (Peek('{')) {
      PARVIS_RETURN_IF_ERROR(Counts(&least, &most));
    } else {
      return one;
    }
    if (one.kind == Kind::kBegin || one.kind == Kind::kEnd) return Refuse("nothing to repeat");
    Take("?");
    if (Peek('*') || Peek('+') || Peek('?') || Peek('{')) return Refuse("nothing to repeat");
    Expression repeat{.kind = Kind::kRepeat, .least = least, .most = most};
    repeat.parts.push_back(std::move(one));
    return repeat;
  }

  Status Counts(int64_t* least, int64_t* most) {
    ++at_;
    const auto low = Number();
    if (!low) return Refuse("expected a number of at most 2000");
    *least = *most = *low;
    if (Take(",")) {
      *most = kUnbounded;
      if (!Peek('}')) {
        const auto high = Number();
        if (!high || *high < *low) return Refuse("expected a number of at most 2000, not less");
        *most = *high;
      }
    }
    return Take("}") ? Status() : Refuse("expected }");
  }

  std::optional<int64_t> Number() {
    const size_t begin = at_;
    int64_t value = 0;
    while (at_ < pattern_.size() && pattern_[at_] >= '0' && pattern_[at_] <= '9') {
      value = value * 10 + (pattern_[at_++] - '0');
      if (value > kMaxRepeats) return std::nullopt;
    }
    return at_ == begin ? std::nullopt : std::optional(value);
  }

  Result<Expression> Atom(int depth) {
    if (Take("(")) {
      if (!Take("?:") && Peek('?')) return Refuse("(? is supported as (?: only");
      PARVIS_ASSIGN_OR_RETURN(Expression group, Either(depth + 1));
      if (!Take(")")) return Refuse("a group is not closed");
      return group;
    }
    if (Take("^")) return Expression{.kind = Kind::kBegin};
    if (Take("$")) return Expression{.kind = Kind::kEnd};
    if (Take("[")) return Class();
    if (Take(".")) {
      return CharacterOf(Complement({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}));
    }
    if (Peek('*') || Peek('+') || Peek('?') || Peek('{')) return Refuse("nothing to repeat");
    if (Peek('}') || Peek(']')) return Refuse("write \\ before it");
    PARVIS_ASSIGN_OR_RETURN(CodeRanges ranges, OneOrEscape());
    return CharacterOf(std::move(ranges));
  }

  static Expression CharacterOf(CodeRanges ranges) {
    return {.kind = Kind::kCharacter, .ranges = std::move(ranges)};
  }

  Result<Expression> Class() {
    const bool negated = Take("^");
    CodeRanges all;
    while (!Take("]")) {
      if (at_ >= pattern_.size()) return Refuse("a class is not closed");
      PARVIS_ASSIGN_OR_RETURN(CodeRanges first, OneOrEscape());
      if (Peek('-') && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']') {
        ++at_;
        PARVIS_ASSIGN_OR_RETURN(const CodeRanges last, OneOrEscape());
        const bool single = first.size() == 1 && last.size() == 1 &&
                            first[0].first == first[0].second && last[0].first == last[0].second;
        if (!single || first[0].first > last[0].first) return Refuse("no range");
        first[0].second = last[0].first;
      }
      all.insert(all.end(), first.begin(), first.end());
    }
    all = Normalized(std::move(all));
    return CharacterOf(negated ? Complement(all) : std::move(all));
  }

  // A character as it stands, or what \… means.
  Result<CodeRanges> OneOrEscape() {
    if (!Take("\\")) {
      const text::Character c = text::ReadCharacter(pattern_, at_);
      if (!c.valid) return Refuse("not UTF-8");
      at_ += c.size;
      return CodeRanges{{c.code, c.code}};
    }
    if (at_ >= pattern_.size()) return Refuse("\\ at the end");
    const char c = pattern_[at_++];
    if (const CodeRanges* named = NamedClass(c)) return *named;
    if (const auto code = ControlEscape(c)) return CodeRanges{{*code, *code}};
    if (c == 'x' || c == 'u') {
      PARVIS_ASSIGN_OR_RETURN(const uint32_t code, Hexadecimal(c));
      return CodeRanges{{code, code}};
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || static_cast<unsigned char>(c) >= 0x80) {
      --at_;
      return Refuse(std::string("\\ and this character are not supported"));
    }
    const auto code = static_cast<uint32_t>(c);
    return CodeRanges{{code, code}};
  }

  std::optional<uint32_t> ControlEscape(char c) {
    constexpr std::string_view kNames = "tnvfr", kCodes = "\t\n\v\f\r";
    if (const size_t i = kNames.find(c); i != std::string_view::npos) return kCodes[i];
    if (c == '0' && !(at_ < pattern_.size() && pattern_[at_] >= '0' && pattern_[at_] <= '9')) {
      return 0;
    }
    if (c == 'c' && at_ < pattern_.size() && (pattern_[at_] | 0x20) >= 'a' &&
        (pattern_[at_] | 0x20) <= 'z') {
      return pattern_[at_++] & 0x1F;
    }
    return std::nullopt;
  }

  Result<uint32_t> Hexadecimal(char kind) {
    PARVIS_ASSIGN_OR_RETURN(uint32_t code, Digits(kind));
    const bool high = kind == 'u' && code >= 0xD800 && code < 0xDC00;
    if (high && Take("\\u")) {
      PARVIS_ASSIGN_OR_RETURN(const uint32_t low, Digits('u'));
      if (low >= 0xDC00 && low < 0xE000) return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (code > kLastCodePoint || (code >= 0xD800 && code < 0xE000)) return Refuse("no character");
    return code;
  }

  Result<uint32_t> Digits(char kind) {
    const bool braces = kind == 'u' && Take("{");
    const size_t wanted = braces ? 6 : kind == 'u' ? 4 : 2;
    uint32_t code = 0;
    size_t digits = 0;
    for (; digits < wanted && at_ < pattern_.size(); ++digits, ++at_) {
      const char c = pattern_[at_];
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9') {
        code = code * 16 + static_cast<uint32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        code = code * 16 + static_cast<uint32_t>(lower - 'a' + 10);
      } else {
        break;
      }
    }
    if (braces ? digits == 0 || !Take("}") : digits != wanted) {
      return Refuse("expected hexadecimal digits");
    }
    return code;
  }

  std::string_view pattern_;
  size_t at_ = 0;
};

// Adds an expression's nodes between two others.
class Builder {
 public:
  Builder(Nfa& nfa, Budget& budget) : nfa_(nfa), budget_(budget) {}

  bool Add(const Expression& e, uint32_t from, uint32_t to) {
    if (!budget_.Work(20) || nfa_.nodes.size() > kMaxNodes) return false;
    using Kind = Expression::Kind;
    switch (e.kind) {
      case Kind::kEmpty:
        nfa_.Link(from, to);
        return true;
      case Kind::kBegin:
        nfa_.Link(from, to, Nfa::When::kAtStart);
        return true;
      case Kind::kEnd:
        nfa_.Link(from, to, Nfa::When::kAtEnd);
        return true;
      case Kind::kCharacter:
        nfa_.Character(from, e.ranges, to);
        return true;
      case Kind::kEither:
        return std::all_of(e.parts.begin(), e.parts.end(),
                           [&](const Expression& part) { return Add(part, from, to); });
      case Kind::kSequence:
        for (const Expression& part : e.parts) {
          const uint32_t next = nfa_.Add();
          if (!Add(part, from, next)) return false;
          from = next;
        }
        nfa_.Link(from, to);
        return true;
      case Kind::kRepeat:
        return AddRepeat(e, from, to);
    }
    return false;
  }

 private:
  static constexpr size_t kMaxNodes = 50'000;

  bool AddRepeat(const Expression& e, uint32_t from, uint32_t to) {
    const auto once = [&] {
      const uint32_t next = nfa_.Add();
      const bool added = Add(e.parts[0], from, next);
      from = next;
      return added;
    };
    for (int64_t i = 0; i < e.least; ++i) {
      if (!once()) return false;
    }
    if (e.most == kUnbounded) {
      const uint32_t loop = nfa_.Add();  // of its own: nobody else's edges lead into it
      nfa_.Link(from, loop);
      nfa_.Link(loop, to);
      return Add(e.parts[0], loop, loop);
    }
    nfa_.Link(from, to);
    for (int64_t i = e.least; i < e.most; ++i) {
      if (!once()) return false;
      nfa_.Link(from, to);
    }
    return true;
  }

  Nfa& nfa_;
  Budget& budget_;
};

}  // namespace

Result<Dfa> CompilePattern(std::string_view pattern, Budget& budget) {
  if (pattern.size() > kMaxPatternBytes) {
    return ResourceExhausted("more than 4096 bytes");
  }
  PARVIS_ASSIGN_OR_RETURN(const Expression expression, Parser(pattern).Parse());
  Nfa nfa;
  const uint32_t before = nfa.Add(), after = nfa.Add();
  nfa.Link(Nfa::kStart, before);
  nfa.Character(before, AllCharacters(), before);
  nfa.Character(after, AllCharacters(), after);
  nfa.Link(after, Nfa::kAccept);
  if (!Builder(nfa, budget).Add(expression, before, after)) return Budget::Exceeded();
  return MakeDfa(nfa, budget);
}

}  // namespace parvis::grammar
