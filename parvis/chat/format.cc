// Formatting of text: `"%s" % value` and `"{}".format(value)`, as far as templates use them.

#include "fmt/format.h"

#include <cmath>
#include <cstdio>

#include "parvis/chat/characters.h"
#include "parvis/chat/interpreter.h"
#include "parvis/chat/text_operations.h"

namespace parvis::chat {
namespace {

constexpr int64_t kMostWidth = 10'000;

// One %-directive.
struct Directive {
  std::string name;
  bool has_name = false, left = false, zero = false, plus = false, space = false, alternate = false;
  int64_t width = 0, precision = -1;
  char type = 0;
};

// Reads a directive that begins after its '%' at `at`; false if it is not one.
bool ReadDirective(std::string_view text, size_t& at, Directive& d) {
  if (at < text.size() && text[at] == '(') {
    const size_t end = text.find(')', at);
    if (end == std::string_view::npos) return false;
    d.name = text.substr(at + 1, end - at - 1);
    d.has_name = true;
    at = end + 1;
  }
  for (; at < text.size(); ++at) {
    bool* flag = text[at] == '-'   ? &d.left
                 : text[at] == '0' ? &d.zero
                 : text[at] == '+' ? &d.plus
                 : text[at] == ' ' ? &d.space
                 : text[at] == '#' ? &d.alternate
                                   : nullptr;
    if (flag == nullptr) break;
    *flag = true;
  }
  const auto number = [&](int64_t& value) {
    value = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      value = std::min(value * 10 + (text[at] - '0'), kMostWidth + 1);
    }
  };
  number(d.width);
  if (at < text.size() && text[at] == '.') {
    ++at;
    number(d.precision);
  }
  if (at >= text.size() || d.width > kMostWidth || d.precision > kMostWidth) return false;
  d.type = text[at++];
  return true;
}

std::string WithSign(const Directive& d, bool negative, std::string digits) {
  const std::string sign = negative ? "-" : d.plus ? "+" : d.space ? " " : "";
  const auto width = static_cast<size_t>(d.width);
  if (d.zero && !d.left && sign.size() + digits.size() < width) {
    digits.insert(0, width - sign.size() - digits.size(), '0');
  }
  return sign + digits;
}

std::string WholeText(const Directive& d, int64_t value) {
  const bool negative = value < 0;
  const uint64_t size = negative ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  std::string digits = d.type == 'x'   ? fmt::format("{:x}", size)
                       : d.type == 'X' ? fmt::format("{:X}", size)
                       : d.type == 'o' ? fmt::format("{:o}", size)
                                       : std::to_string(size);
  if (d.precision > static_cast<int64_t>(digits.size())) {
    digits.insert(0, static_cast<size_t>(d.precision) - digits.size(), '0');
  }
  if (d.alternate && d.type != 'd')
    digits.insert(0, d.type == 'o' ? "0o" : d.type == 'x' ? "0x" : "0X");
  return WithSign(d, negative, digits);
}

std::string FloatDirective(const Directive& d, double value) {
  const int precision = d.precision < 0 ? 6 : static_cast<int>(std::min<int64_t>(d.precision, 340));
  const char format[] = {'%', '.', '*', d.type == 'F' ? 'f' : d.type, 0};
  char text[1000];
  std::snprintf(text, sizeof(text), format, precision, std::abs(value));
  return WithSign(d, std::signbit(value) && !std::isnan(value), text);
}

class PercentFormatter {
 public:
  PercentFormatter(Interpreter& in, const MarkedText& format, const Value& values)
      : in_(in), format_(format), values_(values), out_(in.NewText()) {}

  Value Run() {
    const std::string_view text = format_.bytes;
    if (!in_.ChargeBytes(text.size())) return {};
    for (size_t at = 0; at < text.size() && !in_.failed();) {
      const size_t percent = std::min(text.find('%', at), text.size());
      out_.Append(format_, at, percent);
      at = percent + 1;
      if (percent == text.size()) break;
      Directive d;
      if (!ReadDirective(text, at, d)) return in_.Fail("a format that is not complete");
      if (d.type == '%') {
        out_.Append(format_, percent, percent + 1);
      } else {
        Write(d, Next(d));
      }
    }
    const bool all = values_.is(Kind::kTuple) ? next_ >= values_.items().size()
                                              : next_ > 0 || named_ || values_.is(Kind::kDict) ||
                                                    values_.is(Kind::kList);
    if (!in_.failed() && !all) return in_.Fail("a format with more values than places");
    return in_.failed() ? Value() : in_.Make(std::move(out_));
  }

