#include "fmt/format.h"
#include "parvis/chat/interpreter.h"

namespace parvis::chat {

Value Interpreter::Eval(const Expr& expr) {
  Deeper deeper(*this);
  at_ = expr.at;
  if (!deeper.ok() || !Charge(1)) return {};
  switch (expr.kind) {
    case Expr::Kind::kConstant:
      return expr.value;
    case Expr::Kind::kName:
    case Expr::Kind::kNamespaceAttribute:
      return EvalName(expr);
    case Expr::Kind::kTuple:
    case Expr::Kind::kList: {
      std::vector<Value> items;
      for (const Expr* item : expr.items) items.push_back(Eval(*item));
      return MakeList(expr.kind == Expr::Kind::kList ? Kind::kList : Kind::kTuple,
                      std::move(items));
    }
    case Expr::Kind::kDict:
      return EvalDict(expr);
    case Expr::Kind::kConcat:
      return EvalConcat(expr);
    case Expr::Kind::kNot: {
      const bool truth = Truth(Eval(*expr.items[0]));
      return Value::Bool(!truth);
    }
    case Expr::Kind::kNegate:
    case Expr::Kind::kPlus:
      return EvalSign(expr);
    case Expr::Kind::kAnd:
    case Expr::Kind::kOr:
    case Expr::Kind::kCondition:
      return EvalChoice(expr);
    case Expr::Kind::kBinary: {
      const Value left = Eval(*expr.items[0]);
      const Value right = Eval(*expr.items[1]);
      at_ = expr.at;
      return failed() ? Value() : Binary(expr.text, left, right);
    }
    case Expr::Kind::kCompare:
      return EvalCompare(expr);
    case Expr::Kind::kAttribute:
    case Expr::Kind::kItem:
    case Expr::Kind::kSlice:
      return EvalPart(expr);
    case Expr::Kind::kCall:
      return EvalCall(expr);
    case Expr::Kind::kFilter: {
      const Value input = expr.items[0] != nullptr ? Eval(*expr.items[0]) : *captured_;
      return failed() ? Value() : ApplyFilterExpr(expr, input);
    }
    case Expr::Kind::kTest: {
      const Value value = Eval(*expr.items[0]);
      Arguments arguments;
      if (failed() || !EvalArguments(expr, arguments)) return {};
      at_ = expr.at;
      return Value::Bool(ApplyTest(expr.text, value, arguments));
    }
  }
  return {};
}

Value Interpreter::EvalSign(const Expr& expr) {
  const Value value = Eval(*expr.items[0]);
  at_ = expr.at;
  if (failed()) return {};
  if (!value.is_number()) return FailType(value, "a number");
  const bool plus = expr.kind == Expr::Kind::kPlus;
  if (plus && !value.is(Kind::kBool)) return value;
  return Binary(plus ? "+" : "-", value.is(Kind::kFloat) ? Value::Float(-0.0) : Value::Int(0),
                value);
}

// Only what is chosen is evaluated.
Value Interpreter::EvalChoice(const Expr& expr) {
  const bool condition = expr.kind == Expr::Kind::kCondition;
  const Value asked = Eval(*expr.items[condition ? 1 : 0]);
  const bool truth = Truth(asked);
  if (failed()) return {};
  if (!condition) return truth == (expr.kind == Expr::Kind::kOr) ? asked : Eval(*expr.items[1]);
  if (truth) return Eval(*expr.items[0]);
  if (expr.items.size() > 2) return Eval(*expr.items[2]);
  return heap_.Missing("an inline 'if' without 'else' came out false");
}

// An attribute, an item or a slice of something.
Value Interpreter::EvalPart(const Expr& expr) {
  std::vector<Value> parts;
  for (const Expr* item : expr.items) {
    parts.push_back(item != nullptr ? Eval(*item) : Value::None());
  }
  at_ = expr.at;
  if (failed()) return {};
  if (expr.kind == Expr::Kind::kAttribute) return GetAttribute(parts[0], expr.text);
  if (expr.kind == Expr::Kind::kItem) return GetItem(parts[0], parts[1]);
  return Slice(parts[0], parts[1], parts[2], parts[3]);
}

Value Interpreter::EvalName(const Expr& expr) {
  const Value value = At(expr.slot);
  if (value.is_undefined() && value.missing() == nullptr) {
    return heap_.Missing(fmt::format("'{}' is undefined", expr.text));
  }
  return value;
}

Value Interpreter::EvalDict(const Expr& expr) {
  DictObject dict;
  for (size_t i = 0; i + 1 < expr.items.size(); i += 2) {
    const Value key = Eval(*expr.items[i]);
    const Value value = Eval(*expr.items[i + 1]);
    if (failed()) return {};
    if (key.is_string()) ChargeBytes(key.bytes().size());
    if (!Set(dict, key, value)) return FailType(key, "a key that does not change");
  }
  if (!ChargeItems(dict.entries.size())) return {};
  return heap_.Dict(std::move(dict));
}

Value Interpreter::EvalConcat(const Expr& expr) {
  TextBuilder out = NewText();
  std::vector<Value> parts;
  for (const Expr* item : expr.items) parts.push_back(Eval(*item));
  for (const Value& part : parts) {
    if (failed()) return {};
    Write(part, out);
  }
  return Make(std::move(out));
}

Value Interpreter::EvalCompare(const Expr& expr) {
  Value left = Eval(*expr.items[0]);
  for (size_t i = 0; i < expr.operators.size(); ++i) {
    const Value right = Eval(*expr.items[i + 1]);
    if (failed()) return {};
    at_ = expr.at;
    const std::string& op = expr.operators[i];
    const bool holds = op == "in"       ? Contains(right, left)
                       : op == "not in" ? !Contains(right, left)
                                        : Compare(op, left, right);
    if (failed()) return {};
    if (!holds) return Value::Bool(false);
    left = right;
  }
  return Value::Bool(true);
}

bool Interpreter::EvalArguments(const Expr& expr, Arguments& arguments) {
  for (const Expr* argument : expr.arguments) arguments.positional.push_back(Eval(*argument));
  for (const auto& [name, argument] : expr.named) {
    arguments.named.emplace_back(name, Eval(*argument));
  }
  if (expr.more_arguments != nullptr) {
    const Value more = Eval(*expr.more_arguments);
    std::vector<Value> items;
    if (failed() || !ItemsOf(more, items)) return false;
    arguments.positional.insert(arguments.positional.end(), items.begin(), items.end());
  }
  if (expr.more_named != nullptr) {
    const Value more = Eval(*expr.more_named);
    if (failed()) return false;
    if (!more.is(Kind::kDict)) return FailType(more, "a dict after '**'"), false;
    for (const auto& [key, value] : more.dict().entries) {
      if (!key.is_string()) return FailType(key, "text as the name of an argument"), false;
      for (const auto& [name, other] : arguments.named) {
        if (name == key.bytes()) return Fail("an argument is given twice"), false;
      }
      arguments.named.emplace_back(key.bytes(), value);
      if (!Charge(1 + arguments.named.size())) return false;
    }
  }
  return !failed();
}

Value Interpreter::EvalCall(const Expr& expr) {
  const Value function = Eval(*expr.items[0]);
  Arguments arguments;
  if (failed() || !EvalArguments(expr, arguments)) return {};
  at_ = expr.at;
  const Value result = Call(function, arguments);
  if (!failed()) at_ = expr.at;
  return result;
}

Value Interpreter::ApplyFilterExpr(const Expr& expr, const Value& input) {
  Arguments arguments;
  if (!EvalArguments(expr, arguments)) return {};
  at_ = expr.at;
  return ApplyFilter(expr.text, input, arguments);
}

Value Interpreter::Filtered(const Expr& filter, const Value& captured) {
  const Value* const before = std::exchange(captured_, &captured);
  const Value value = Eval(filter);
  captured_ = before;
  return value;
}

}  // namespace parvis::chat
