#include "parvis/chat/filters.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "fmt/format.h"
#include "parvis/chat/characters.h"
#include "parvis/chat/numbers.h"
#include "parvis/chat/text_operations.h"
#include "parvis/text/utf8.h"

namespace parvis::chat {
namespace {

template <Case kHow>
Value CaseFilter(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound none(in, arguments, "upper, lower, title or capitalize", {});
  const Value text = in.ToText(input);
  return in.failed() ? Value() : WithCase(in, text.text(), kHow);
}

Value Trim(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "trim", {"chars"});
  const Value text = in.ToText(input);
  if (in.failed()) return {};
  return in.CallStringMethod(text, "strip",
                             {.positional = {bound.has(0) ? bound[0] : Value::None()}});
}

Value Replace(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "replace", {"old", "new", "count"}, 2);
  const Value text = in.ToText(input), what = in.ToText(bound[0]), by = in.ToText(bound[1]);
  int64_t most = -1;
  if (in.failed() || (bound.given(2) && !in.Integer(bound[2], most))) return {};
  return Replaced(in, text.text(), what.text(), by.text(), most);
}

Value String(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound none(in, arguments, "string", {});
  return in.ToText(input);
}

Value Center(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "center", {"width"});
  const Value text = in.ToText(input);
  int64_t width = 80;
  if (in.failed() || (bound.has(0) && !in.Integer(bound[0], width))) return {};
  return Padded(in, text.text(), width, MarkedText::OfTemplate(" "), Align::kCenter);
}

Value Indent(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "indent", {"width", "first", "blank"});
  if (in.failed()) return {};
  if (!input.is_string()) return in.FailType(input, "text");
  Value by;
  if (bound.has(0) && bound[0].is_string()) {
    by = bound[0];
  } else {
    int64_t width = 4;
    if (bound.has(0) && !in.Integer(bound[0], width)) return {};
    by = Padded(in, {}, width, MarkedText::OfTemplate(" "), Align::kLeft);
  }
  const bool first = in.Truth(bound[1]), blank = in.Truth(bound[2]);
  if (in.failed() || !in.ChargeBytes(4 * input.bytes().size())) return {};
  TextBuilder out = in.NewText();
  if (first) out.Append(by.text());
  bool later = false;
  // As if one more newline ended the text, so that one at its end makes a last, empty line.
  for (const ByteRange& line : SplitLines(input.bytes() + "\n", false)) {
    if (later) out.AppendTemplate("\n");
    if (later && (blank || line.end > line.begin)) out.Append(by.text());
    out.Append(input.text(), line.begin, std::min(line.end, input.bytes().size()));
    later = true;
    if (out.overflowed() || !in.Charge(1)) break;
  }
  return in.Make(std::move(out));
}

Value Truncate(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "truncate", {"length", "killwords", "end", "leeway"});
  int64_t length = 255, leeway = 5;
  if (in.failed() || (bound.has(0) && !in.Integer(bound[0], length))) return {};
  if (bound.given(3) && !in.Integer(bound[3], leeway)) return {};
  const Value end = bound.has(2) ? bound[2] : in.TemplateText("...");
  if (!end.is_string()) return in.FailType(end, "text");
  int64_t size, end_size;
  if (!in.Length(input, size) || !in.Length(end, end_size)) return {};
  if (length < end_size || leeway < 0) return in.Fail("'truncate' to less than its end");
  if (size <= length + leeway) return input;
  if (!input.is_string()) return in.FailType(input, "text");
  const std::string_view bytes = input.bytes();
  size_t cut = ByteOfCharacter(bytes, static_cast<size_t>(length - end_size));
  if (!in.Truth(bound[1])) {
    const size_t space = FindLast(bytes.substr(0, cut), " ");
    if (space != std::string_view::npos) cut = space;
  }
  TextBuilder out = in.NewText();
  out.Append(input.text(), 0, cut);
  out.Append(end.text());
  return in.Make(std::move(out));
}

Value Escape(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound none(in, arguments, "escape", {});
  const Value text = in.ToText(input);
  if (in.failed() || !in.ChargeBytes(4 * text.bytes().size())) return {};
  TextBuilder out = in.NewText();
  const std::string& bytes = text.bytes();
  for (size_t at = 0; at < bytes.size();) {
    const size_t next = std::min(bytes.find_first_of("&<>'\"", at), bytes.size());
    out.Append(text.text(), at, next);
    if (next == bytes.size()) break;
    const char c = bytes[next];
    out.AppendBytes(c == '&'    ? "&amp;"
                    : c == '<'  ? "&lt;"
                    : c == '>'  ? "&gt;"
                    : c == '\'' ? "&#39;"
                                : "&#34;",
                    IsCallers(text.text(), next));
    at = next + 1;
  }
  return in.Make(std::move(out));
}

Value Format(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Value text = in.ToText(input);
  if (in.failed()) return {};
  if (arguments.named.empty()) {
    const Value values = in.MakeList(Kind::kTuple, arguments.positional);
    return in.failed() ? Value() : in.FormatPercent(text.text(), values);
  }
  if (!arguments.positional.empty()) return in.Fail("'format' takes names or none, not both");
  DictObject dict;
  for (const auto& [name, value] : arguments.named) Set(dict, in.TemplateText(name), value);
  return in.FormatPercent(text.text(), in.heap().Dict(std::move(dict)));
}

