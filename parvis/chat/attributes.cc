#include <algorithm>
#include <array>

#include "fmt/format.h"
#include "parvis/chat/characters.h"
#include "parvis/chat/interpreter.h"

namespace parvis::chat {
namespace {

// Methods that templates may call, by type. What else Python has is named too, because an attribute
// goes before an entry of a dict: `message.pop` never means message["pop"].
constexpr auto kStringMethods = std::to_array<std::string_view>(
    {"capitalize",   "casefold",     "center",  "count",     "endswith",   "expandtabs",
     "find",         "format",       "index",   "isalnum",   "isalpha",    "isascii",
     "isdecimal",    "isdigit",      "islower", "isnumeric", "isspace",    "istitle",
     "isupper",      "join",         "ljust",   "lower",     "lstrip",     "partition",
     "removeprefix", "removesuffix", "replace", "rfind",     "rindex",     "rjust",
     "rpartition",   "rsplit",       "rstrip",  "split",     "splitlines", "startswith",
     "strip",        "swapcase",     "title",   "upper",     "zfill"});
constexpr auto kDictMethods =
    std::to_array<std::string_view>({"copy", "get", "items", "keys", "values"});
constexpr auto kListMethods = std::to_array<std::string_view>({"copy", "count", "index"});
constexpr auto kTupleMethods = std::to_array<std::string_view>({"count", "index"});
constexpr auto kForbiddenOfDict = std::to_array<std::string_view>(
    {"clear", "fromkeys", "pop", "popitem", "setdefault", "update"});
constexpr auto kForbiddenOfList = std::to_array<std::string_view>(
    {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"});
constexpr auto kForbiddenOfString = std::to_array<std::string_view>(
    {"encode", "format_map", "isidentifier", "isprintable", "maketrans", "translate"});

template <size_t N>
bool Has(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

enum class Access { kNone, kMethod, kForbidden };

Access AccessOf(const Value& of, std::string_view name) {
  const auto access = [name](const auto& methods, const auto& forbidden) {
    return Has(methods, name)     ? Access::kMethod
           : Has(forbidden, name) ? Access::kForbidden
                                  : Access::kNone;
  };
  if (name.starts_with("__") && name.ends_with("__") && name.size() > 4) return Access::kForbidden;
  switch (of.kind()) {
    case Kind::kString:
      return access(kStringMethods, kForbiddenOfString);
    case Kind::kDict:
      return access(kDictMethods, kForbiddenOfDict);
    case Kind::kList:
      return access(kListMethods, kForbiddenOfList);
    case Kind::kTuple:
    case Kind::kRange:
      return Has(kTupleMethods, name) ? Access::kMethod : Access::kNone;
    default:
      return Access::kNone;
  }
}

Value Absent(Interpreter& in, const Value& of, std::string_view name) {
  return in.heap().Missing(
      fmt::format("'{}' has no attribute '{}'", TypeName(of), name.substr(0, 100)));
}

// Of a sequence, counted from the end if negative; -1 if there is none.
int64_t PlaceOf(int64_t index, int64_t size) {
  if (index < 0) index += size;
  return index >= 0 && index < size ? index : -1;
}

}  // namespace

Value Interpreter::GetAttribute(const Value& of, std::string_view name) {
  if (of.is_undefined() && name != "__class__") return FailType(of, "a value");
  if (of.is(Kind::kNamespace)) {
    Charge(1 + of.names().attributes.size() / 8);
    for (const auto& [attribute, value] : of.names().attributes) {
      if (attribute == name) return value;
    }
    return Absent(*this, of, name);
  }
  if (of.is(Kind::kLoop)) return LoopAttribute(of.loop(), name);
  const Access access = AccessOf(of, name);
  if (access == Access::kMethod) {
    return heap_.Function({.name = std::string(name), .self = of, .is_method = true});
  }
  if (access == Access::kForbidden) {
    return heap_.Missing(
        fmt::format("'{}' of a {} is not for templates", name.substr(0, 100), TypeName(of)),
        /*unsafe=*/true);
  }
  if (of.is(Kind::kDict)) {
    ChargeBytes(name.size());
    if (const Value* found = Find(of.dict(), name)) return *found;
  }
  if (of.is(Kind::kTuple) && of.list().view == "group") {
    if (name == "grouper") return of.items()[0];
    if (name == "list") return of.items()[1];
  }
  if (of.is(Kind::kFunction) && of.function().macro != nullptr && name == "name") {
    return TemplateText(of.function().name);
  }
  return Absent(*this, of, name);
}

Value Interpreter::GetItem(const Value& of, const Value& key) {
  if (of.is_undefined()) return FailType(of, "a value");
  if (of.is(Kind::kDict)) {
    const Value* found;
    if (key.is_string()) ChargeBytes(key.bytes().size());
    if (Find(of.dict(), key, &found) && found != nullptr) return *found;
  } else if (key.is_integer() && of.is_sequence()) {
    const int64_t place = PlaceOf(key.integer(), static_cast<int64_t>(of.items().size()));
    if (place >= 0) return of.items()[static_cast<size_t>(place)];
  } else if (key.is_integer() && of.is_string()) {
    int64_t size;
    if (!Length(of, size)) return {};
    const int64_t place = PlaceOf(key.integer(), size);
    if (place >= 0) {
      const std::string& bytes = of.bytes();
      ChargeBytes(bytes.size());
      const size_t begin = ByteOfCharacter(bytes, static_cast<size_t>(place));
      return Substring(of.text(), begin,
                       begin + ByteOfCharacter(std::string_view(bytes).substr(begin), 1));
    }
  }
  if (key.is_string() && !of.is(Kind::kDict)) return GetAttribute(of, key.bytes());
  if (key.is_string() && AccessOf(of, key.bytes()) != Access::kNone) {
    return GetAttribute(of, key.bytes());
  }
  TextBuilder text = NewText();
  WriteRepresentation(key, text);
  return heap_.Missing(
      fmt::format("'{}' has no element {}", TypeName(of), text.Take().bytes.substr(0, 100)));
}

Value Interpreter::Slice(const Value& of, const Value& start, const Value& stop,
                         const Value& step) {
  if (!of.is_sequence() && !of.is_string()) return FailType(of, "a list or text before '['");
  int64_t size, by = 1;
  if (!Length(of, size)) return {};
  if (!step.is(Kind::kNone) && !Integer(step, by)) return {};
  if (by == 0) return Fail("a slice with a step of 0");
  const auto bound = [&](const Value& value, int64_t absent) {
    int64_t at = absent;
    if (!value.is(Kind::kNone)) {
      if (!Integer(value, at)) return int64_t{0};
      if (at < 0) at = at < -size ? -1 : at + size;
      if (at < 0) at = by < 0 ? -1 : 0;
      if (at >= size) at = by < 0 ? size - 1 : size;
    }
    return at;
  };
  const int64_t from = bound(start, by < 0 ? size - 1 : 0);
  const int64_t to = bound(stop, by < 0 ? -1 : size);
  if (failed()) return {};
  // Steps longer than the text all mean "one item".
  by = std::clamp(by, -size - 1, size + 1);

  if (of.is_string()) {
    const MarkedText& text = of.text();
    ChargeBytes(text.bytes.size());
    if (by == 1) {
      const size_t begin = ByteOfCharacter(text.bytes, static_cast<size_t>(from));
      const size_t end = ByteOfCharacter(text.bytes, static_cast<size_t>(std::max(from, to)));
      return Substring(text, begin, end);
    }
    std::vector<size_t> begins;
    for (size_t at = 0; at < text.bytes.size(); ++at) {
      if ((static_cast<unsigned char>(text.bytes[at]) & 0xC0) != 0x80) begins.push_back(at);
    }
    begins.push_back(text.bytes.size());
    if (!ChargeItems(begins.size())) return {};
    TextBuilder out = NewText();
    for (int64_t i = from; by < 0 ? i > to : i < to; i += by) {
      out.Append(text, begins[static_cast<size_t>(i)], begins[static_cast<size_t>(i) + 1]);
    }
    return Make(std::move(out));
  }
  std::vector<Value> items;
  for (int64_t i = from; by < 0 ? i > to : i < to; i += by) {
    items.push_back(of.items()[static_cast<size_t>(i)]);
  }
  if (of.is(Kind::kRange)) {
    const ListObject& range = of.list();
    const auto place = [&](int64_t i) { return range.start + i * range.step; };
    if (!ChargeItems(items.size())) return {};
    return heap_.Range(place(from), place(to), range.step * by, std::move(items));
  }
  return MakeList(of.is(Kind::kTuple) ? Kind::kTuple : Kind::kList, std::move(items));
}

Value Interpreter::AttributePath(const Value& of, const Value& path) {
  if (!path.is_string()) return path.is(Kind::kNone) ? of : GetItem(of, path);
  Value value = of;
  const std::string& text = path.bytes();
  for (size_t begin = 0; begin <= text.size() && !failed();) {
    const size_t end = std::min(text.find('.', begin), text.size());
    const std::string_view part = std::string_view(text).substr(begin, end - begin);
    const bool number = !part.empty() && part.size() < 10 &&
                        part.find_first_not_of("0123456789") == std::string_view::npos;
    value = GetItem(value, number ? Value::Int(std::stoll(std::string(part)))
                                  : TemplateText(std::string(part)));
    begin = end + 1;
  }
  return value;
}

}  // namespace parvis::chat
