#include "parvis/chat/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "fmt/format.h"
#include "parvis/chat/characters.h"
#include "parvis/chat/string_literal.h"
#include "parvis/text/utf8.h"

namespace parvis::chat {
namespace {

constexpr std::array<std::string_view, 6> kLongOperators = {"//", "**", "==", "!=", ">=", "<="};
constexpr std::string_view kOperators = "+-/*%~[](){}><=.:|,;";

// Newlines as "\n", without the one at the very end.
std::string NormalNewlines(std::string_view source, bool drop_last) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
  }
  if (drop_last && out.ends_with('\n')) out.pop_back();
  return out;
}

size_t SpaceEnd(std::string_view text, size_t at) {
  while (at < text.size()) {
    const text::Character c = text::ReadCharacter(text, at);
    if (!IsPythonSpace(c.code)) break;
    at += c.size;
  }
  return at;
}

// Where the white space that ends text[begin, end) begins.
size_t SpaceBegin(std::string_view text, size_t begin, size_t end) {
  while (end > begin) {
    size_t start = end - 1;
    while (start > begin && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    if (!IsPythonSpace(text::ReadCharacter(text, start).code)) break;
    end = start;
  }
  return end;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view source)
      : text_(NormalNewlines(source, /*drop_last=*/true)), source_(text_) {}

  Result<std::vector<Token>> Run() {
    while (at_ < source_.size()) {
      PARVIS_RETURN_IF_ERROR(Outside());
    }
    Add(Token::Kind::kEnd);
    return std::move(tokens_);
  }

 private:
  Status Outside();
  Status Raw(size_t body);
  Status Comment(size_t body);
  Status Inside(bool block);
  Status Number();
  Status String();
  Status Operator();
  bool EndTag(bool block);
  void AddText(size_t begin, size_t end, char sign, bool strip_line);
  bool RawTag(size_t at, size_t* body) const;
  bool EndRawTag(size_t at, char* sign, size_t* after) const;

  bool StartsWith(size_t at, std::string_view what) const {
    return source_.substr(std::min(at, source_.size())).starts_with(what);
  }
  Status Fail(const std::string& what) { return TemplateError(PositionAt(at_), what); }

  // Positions are asked for in order; what lies between is read once.
  Position PositionAt(size_t byte) {
    for (; counted_ < byte; ++counted_) {
      if (source_[counted_] == '\n') {
        ++position_.line;
        position_.column = 1;
      } else if ((static_cast<unsigned char>(source_[counted_]) & 0xC0) != 0x80) {
        ++position_.column;
      }
    }
    return position_;
  }
  Token& Add(Token::Kind kind) {
    tokens_.push_back({.kind = kind, .at = PositionAt(at_)});
    return tokens_.back();
  }

  const std::string text_;
  const std::string_view source_;
  size_t at_ = 0;
  size_t counted_ = 0;
  Position position_;
  bool line_starts_ = true;  // nothing stands on the line before at_
  std::vector<Token> tokens_;
  std::vector<char> open_;  // brackets that are to be closed
};

// Text before a tag whose sign is '-', '+' or none.
void Lexer::AddText(size_t begin, size_t end, char sign, bool strip_line) {
  if (sign == '-') {
    end = SpaceBegin(source_, begin, end);
  } else if (sign != '+' && strip_line) {
    const size_t newline = source_.substr(begin, end - begin).rfind('\n');
    const bool own_line = newline != std::string_view::npos || line_starts_;
    const size_t line = newline == std::string_view::npos ? begin : begin + newline + 1;
    if (own_line && SpaceEnd(source_.substr(0, end), line) == end) end = line;
  }
  if (end <= begin) return;
  Add(Token::Kind::kText).text = source_.substr(begin, end - begin);
}

// `{% raw %}` at `at`, with whatever signs and white space.
bool Lexer::RawTag(size_t at, size_t* body) const {
  at += 2;
  if (at < source_.size() && (source_[at] == '-' || source_[at] == '+')) ++at;
  at = SpaceEnd(source_, at);
  if (!StartsWith(at, "raw")) return false;
  at = SpaceEnd(source_, at + 3);
  if (StartsWith(at, "-%}")) {
    *body = SpaceEnd(source_, at + 3);
    return true;
  }
  *body = at + 2;
  return StartsWith(at, "%}");
}