 private:
  Value Next(const Directive& d) {
    if (d.has_name) {
      named_ = true;
      if (!values_.is(Kind::kDict)) return in_.FailType(values_, "a dict of values");
      const Value* found = Find(values_.dict(), d.name);
      return found != nullptr ? *found : in_.Fail(fmt::format("a format without '{}'", d.name));
    }
    if (values_.is(Kind::kTuple)) {
      if (next_ < values_.items().size()) return values_.items()[next_++];
    } else if (next_++ == 0) {
      return values_;
    }
    return in_.Fail("a format with fewer values than places");
  }

  void Write(const Directive& d, const Value& value) {
    if (in_.failed()) return;
    TextBuilder text = in_.NewText();
    Convert(d, value, text);
    if (in_.failed()) return;
    Value made = in_.Make(std::move(text));
    if (in_.failed()) return;
    if (d.precision >= 0 && (d.type == 's' || d.type == 'r')) {
      made = in_.Slice(made, Value::None(), Value::Int(d.precision), Value::None());
      if (in_.failed()) return;
    }
    const Value padded = Padded(in_, made.text(), d.width, MarkedText::OfTemplate(" "),
                                d.left ? Align::kLeft : Align::kRight);
    if (!in_.failed()) out_.Append(padded.text());
  }

  // What stands for the value, before it is cut and padded.
  void Convert(const Directive& d, const Value& value, TextBuilder& text) {
    switch (d.type) {
      case 's':
        return in_.Write(value, text);
      case 'c':
        if (value.is_string() && CountCharacters(value.bytes()) == 1) return in_.Write(value, text);
        in_.FailType(value, "one character");
        return;
      case 'r':
        return in_.WriteRepresentation(value, text);
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        return ConvertWhole(d, value, text);
      case 'f':
      case 'F':
      case 'e':
      case 'E':
      case 'g':
      case 'G':
        if (value.is_number()) return text.AppendTemplate(FloatDirective(d, value.number()));
        in_.FailType(value, "a number");
        return;
      default:
        in_.Fail(fmt::format("a format with '%{}'", d.type));
    }
  }

  void ConvertWhole(const Directive& d, const Value& value, TextBuilder& text) {
    const bool decimal = d.type == 'd' || d.type == 'i' || d.type == 'u';
    if (!value.is_number() || (value.is(Kind::kFloat) && !decimal)) {
      in_.FailType(value, "a whole number");
      return;
    }
    if (std::abs(value.number()) > 9.2e18 || std::isnan(value.number())) {
      in_.Fail("a number that is too large");
      return;
    }
    Directive whole = d;
    if (decimal) whole.type = 'd';
    text.AppendTemplate(WholeText(
        whole, value.is_integer() ? value.integer() : static_cast<int64_t>(value.number())));
  }

  Interpreter& in_;
  const MarkedText& format_;
  const Value& values_;
  TextBuilder out_;
  size_t next_ = 0;
  bool named_ = false;
};

}  // namespace

Value Interpreter::FormatPercent(const MarkedText& format, const Value& values) {
  return PercentFormatter(*this, format, values).Run();
}

// Fields without a conversion and without a format of their own: {}, {0}, {name}, {0.a[b]} is not.
Value Interpreter::FormatBraces(const MarkedText& format, const Arguments& arguments) {
  const std::string_view text = format.bytes;
  TextBuilder out = NewText();
  if (!ChargeBytes(text.size())) return {};
  size_t next = 0;
  for (size_t at = 0; at < text.size() && !failed();) {
    const size_t brace = std::min(text.find_first_of("{}", at), text.size());
    out.Append(format, at, brace);
    if (brace == text.size()) break;
    if (brace + 1 < text.size() && text[brace + 1] == text[brace]) {
      out.Append(format, brace, brace + 1);
      at = brace + 2;
      continue;
    }
    const size_t end = text.find('}', brace);
    if (text[brace] == '}' || end == std::string_view::npos) {
      return Fail("a brace in a format that stands alone");
    }
    const std::string_view field = text.substr(brace + 1, end - brace - 1);
    if (field.find_first_of("{.[:!") != std::string_view::npos) {
      return Fail("format() knows fields like {}, {0} and {name}");
    }
    const bool number = field.find_first_not_of("0123456789") == std::string_view::npos;
    std::optional<Value> value;
    if (number && field.size() < 9) {
      const size_t i = field.empty() ? next++ : std::stoul(std::string(field));
      if (i < arguments.positional.size()) value = arguments.positional[i];
    } else {
      for (const auto& [name, given] : arguments.named) {
        if (name == field) value = given;
      }
    }
    if (!value) return Fail(fmt::format("format() has no value for '{}'", field.substr(0, 60)));
    Write(*value, out);
    at = end + 1;
  }
  return failed() ? Value() : Make(std::move(out));
}

}  // namespace parvis::chat
