#include <cmath>
#include <cstring>

#include "fmt/format.h"
#include "parvis/chat/interpreter.h"

namespace parvis::chat {
namespace {

// Whole-number results that do not fit 64 bits are refused: Python's numbers are as large as they
// like, but no template needs that.
std::optional<int64_t> WholeResult(std::string_view op, int64_t a, int64_t b) {
  int64_t result;
  if (op == "+" && !__builtin_add_overflow(a, b, &result)) return result;
  if (op == "-" && !__builtin_sub_overflow(a, b, &result)) return result;
  if (op == "*" && !__builtin_mul_overflow(a, b, &result)) return result;
  if ((op == "//" || op == "%") && !(a == INT64_MIN && b == -1)) {
    const int64_t remainder = a % b;
    const bool apart = remainder != 0 && (remainder < 0) != (b < 0);  // rounds down, as in Python
    return op == "//" ? a / b - (apart ? 1 : 0) : remainder + (apart ? b : 0);
  }
  if (op == "**") {
    result = 1;
    for (int64_t base = a; b > 0; b >>= 1) {
      if ((b & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return std::nullopt;
      if (b > 1 && __builtin_mul_overflow(base, base, &base)) return std::nullopt;
    }
    return result;
  }
  return std::nullopt;
}

double FloatRemainder(double a, double b) {
  double remainder = std::fmod(a, b);
  if (remainder != 0.0 && (remainder < 0.0) != (b < 0.0)) remainder += b;
  return remainder == 0.0 ? std::copysign(0.0, b) : remainder;
}

double FloatResult(std::string_view op, double a, double b) {
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "/") return a / b;
  if (op == "%") return FloatRemainder(a, b);
  if (op == "//") {
    const double quotient = (a - FloatRemainder(a, b)) / b;
    return quotient == 0.0 ? std::copysign(0.0, a / b) : std::round(quotient);
  }
  return std::pow(a, b);
}

}  // namespace

Value Interpreter::Binary(std::string_view op, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    const bool divides = op == "/" || op == "//" || op == "%";
    if (divides && b.number() == 0.0) return Fail("a division by zero");
    const bool whole =
        a.is_integer() && b.is_integer() && op != "/" && !(op == "**" && b.integer() < 0);
    if (!whole) {
      if (op == "**" && a.number() == 0.0 && b.number() < 0) return Fail("a division by zero");
      const double result = FloatResult(op, a.number(), b.number());
      if (op == "**" && !std::isfinite(result) && std::isfinite(a.number())) {
        return Fail("a number that is too large");
      }
      return Value::Float(result);
    }
    const auto result = WholeResult(op, a.integer(), b.integer());
    return result ? Value::Int(*result) : Fail("a number that is too large");
  }
  if (op == "+" && a.is_string() && b.is_string()) {
    TextBuilder text = NewText();
    text.Append(a.text());
    text.Append(b.text());
    return Make(std::move(text));
  }
  const bool lists = a.is(Kind::kList) || a.is(Kind::kTuple);
  if (op == "+" && lists && a.kind() == b.kind()) {
    std::vector<Value> items = a.items();
    items.insert(items.end(), b.items().begin(), b.items().end());
    return MakeList(a.kind(), std::move(items));
  }
  if (op == "%" && a.is_string()) return FormatPercent(a.text(), b);
  if (op == "*" && (b.is_string() || b.is(Kind::kList) || b.is(Kind::kTuple)) && a.is_integer()) {
    return Binary(op, b, a);
  }
  if (op == "*" && (a.is_string() || lists) && b.is_integer()) {
    const int64_t times = std::max<int64_t>(0, b.integer());
    if (a.is_string()) {
      TextBuilder text = NewText();
      if (a.bytes().empty()) return Make(std::move(text));
      for (int64_t i = 0; i < times && !text.overflowed() && Charge(1); ++i) {
        text.Append(a.text());
      }
      return Make(std::move(text));
    }
    std::vector<Value> items;
    for (int64_t i = 0; i < times && !a.items().empty() && ChargeItems(a.items().size()); ++i) {
      items.insert(items.end(), a.items().begin(), a.items().end());
      if (items.size() * sizeof(Value) > heap_.left()) return Fail("a list that is too long");
    }
    return MakeList(a.kind(), std::move(items));
  }
  if (a.is_undefined()) return FailType(a, "a value");
  if (b.is_undefined()) return FailType(b, "a value");
  return Fail(fmt::format("'{}' does not work between {} and {}", op, TypeName(a), TypeName(b)));
}

bool Interpreter::Truth(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return value.integer() != 0;
    case Kind::kFloat:
      return value.number() != 0.0;
    case Kind::kString:
      return !value.bytes().empty();
    case Kind::kDict:
      return !value.dict().entries.empty();
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
    case Kind::kRange:
      return !value.items().empty();
    default:
      return true;
  }
}

