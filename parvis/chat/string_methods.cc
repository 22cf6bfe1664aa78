#include <algorithm>

#include "fmt/format.h"
#include "parvis/chat/characters.h"
#include "parvis/chat/text_operations.h"
#include "parvis/text/utf8.h"

namespace parvis::chat {
namespace {

// isalpha() and its like: every character has the property, and there is one.
bool AllAre(std::string_view text, bool (*property)(uint32_t)) {
  for (size_t at = 0; at < text.size();) {
    const text::Character c = text::ReadCharacter(text, at);
    if (!property(c.code)) return false;
    at += c.size;
  }
  return !text.empty();
}

bool IsTitled(std::string_view text) {
  bool any = false, after = false;
  for (size_t at = 0; at < text.size();) {
    const text::Character c = text::ReadCharacter(text, at);
    if (IsPythonUpper(c.code) || IsPythonTitle(c.code)) {
      if (after) return false;
      after = any = true;
    } else if (IsPythonLower(c.code)) {
      if (!after) return false;
      any = true;
    } else {
      after = false;
    }
    at += c.size;
  }
  return any;
}

Value Is(std::string_view name, const std::string& text) {
  if (name == "isalpha") return Value::Bool(AllAre(text, IsPythonAlpha));
  if (name == "isdigit") return Value::Bool(AllAre(text, IsPythonDigit));
  if (name == "isdecimal") return Value::Bool(AllAre(text, IsPythonDecimal));
  if (name == "isnumeric") return Value::Bool(AllAre(text, IsPythonNumeric));
  if (name == "isspace") return Value::Bool(AllAre(text, IsPythonSpace));
  if (name == "isascii") return Value::Bool(IsAscii(text));
  if (name == "istitle") return Value::Bool(IsTitled(text));
  if (name == "isalnum") {
    return Value::Bool(
        AllAre(text, [](uint32_t c) { return IsPythonAlpha(c) || IsPythonNumeric(c); }));
  }
  const bool upper = name == "isupper";
  bool any = false;
  for (size_t at = 0; at < text.size();) {
    const text::Character c = text::ReadCharacter(text, at);
    if (upper ? IsPythonUpper(c.code) : IsPythonLower(c.code)) any = true;
    if (upper ? (IsPythonLower(c.code) || IsPythonTitle(c.code))
              : (IsPythonUpper(c.code) || IsPythonTitle(c.code))) {
      return Value::Bool(false);
    }
    at += c.size;
  }
  return Value::Bool(any);
}

Value Parts(Interpreter& in, const MarkedText& text, const std::vector<ByteRange>& ranges) {
  std::vector<Value> parts;
  for (const ByteRange& range : ranges) {
    if (in.failed()) return {};
    parts.push_back(in.Substring(text, range.begin, range.end));
  }
  return in.MakeList(Kind::kList, std::move(parts));
}

Value Strip(Interpreter& in, const MarkedText& text, std::string_view name,
            const Arguments& arguments) {
  const Bound bound(in, arguments, name, {"chars"});
  if (in.failed()) return {};
  if (bound.given(0) && !bound[0].is_string()) return in.FailType(bound[0], "text");
  const Side side = name == "lstrip" ? Side::kLeft : name == "rstrip" ? Side::kRight : Side::kBoth;
  const std::string* characters = bound.given(0) ? &bound[0].bytes() : nullptr;
  in.ChargeBytes(text.bytes.size());
  if (characters != nullptr) in.Charge(text.bytes.size() * characters->size() / 64);
  if (in.failed()) return {};
  const ByteRange kept = Stripped(text.bytes, characters, side);
  return in.Substring(text, kept.begin, kept.end);
}

Value Split(Interpreter& in, const MarkedText& text, std::string_view name,
            const Arguments& arguments) {
  const Bound bound(in, arguments, name, {"sep", "maxsplit"});
  int64_t most = -1;
  if (in.failed() || (bound.has(1) && !in.Integer(bound[1], most))) return {};
  const bool from_right = name == "rsplit";
  if (!in.ChargeBytes(4 * text.bytes.size())) return {};
  if (!bound.given(0)) return Parts(in, text, SplitAtSpace(text.bytes, most, from_right));
  if (!bound[0].is_string()) return in.FailType(bound[0], "text");
  if (bound[0].bytes().empty()) return in.Fail("split at an empty text");
  return Parts(in, text, SplitAt(text.bytes, bound[0].bytes(), most, from_right));
}

Value Partition(Interpreter& in, const MarkedText& text, std::string_view name,
                const Arguments& arguments) {
  const Bound bound(in, arguments, name, {"sep"}, 1);
  if (in.failed()) return {};
  if (!bound[0].is_string()) return in.FailType(bound[0], "text");
  const std::string& separator = bound[0].bytes();
  if (separator.empty()) return in.Fail("partition at an empty text");
  if (!in.ChargeBytes(4 * text.bytes.size())) return {};
  const bool right = name == "rpartition";
  const size_t at = right ? FindLast(text.bytes, separator) : FindFirst(text.bytes, separator);
  const Value all = in.Substring(text, 0, text.bytes.size());
  const Value none = in.TemplateText("");
  if (at == std::string::npos) {
    return in.MakeList(Kind::kTuple, right ? std::vector<Value>{none, none, all}
                                           : std::vector<Value>{all, none, none});
  }
  return in.MakeList(Kind::kTuple, {in.Substring(text, 0, at), bound[0],
                                    in.Substring(text, at + separator.size(), text.bytes.size())});
}

// startswith and endswith: a text, or a tuple of them.
Value Affix(Interpreter& in, const MarkedText& text, std::string_view name,
            const Arguments& arguments) {
  const Bound bound(in, arguments, name, {"prefix", "start", "end"}, 1);
  if (in.failed()) return {};
  if (bound.has(1)) {
    const Value part = in.Slice(in.Substring(text, 0, text.bytes.size()), bound[1],
                                bound.has(2) ? bound[2] : Value::None(), Value::None());
    return in.failed() ? Value() : Affix(in, part.text(), name, {.positional = {bound[0]}});
  }
  std::vector<Value> wanted = {bound[0]};
  if (bound[0].is(Kind::kTuple)) wanted = bound[0].items();
  for (const Value& affix : wanted) {
    if (!affix.is_string()) return in.FailType(affix, "text");
    in.ChargeBytes(affix.bytes().size());
    const std::string_view view = text.bytes;
    if (name == "startswith" ? view.starts_with(affix.bytes()) : view.ends_with(affix.bytes())) {
      return Value::Bool(true);
    }
  }
  return Value::Bool(false);
}

Value Search(Interpreter& in, const MarkedText& whole, std::string_view name,
             const Arguments& arguments) {
  const Bound bound(in, arguments, name, {"sub", "start", "end"}, 1);
  if (in.failed()) return {};
  if (!bound[0].is_string()) return in.FailType(bound[0], "text");
  if (bound.has(1)) return in.Fail(fmt::format("'{}' within a part is not supported", name));
  const std::string& text = whole.bytes;
  const std::string& wanted = bound[0].bytes();
  if (!in.ChargeBytes(4 * text.size())) return {};
  if (name == "count") {
    if (wanted.empty()) return Value::Int(static_cast<int64_t>(CountCharacters(text)) + 1);
    return Value::Int(static_cast<int64_t>(SplitAt(text, wanted, -1, false).size()) - 1);
  }
  const bool last = name.starts_with('r');
  const size_t at = last ? FindLast(text, wanted) : FindFirst(text, wanted);
  if (at != std::string::npos) {
    return Value::Int(static_cast<int64_t>(CountCharacters(std::string_view(text).substr(0, at))));
  }
  if (name.ends_with("index")) return in.Fail("the text is not in the other");
  return Value::Int(-1);
}

Value Pad(Interpreter& in, const MarkedText& text, std::string_view name,
          const Arguments& arguments) {
  const Bound bound(in, arguments, name, {"width", "fillchar"}, 1);
  int64_t width;
  if (in.failed() || !in.Integer(bound[0], width)) return {};
  MarkedText fill = MarkedText::OfTemplate(name == "zfill" ? "0" : " ");
  if (bound.has(1)) {
    if (!bound[1].is_string() || CountCharacters(bound[1].bytes()) != 1) {
      return in.Fail("one character to fill with is wanted");
    }
    fill = bound[1].text();
  }
  if (name == "zfill" && (text.bytes.starts_with('-') || text.bytes.starts_with('+'))) {
    const Value digits = in.Substring(text, 1, text.bytes.size());
    const Value padded =
        in.failed() ? Value() : Padded(in, digits.text(), width - 1, fill, Align::kRight);
    if (in.failed()) return {};
    TextBuilder out = in.NewText();
    out.Append(text, 0, 1);
    out.Append(padded.text());
    return in.Make(std::move(out));
  }
  const Align align = name == "ljust"    ? Align::kLeft
                      : name == "center" ? Align::kCenter
                                         : Align::kRight;
  return Padded(in, text, width, fill, align);
}

Value RemoveAffix(Interpreter& in, const MarkedText& text, std::string_view name,
                  const Arguments& arguments) {
  const Bound bound(in, arguments, name, {"affix"}, 1);
  if (in.failed()) return {};
  if (!bound[0].is_string()) return in.FailType(bound[0], "text");
  const std::string_view view = text.bytes;
  const std::string& affix = bound[0].bytes();
  const bool prefix = name == "removeprefix";
  const bool has = !affix.empty() && (prefix ? view.starts_with(affix) : view.ends_with(affix));
  const size_t drop = has ? affix.size() : 0;
  return in.Substring(text, prefix ? drop : 0, prefix ? view.size() : view.size() - drop);
}

Value ExpandTabs(Interpreter& in, const MarkedText& text, const Arguments& arguments) {
  const Bound bound(in, arguments, "expandtabs", {"tabsize"});
  int64_t width = 8;
  if (in.failed() || (bound.has(0) && !in.Integer(bound[0], width))) return {};
  TextBuilder out = in.NewText();
  int64_t column = 0;
  for (size_t at = 0; at < text.bytes.size() && !out.overflowed() && in.Charge(1);) {
    const text::Character c = text::ReadCharacter(text.bytes, at);
    if (c.code == '\t') {
      const int64_t spaces = width > 0 ? width - column % width : 0;
      for (int64_t i = 0; i < spaces && !out.overflowed() && in.Charge(1); ++i) {
        out.AppendBytes(" ", IsCallers(text, at));
      }
      column += spaces;
    } else {
      out.Append(text, at, at + c.size);
      column = c.code == '\n' || c.code == '\r' ? 0 : column + 1;
    }
    at += c.size;
  }
  return in.Make(std::move(out));
}

}  // namespace

Value Interpreter::CallStringMethod(const Value& self, std::string_view name,
                                    const Arguments& arguments) {
  const MarkedText& text = self.text();
  if (name.ends_with("strip")) return Strip(*this, text, name, arguments);
  if (name == "split" || name == "rsplit") return Split(*this, text, name, arguments);
  if (name == "startswith" || name == "endswith") return Affix(*this, text, name, arguments);
  if (name.ends_with("partition")) return Partition(*this, text, name, arguments);
  if (name.ends_with("find") || name.ends_with("index") || name == "count") {
    return Search(*this, text, name, arguments);
  }
  if (name.starts_with("remove")) return RemoveAffix(*this, text, name, arguments);
  if (name == "format") return FormatBraces(text, arguments);
  if (name == "expandtabs") return ExpandTabs(*this, text, arguments);
  if (name == "zfill" || name == "center" || name.ends_with("just")) {
    return Pad(*this, text, name, arguments);
  }
  if (name == "replace") {
    const Bound bound(*this, arguments, name, {"old", "new", "count"}, 2);
    int64_t most = -1;
    if (failed() || (bound.has(2) && !Integer(bound[2], most))) return {};
    if (!bound[0].is_string()) return FailType(bound[0], "text");
    if (!bound[1].is_string()) return FailType(bound[1], "text");
    return Replaced(*this, text, bound[0].text(), bound[1].text(), most);
  }
  if (name == "join") {
    const Bound bound(*this, arguments, name, {"iterable"}, 1);
    std::vector<Value> items;
    if (failed() || !ItemsOf(bound[0], items)) return {};
    return Joined(*this, text, items, /*only_text=*/true);
  }
  if (name == "splitlines") {
    const Bound bound(*this, arguments, name, {"keepends"});
    if (failed() || !ChargeBytes(4 * text.bytes.size())) return {};
    return Parts(*this, text, SplitLines(text.bytes, Truth(bound[0])));
  }
  const Bound none(*this, arguments, name, {});
  if (failed()) return {};
  if (name.starts_with("is")) {
    ChargeBytes(4 * text.bytes.size());
    return Is(name, text.bytes);
  }
  return WithCase(*this, text,
                  name == "upper"        ? Case::kUpper
                  : name == "lower"      ? Case::kLower
                  : name == "casefold"   ? Case::kFold
                  : name == "capitalize" ? Case::kCapitalize
                  : name == "swapcase"   ? Case::kSwap
                                         : Case::kTitle);
}

}  // namespace parvis::chat