Value WordCount(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound none(in, arguments, "wordcount", {});
  const Value text = in.ToText(input);
  if (in.failed() || !in.ChargeBytes(4 * text.bytes().size())) return {};
  int64_t words = 0;
  bool inside = false;
  for (size_t at = 0; at < text.bytes().size();) {
    const text::Character c = text::ReadCharacter(text.bytes(), at);
    const bool word = IsPythonWord(c.code);
    if (word && !inside) ++words;
    inside = word;
    at += c.size;
  }
  return Value::Int(words);
}

Value Abs(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound none(in, arguments, "abs", {});
  if (in.failed()) return {};
  if (!input.is_number()) return in.FailType(input, "a number");
  if (input.is(Kind::kFloat)) return Value::Float(std::abs(input.number()));
  return input.integer() < 0 ? in.Binary("-", Value::Int(0), input) : Value::Int(input.integer());
}

Value ToInt(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "int", {"default", "base"});
  int64_t base = 10;
  if (in.failed() || (bound.has(1) && !in.Integer(bound[1], base))) return {};
  const Value otherwise = bound.has(0) ? bound[0] : Value::Int(0);
  if (input.is_undefined()) return in.FailType(input, "a number");
  double number;
  if (input.is_integer()) return Value::Int(input.integer());
  if (input.is_string()) {
    in.ChargeBytes(input.bytes().size());
    if (const auto whole = ParsePythonInt(input.bytes(), static_cast<int>(base))) {
      return Value::Int(*whole);
    }
    const auto parsed = ParsePythonFloat(input.bytes());
    if (!parsed || !std::isfinite(*parsed)) return otherwise;
    number = *parsed;
  } else if (input.is(Kind::kFloat)) {
    number = input.number();
    if (std::isnan(number)) return otherwise;
    if (std::isinf(number)) return in.Fail("infinity is no whole number");
  } else {
    return otherwise;
  }
  if (std::abs(number) >= 9.2e18) return in.Fail("a number that is too large");
  return Value::Int(static_cast<int64_t>(number));
}

Value ToFloat(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "float", {"default"});
  if (in.failed()) return {};
  if (input.is_undefined()) return in.FailType(input, "a number");
  if (input.is_number()) return Value::Float(input.number());
  if (input.is_string()) {
    in.ChargeBytes(input.bytes().size());
    if (const auto parsed = ParsePythonFloat(input.bytes())) return Value::Float(*parsed);
  }
  return bound.has(0) ? bound[0] : Value::Float(0.0);
}

Value Round(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "round", {"precision", "method"});
  int64_t precision = 0;
  if (in.failed() || (bound.has(0) && !in.Integer(bound[0], precision))) return {};
  if (!input.is_number()) return in.FailType(input, "a number");
  if (precision < -15 || precision > 300) return in.Fail("'round' to too many places");
  const std::string method =
      bound.has(1) && bound[1].is_string() ? bound[1].bytes() : std::string("common");
  const double value = input.number();
  if (method == "ceil" || method == "floor") {
    const double scale = std::pow(10.0, static_cast<double>(precision));
    const double scaled = value * scale;
    return Value::Float((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
  }
  if (method != "common" || (bound.has(1) && !bound[1].is_string())) {
    return in.Fail("'round' has the methods common, ceil and floor");
  }
  if (input.is_integer() && precision >= 0) return Value::Int(input.integer());
  if (input.is_integer()) {
    return Value::Int(RoundToTens(input.integer(), static_cast<int>(-precision)));
  }
  return Value::Float(RoundLikePython(value, static_cast<int>(precision)));
}

Value Json(Interpreter& in, const Value& input, const Arguments& arguments) {
  return in.ToJson(input, arguments);
}

constexpr auto kFilters = std::to_array<std::pair<std::string_view, Filter>>({
    {"abs", Abs},
    {"capitalize", CaseFilter<Case::kCapitalize>},
    {"center", Center},
    {"e", Escape},
    {"escape", Escape},
    {"float", ToFloat},
    {"forceescape", Escape},
    {"format", Format},
    {"indent", Indent},
    {"int", ToInt},
    {"lower", CaseFilter<Case::kLower>},
    {"replace", Replace},
    {"round", Round},
    {"safe", String},
    {"string", String},
    {"title", CaseFilter<Case::kTitleOfFilter>},
    {"tojson", Json},
    {"trim", Trim},
    {"truncate", Truncate},
    {"upper", CaseFilter<Case::kUpper>},
    {"wordcount", WordCount},
});

}  // namespace

Filter FindTextFilter(std::string_view name) {
  for (const auto& [own, filter] : kFilters) {
    if (own == name) return filter;
  }
  return nullptr;
}

Value Interpreter::ApplyFilter(std::string_view name, const Value& input,
                               const Arguments& arguments) {
  Deeper deeper(*this);
  if (!deeper.ok() || !Charge(1)) return {};
  Filter filter = FindTextFilter(name);
  if (filter == nullptr) filter = FindSequenceFilter(name);
  if (filter == nullptr) return Fail(fmt::format("there is no filter '{}'", name.substr(0, 60)));
  const Value result = filter(*this, input, arguments);
  return failed() ? Value() : result;
}

}  // namespace parvis::chat
