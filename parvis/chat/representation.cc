#include "parvis/chat/representation.h"

#include <charconv>
#include <cmath>

#include "fmt/format.h"
#include "parvis/chat/characters.h"
#include "parvis/chat/interpreter.h"
#include "parvis/text/utf8.h"

namespace parvis::chat {

std::string FloatText(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), number, std::chars_format::scientific);
  std::string digits(buffer, end.ptr);
  std::string sign;
  if (digits[0] == '-') {
    sign = "-";
    digits.erase(0, 1);
  }
  const size_t e = digits.find('e');
  const int exponent = std::stoi(digits.substr(e + 1));
  digits.resize(e);
  std::erase(digits, '.');
  if (exponent < -4 || exponent >= 16) {
    std::string mantissa = digits.substr(0, 1);
    if (digits.size() > 1) mantissa += "." + digits.substr(1);
    return fmt::format("{}{}e{}{:02}", sign, mantissa, exponent < 0 ? '-' : '+',
                       std::abs(exponent));
  }
  if (exponent < 0)
    return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() < whole) digits.append(whole - digits.size(), '0');
  const std::string fraction = digits.substr(whole);
  return sign + digits.substr(0, whole) + "." + (fraction.empty() ? "0" : fraction);
}

namespace {

void WriteStringRepresentation(const MarkedText& text, TextBuilder& out) {
  const std::string& bytes = text.bytes;
  const bool single = bytes.find('\'') != std::string::npos;
  const char quote = single && bytes.find('"') == std::string::npos ? '"' : '\'';
  out.AppendTemplate({&quote, 1});
  for (size_t at = 0; at < bytes.size();) {
    const text::Character c = text::ReadCharacter(bytes, at);
    std::string escape;
    if (c.code == static_cast<unsigned char>(quote) || c.code == '\\') {
      escape = {'\\', bytes[at]};
    } else if (c.code == '\n') {
      escape = "\\n";
    } else if (c.code == '\r') {
      escape = "\\r";
    } else if (c.code == '\t') {
      escape = "\\t";
    } else if (!IsPythonPrintable(c.code)) {
      escape = c.code < 0x100     ? fmt::format("\\x{:02x}", c.code)
               : c.code < 0x10000 ? fmt::format("\\u{:04x}", c.code)
                                  : fmt::format("\\U{:08x}", c.code);
    }
    if (escape.empty()) {
      out.Append(text, at, at + c.size);
    } else {
      out.AppendBytes(escape, IsCallers(text, at));
    }
    at += c.size;
  }
  out.AppendTemplate({&quote, 1});
}

}  // namespace

void Interpreter::WriteRepresentation(const Value& value, TextBuilder& out) {
  Deeper deeper(*this);
  if (!deeper.ok() || !Charge(1)) return;
  const auto write_items = [&](std::string_view open, std::string_view close) {
    out.AppendTemplate(open);
    for (size_t i = 0; i < value.items().size() && !failed() && !out.overflowed(); ++i) {
      if (i > 0) out.AppendTemplate(", ");
      WriteRepresentation(value.items()[i], out);
    }
    out.AppendTemplate(close);
  };
  switch (value.kind()) {
    case Kind::kString:
      ChargeBytes(8 * value.bytes().size());
      return WriteStringRepresentation(value.text(), out);
    case Kind::kList:
      return write_items("[", "]");
    case Kind::kTuple:
      return write_items("(", value.items().size() == 1 ? ",)" : ")");
    case Kind::kView:
      return write_items(fmt::format("{}([", TypeName(value)), "])");
    case Kind::kRange: {
      const ListObject& range = value.list();
      out.AppendTemplate(
          range.step == 1 ? fmt::format("range({}, {})", range.start, range.stop)
                          : fmt::format("range({}, {}, {})", range.start, range.stop, range.step));
      return;
    }
    case Kind::kDict: {
      out.AppendTemplate("{");
      bool first = true;
      for (const auto& [key, entry] : value.dict().entries) {
        if (failed() || out.overflowed()) return;
        if (!first) out.AppendTemplate(", ");
        first = false;
        WriteRepresentation(key, out);
        out.AppendTemplate(": ");
        WriteRepresentation(entry, out);
      }
      out.AppendTemplate("}");
      return;
    }
    case Kind::kUndefined:
      out.AppendTemplate("Undefined");
      return;
    case Kind::kNamespace: {
      out.AppendTemplate("<Namespace {");
      bool first = true;
      for (const auto& [name, entry] : value.names().attributes) {
        if (!first) out.AppendTemplate(", ");
        first = false;
        WriteStringRepresentation(MarkedText::OfTemplate(name), out);
        out.AppendTemplate(": ");
        WriteRepresentation(entry, out);
      }
      out.AppendTemplate("}>");
      return;
    }
    case Kind::kIterator:
    case Kind::kFunction:
    case Kind::kLoop:
      Fail(fmt::format("a {} has no text; '| list' makes a list of a generator", TypeName(value)));
      return;
    default:
      Write(value, out);
  }
}

void Interpreter::Write(const Value& value, TextBuilder& out) {
  switch (value.kind()) {
    case Kind::kString:
      out.Append(value.text());
      ChargeBytes(value.bytes().size());
      break;
    case Kind::kUndefined:
      break;
    case Kind::kNone:
      out.AppendTemplate("None");
      break;
    case Kind::kBool:
      out.AppendTemplate(value.boolean() ? "True" : "False");
      break;
    case Kind::kInt:
      out.AppendTemplate(std::to_string(value.integer()));
      break;
    case Kind::kFloat:
      out.AppendTemplate(FloatText(value.number()));
      break;
    default:
      WriteRepresentation(value, out);
  }
  if (out.overflowed()) Fail("the template takes too much memory");
}

Value Interpreter::ToText(const Value& value) {
  if (value.is_string() || failed()) return value;
  TextBuilder out = NewText();
  Write(value, out);
  return Make(std::move(out));
}

}  // namespace parvis::chat
