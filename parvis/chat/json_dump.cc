// The filter `tojson` as transformers defines it: Python's json.dumps, characters left as they are.

#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "parvis/chat/interpreter.h"
#include "parvis/chat/representation.h"
#include "parvis/text/utf8.h"

namespace parvis::chat {
namespace {

struct Style {
  bool ascii = false, sort_keys = false, lines = false;
  MarkedText indent;
  MarkedText comma, colon;
};

class Dumper {
 public:
  Dumper(Interpreter& in, const Style& style) : in_(in), style_(style), out_(in.NewText()) {}

  Value Run(const Value& value) {
    Write(value);
    return in_.failed() ? Value() : in_.Make(std::move(out_));
  }

 private:
  void Write(const Value& value);
  void WriteText(const MarkedText& text);
  void WriteItems(const std::vector<Value>& items);
  void WriteDict(const DictObject& dict);
  void WriteKey(const Value& key);
  void NewLine() {
    if (!style_.lines) return;
    out_.AppendTemplate("\n");
    for (int i = 0; i < level_; ++i) out_.Append(style_.indent);
  }

  Interpreter& in_;
  const Style& style_;
  TextBuilder out_;
  int level_ = 0;
};

void Dumper::WriteText(const MarkedText& text) {
  const std::string& bytes = text.bytes;
  if (!in_.ChargeBytes(4 * bytes.size())) return;
  out_.AppendTemplate("\"");
  for (size_t at = 0; at < bytes.size();) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    std::string escape;
    size_t size = 1;
    if (byte == '"' || byte == '\\') {
      escape = {'\\', bytes[at]};
    } else if (byte == '\n') {
      escape = "\\n";
    } else if (byte == '\r') {
      escape = "\\r";
    } else if (byte == '\t') {
      escape = "\\t";
    } else if (byte == '\b') {
      escape = "\\b";
    } else if (byte == '\f') {
      escape = "\\f";
    } else if (byte < 0x20 || (byte == 0x7F && style_.ascii)) {
      escape = fmt::format("\\u{:04x}", byte);
    } else if (byte >= 0x80 && style_.ascii) {
      const text::Character c = text::ReadCharacter(bytes, at);
      size = c.size;
      escape = c.code < 0x10000 ? fmt::format("\\u{:04x}", c.code)
                                : fmt::format("\\u{:04x}\\u{:04x}", 0xD7C0 + (c.code >> 10),
                                              0xDC00 + (c.code & 0x3FF));
    }
    if (!escape.empty()) {
      out_.AppendBytes(escape, IsCallers(text, at));
      at += size;
      continue;
    }
    size_t end = at + 1;  // of the run that stays as it is
    while (end < bytes.size()) {
      const auto next = static_cast<unsigned char>(bytes[end]);
      if (next < 0x20 || next == '"' || next == '\\' || (next >= 0x7F && style_.ascii)) break;
      ++end;
    }
    out_.Append(text, at, end);
    at = end;
  }
  out_.AppendTemplate("\"");
}

void Dumper::WriteItems(const std::vector<Value>& items) {
  if (items.empty()) return out_.AppendTemplate("[]");
  out_.AppendTemplate("[");
  ++level_;
  for (size_t i = 0; i < items.size() && !in_.failed(); ++i) {
    if (i > 0) out_.Append(style_.comma);
    NewLine();
    Write(items[i]);
  }
  --level_;
  NewLine();
  out_.AppendTemplate("]");
}

void Dumper::WriteKey(const Value& key) {
  switch (key.kind()) {
    case Kind::kString:
      return WriteText(key.text());
    case Kind::kNone:
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kFloat:
      out_.AppendTemplate("\"");
      Write(key);
      return out_.AppendTemplate("\"");
    default:
      in_.FailType(key, "text as a key of JSON");
  }
}

void Dumper::WriteDict(const DictObject& dict) {
  if (dict.entries.empty()) return out_.AppendTemplate("{}");
  std::vector<const std::pair<Value, Value>*> entries;
  for (const auto& entry : dict.entries) entries.push_back(&entry);
  if (!in_.ChargeItems(entries.size())) return;
  if (style_.sort_keys) {
    std::stable_sort(entries.begin(), entries.end(), [this](const auto* a, const auto* b) {
      return !in_.failed() && in_.Less(a->first, b->first);
    });
  }
  out_.AppendTemplate("{");
  ++level_;
  for (size_t i = 0; i < entries.size() && !in_.failed(); ++i) {
    if (i > 0) out_.Append(style_.comma);
    NewLine();
    WriteKey(entries[i]->first);
    out_.Append(style_.colon);
    Write(entries[i]->second);
  }
  --level_;
  NewLine();
  out_.AppendTemplate("}");
}

void Dumper::Write(const Value& value) {
  Interpreter::Deeper deeper(in_);
  if (!deeper.ok() || !in_.Charge(1)) return;
  if (out_.overflowed()) {
    in_.Fail("the template takes too much memory");
    return;
  }
  switch (value.kind()) {
    case Kind::kNone:
      return out_.AppendTemplate("null");
    case Kind::kBool:
      return out_.AppendTemplate(value.boolean() ? "true" : "false");
    case Kind::kInt:
      return out_.AppendTemplate(std::to_string(value.integer()));
    case Kind::kFloat: {
      const double number = value.number();
      return out_.AppendTemplate(std::isnan(number)   ? "NaN"
                                 : std::isinf(number) ? (number < 0 ? "-Infinity" : "Infinity")
                                                      : FloatText(number));
    }
    case Kind::kString:
      return WriteText(value.text());
    case Kind::kList:
    case Kind::kTuple:
      return WriteItems(value.items());
    case Kind::kDict:
      return WriteDict(value.dict());
    default:
      in_.FailType(value, "something that JSON has");
  }
}

}  // namespace

Value Interpreter::ToJson(const Value& value, const Arguments& arguments) {
  const Bound bound(*this, arguments, "tojson",
                    {"ensure_ascii", "indent", "separators", "sort_keys"});
  if (failed()) return {};
  Style style;
  style.ascii = Truth(bound[0]);
  style.sort_keys = Truth(bound[3]);
  style.lines = bound.given(1);
  if (style.lines && bound[1].is_string()) {
    style.indent = bound[1].text();
  } else if (style.lines) {
    int64_t width;
    if (!Integer(bound[1], width)) return {};
    if (width > 1000) return Fail("'tojson' with too wide an indent");
    style.indent =
        MarkedText::OfTemplate(std::string(static_cast<size_t>(std::max<int64_t>(0, width)), ' '));
  }
  style.comma = MarkedText::OfTemplate(style.lines ? "," : ", ");
  style.colon = MarkedText::OfTemplate(": ");
  if (bound.given(2)) {
    std::vector<Value> parts;
    if (!ItemsOf(bound[2], parts)) return {};
    if (parts.size() != 2 || !parts[0].is_string() || !parts[1].is_string()) {
      return Fail("'tojson' wants two texts as separators");
    }
    style.comma = parts[0].text();
    style.colon = parts[1].text();
  }
  return Dumper(*this, style).Run(value);
}

}  // namespace parvis::chat