bool Interpreter::Equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_integer() && b.is_integer()) return a.integer() == b.integer();
    return a.number() == b.number();
  }
  if (a.kind() != b.kind()) return false;
  Deeper deeper(*this);
  if (!deeper.ok() || !Charge(1)) return false;
  switch (a.kind()) {
    case Kind::kString:
      ChargeBytes(std::min(a.bytes().size(), b.bytes().size()));
      return a.bytes() == b.bytes();
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kRange:
      if (a.items().size() != b.items().size()) return false;
      for (size_t i = 0; i < a.items().size(); ++i) {
        if (!Equal(a.items()[i], b.items()[i])) return false;
      }
      return !failed();
    case Kind::kDict:
      if (a.dict().entries.size() != b.dict().entries.size()) return false;
      for (const auto& [key, value] : a.dict().entries) {
        const Value* other;
        if (!Charge(1) || !Find(b.dict(), key, &other)) return false;
        if (other == nullptr || !Equal(value, *other)) return false;
      }
      return !failed();
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    default:
      return a.address() == b.address();
  }
}

bool Interpreter::Less(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    Charge(1);
    if (a.is_integer() && b.is_integer()) return a.integer() < b.integer();
    return a.number() < b.number();
  }
  if (a.is_string() && b.is_string()) {
    ChargeBytes(std::min(a.bytes().size(), b.bytes().size()));
    return a.bytes() < b.bytes();  // in UTF-8 the order of bytes is that of characters
  }
  if ((a.is(Kind::kList) || a.is(Kind::kTuple)) && a.kind() == b.kind()) {
    Deeper deeper(*this);
    for (size_t i = 0; i < a.items().size() && i < b.items().size() && deeper.ok(); ++i) {
      if (!Equal(a.items()[i], b.items()[i])) return !failed() && Less(a.items()[i], b.items()[i]);
    }
    return a.items().size() < b.items().size();
  }
  if (a.is_undefined()) FailType(a, "a value");
  if (b.is_undefined()) FailType(b, "a value");
  Fail(fmt::format("{} and {} have no order", TypeName(a), TypeName(b)));
  return false;
}

bool Interpreter::Compare(std::string_view op, const Value& a, const Value& b) {
  if (op == "==") return Equal(a, b);
  if (op == "!=") return !Equal(a, b);
  if (a.is(Kind::kFloat) && std::isnan(a.number())) return false;
  if (b.is(Kind::kFloat) && std::isnan(b.number())) return false;
  if (op == "<") return Less(a, b);
  if (op == ">") return Less(b, a);
  if (op == "<=") return !Less(b, a);
  return !Less(a, b);
}

bool Interpreter::Contains(const Value& container, const Value& item) {
  if (container.is_string()) {
    if (!item.is_string()) return FailType(item, "text before 'in' and text"), false;
    const std::string& text = container.bytes();
    ChargeBytes(text.size() + item.bytes().size());
    return ::memmem(text.data(), text.size(), item.bytes().data(), item.bytes().size()) != nullptr;
  }
  if (container.is(Kind::kDict)) {
    const Value* found;
    if (item.is_string()) ChargeBytes(item.bytes().size());
    if (!Find(container.dict(), item, &found)) return FailType(item, "a key"), false;
    return found != nullptr;
  }
  if (container.is(Kind::kIterator)) {  // reads on until it is found
    IteratorObject& iterator = container.iterator();
    while (iterator.next < iterator.items.size() && !failed()) {
      if (Equal(iterator.items[iterator.next++], item)) return true;
    }
    return false;
  }
  std::vector<Value> items;
  if (!ItemsOf(container, items)) return false;
  for (const Value& other : items) {
    if (Equal(other, item)) return !failed();
  }
  return false;
}

}  // namespace parvis::chat