bool Lexer::EndRawTag(size_t at, char* sign, size_t* after) const {
  at += 2;
  *sign = 0;
  if (at < source_.size() && (source_[at] == '-' || source_[at] == '+')) *sign = source_[at++];
  at = SpaceEnd(source_, at);
  if (!StartsWith(at, "endraw")) return false;
  at = SpaceEnd(source_, at + 6);
  if (StartsWith(at, "-%}")) {
    *after = SpaceEnd(source_, at + 3);
    return true;
  }
  const bool plus = StartsWith(at, "+%}");
  if (!plus && !StartsWith(at, "%}")) return false;
  *after = at + (plus ? 3 : 2);
  if (!plus && StartsWith(*after, "\n")) ++*after;
  return true;
}

// Text up to the next tag, and that tag.
Status Lexer::Outside() {
  const size_t begin = at_;
  size_t tag = begin;
  for (;; ++tag) {
    tag = source_.find('{', tag);
    if (tag == std::string_view::npos || tag + 1 >= source_.size()) {
      AddText(begin, source_.size(), '+', false);
      at_ = source_.size();
      return {};
    }
    if (source_[tag + 1] == '{' || source_[tag + 1] == '%' || source_[tag + 1] == '#') break;
  }
  const char kind = source_[tag + 1];
  size_t after = tag + 2;
  char sign = 0;
  if (after < source_.size() && (source_[after] == '-' || source_[after] == '+')) {
    sign = source_[after++];
  }
  AddText(begin, tag, sign, kind != '{');
  at_ = tag;
  size_t body;
  if (kind == '%' && RawTag(tag, &body)) return Raw(body);
  if (kind == '#') return Comment(after);
  Add(kind == '%' ? Token::Kind::kBlockBegin : Token::Kind::kVariableBegin);
  at_ = after;
  open_.clear();
  return Inside(kind == '%');
}

Status Lexer::Raw(size_t body) {
  line_starts_ = source_[body - 1] == '\n';
  for (size_t tag = source_.find("{%", body); tag != std::string_view::npos;
       tag = source_.find("{%", tag + 1)) {
    char sign;
    size_t after;
    if (!EndRawTag(tag, &sign, &after)) continue;
    AddText(body, tag, sign, true);
    at_ = after;
    line_starts_ = source_[after - 1] == '\n';
    return {};
  }
  return Fail("a raw block is not closed");
}

Status Lexer::Comment(size_t body) {
  const size_t end = source_.find("#}", body);
  if (end == std::string_view::npos) return Fail("a comment is not closed");
  const char before = end > body ? source_[end - 1] : 0;
  at_ = end + 2;
  if (before == '-') {
    at_ = SpaceEnd(source_, at_);
  } else if (before != '+' && StartsWith(at_, "\n")) {
    ++at_;
  }
  line_starts_ = source_[at_ - 1] == '\n';
  return {};
}

// The end of the tag that at_ is in, if it stands there.
bool Lexer::EndTag(bool block) {
  if (!open_.empty()) return false;
  const std::string_view end = block ? "%}" : "}}";
  size_t after;
  if (StartsWith(at_, "-") && StartsWith(at_ + 1, end)) {
    after = SpaceEnd(source_, at_ + 3);
  } else if (block && StartsWith(at_, "+%}")) {
    after = at_ + 3;
  } else if (StartsWith(at_, end)) {
    after = at_ + 2;
    if (block && StartsWith(after, "\n")) ++after;
  } else {
    return false;
  }
  Add(block ? Token::Kind::kBlockEnd : Token::Kind::kVariableEnd);
  at_ = after;
  line_starts_ = source_[after - 1] == '\n';
  return true;
}

Status Lexer::Inside(bool block) {
  while (at_ < source_.size()) {
    if (EndTag(block)) return {};
    const size_t past_space = SpaceEnd(source_, at_);
    if (past_space > at_) {
      at_ = past_space;
      continue;
    }
    const char c = source_[at_];
    if (IsDigit(c)) {
      PARVIS_RETURN_IF_ERROR(Number());
    } else if (c == '"' || c == '\'') {
      PARVIS_RETURN_IF_ERROR(String());
    } else if (IsPythonWord(text::ReadCharacter(source_, at_).code)) {
      size_t end = at_;
      while (end < source_.size()) {
        const text::Character character = text::ReadCharacter(source_, end);
        if (!text::IsWordCharacter(character.code)) break;
        end += character.size;
      }
      Add(Token::Kind::kName).text = source_.substr(at_, end - at_);
      at_ = end;
    } else {
      PARVIS_RETURN_IF_ERROR(Operator());
    }
  }
  return Fail("the template ends within a tag");
}

Status Lexer::Operator() {
  size_t size = 1;
  for (const std::string_view longer : kLongOperators) {
    if (StartsWith(at_, longer)) size = 2;
  }
  const char c = source_[at_];
  if (size == 1 && kOperators.find(c) == std::string_view::npos) {
    const text::Character character = text::ReadCharacter(source_, at_);
    return Fail(fmt::format("'{}' has no meaning here", source_.substr(at_, character.size)));
  }
  if (c == '(' || c == '[' || c == '{') {
    open_.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
  } else if (c == ')' || c == ']' || c == '}') {
    if (open_.empty()) return Fail(fmt::format("'{}' closes nothing", c));
    if (open_.back() != c) return Fail(fmt::format("'{}' where '{}' is wanted", c, open_.back()));
    open_.pop_back();
  }
  Add(Token::Kind::kOperator).text = source_.substr(at_, size);
  at_ += size;
  return {};
}

// Digits with single underscores between them; where they end.
size_t DigitsEnd(std::string_view text, size_t at, int base) {
  const auto value = [](char c) {
    if (IsDigit(c)) return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
  };
  while (at < text.size()) {
    if (value(text[at]) < base) {
      ++at;
    } else if (text[at] == '_' && at + 1 < text.size() && value(text[at + 1]) < base) {
      at += 2;
    } else {
      break;
    }
  }
  return at;
}

std::string WithoutUnderscores(std::string_view text) {
  std::string out(text);
  std::erase(out, '_');
  return out;
}

Status Lexer::Number() {
  // A number after a dot is an index (a.0.1), never a fraction.
  const size_t whole = DigitsEnd(source_, at_, 10);
  size_t end = whole;
  if (at_ == 0 || source_[at_ - 1] != '.') {
    if (StartsWith(end, ".") && end + 1 < source_.size() && IsDigit(source_[end + 1])) {
      end = DigitsEnd(source_, end + 1, 10);
    }
    if (StartsWith(end, "e") || StartsWith(end, "E")) {
      size_t digits = end + 1;
      if (StartsWith(digits, "+") || StartsWith(digits, "-")) ++digits;
      if (digits < source_.size() && IsDigit(source_[digits])) {
        end = DigitsEnd(source_, digits, 10);
      }
    }
  }
  if (end > whole) {
    const std::string plain = WithoutUnderscores(source_.substr(at_, end - at_));
    Token& token = Add(Token::Kind::kFloat);
    const auto read = std::from_chars(plain.data(), plain.data() + plain.size(), token.number);
    if (read.ec != std::errc()) return Fail("a number that is too large or too small");
    at_ = end;
    return {};
  }
  int base = 10;
  size_t begin = at_;
  if (source_[at_] == '0' && at_ + 1 < source_.size()) {
    const char kind = static_cast<char>(source_[at_ + 1] | 0x20);
    base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 10;
    if (base != 10) begin = at_ + 2;
    if (base != 10 && StartsWith(begin, "_")) ++begin;
  }
  end = DigitsEnd(source_, begin, base);
  if (base == 10 && source_[at_] == '0') {
    end = begin;  // zeros only
    while (StartsWith(end, "0") || (StartsWith(end, "_0"))) end += source_[end] == '_' ? 2 : 1;
  }
  if (end == begin) return Fail("a number without digits");
  const std::string plain = WithoutUnderscores(source_.substr(begin, end - begin));
  Token& token = Add(Token::Kind::kInteger);
  const auto read = std::from_chars(plain.data(), plain.data() + plain.size(), token.integer, base);
  if (read.ec != std::errc()) return Fail("a number that is too large");
  at_ = end;
  return {};
}

Status Lexer::String() {
  const char quote = source_[at_];
  size_t end = at_ + 1;
  while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
  if (end >= source_.size()) return Fail("a string is not closed");
  const auto decoded = DecodeStringLiteral(source_.substr(at_ + 1, end - at_ - 1));
  if (!decoded.ok()) return Fail(decoded.status().message());
  Add(Token::Kind::kString).text = *decoded;
  at_ = end + 1;
  return {};
}

}  // namespace

Status TemplateError(Position at, const std::string& what) {
  return DataLoss(fmt::format("chat template, line {}, column {}: {}", at.line, at.column, what));
}

Result<std::vector<Token>> Tokenize(std::string_view source) {
  if (!text::IsValidUtf8(source)) return DataLoss("chat template: not valid UTF-8");
  return Lexer(source).Run();
}

}  // namespace parvis::chat
