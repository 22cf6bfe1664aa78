#include <algorithm>

#include "fmt/format.h"
#include "parvis/chat/parser.h"

namespace parvis::chat {

Token ExprParser::Next() {
  Token token = now();
  if (token.kind != Token::Kind::kEnd) ++at_;
  return token;
}

bool ExprParser::IsOperator(std::string_view op) const {
  return now().kind == Token::Kind::kOperator && now().text == op;
}
bool ExprParser::IsWord(std::string_view word) const {
  return now().kind == Token::Kind::kName && now().text == word;
}
bool ExprParser::Take(std::string_view op) {
  if (failed() || !IsOperator(op)) return false;
  Next();
  return true;
}
bool ExprParser::TakeWord(std::string_view word) {
  if (failed() || !IsWord(word)) return false;
  Next();
  return true;
}
bool ExprParser::Expect(std::string_view op) {
  if (Take(op)) return true;
  Fail(now(), fmt::format("'{}' is wanted, not {}", op, Described(now())));
  return false;
}
bool ExprParser::ExpectWord(std::string_view word) {
  if (TakeWord(word)) return true;
  Fail(now(), fmt::format("'{}' is wanted, not {}", word, Described(now())));
  return false;
}
bool ExprParser::ExpectKind(Token::Kind kind, std::string_view what) {
  if (failed()) return false;
  if (now().kind == kind) {
    Next();
    return true;
  }
  Fail(now(), fmt::format("{} is wanted, not {}", what, Described(now())));
  return false;
}

std::nullptr_t ExprParser::Fail(const Token& token, const std::string& what) {
  if (status_.ok()) status_ = TemplateError(token.at, what);
  return nullptr;
}

std::string ExprParser::Described(const Token& token) {
  switch (token.kind) {
    case Token::Kind::kText:
      return "text";
    case Token::Kind::kBlockBegin:
      return "'{%'";
    case Token::Kind::kBlockEnd:
      return "'%}'";
    case Token::Kind::kVariableBegin:
      return "'{{'";
    case Token::Kind::kVariableEnd:
      return "'}}'";
    case Token::Kind::kName:
    case Token::Kind::kOperator:
      return fmt::format("'{}'", token.text.substr(0, 60));
    case Token::Kind::kString:
      return "a string";
    case Token::Kind::kInteger:
    case Token::Kind::kFloat:
      return "a number";
    case Token::Kind::kEnd:
      break;
  }
  return "the end of the template";
}

bool ExprParser::CountDepth(Expr& expr) {
  uint32_t deepest = 0;
  const auto count = [&](const Expr* part) {
    if (part != nullptr) deepest = std::max(deepest, part->depth);
  };
  for (const Expr* item : expr.items) count(item);
  for (const Expr* argument : expr.arguments) count(argument);
  for (const auto& [name, argument] : expr.named) count(argument);
  count(expr.more_arguments);
  count(expr.more_named);
  expr.depth = deepest + 1;
  if (expr.depth <= kMaxExprDepth) return true;
  if (status_.ok()) status_ = TemplateError(expr.at, "expressions are nested too deep");
  return false;
}

Expr* ExprParser::Make(Expr::Kind kind, Position at, std::vector<Expr*> items, std::string text) {
  if (failed()) return nullptr;
  tree_.exprs.push_back({.kind = kind, .at = at, .text = std::move(text)});
  Expr& expr = tree_.exprs.back();
  expr.items = std::move(items);
  return CountDepth(expr) ? &expr : nullptr;
}

bool ExprParser::IsTupleEnd(std::string_view stop) const {
  const Token::Kind kind = now().kind;
  return kind == Token::Kind::kVariableEnd || kind == Token::Kind::kBlockEnd || IsOperator(")") ||
         (!stop.empty() && IsWord(stop));
}

Expr* ExprParser::ParseTuple(bool with_condition, std::string_view stop, bool parenthesised) {
  const Deeper deeper(*this);
  const Position at = now().at;
  std::vector<Expr*> items;
  bool is_tuple = false;
  while (!failed() && !IsTupleEnd(stop)) {
    items.push_back(ParseExpression(with_condition));
    if (!Take(",")) break;
    is_tuple = true;
  }
  if (failed()) return nullptr;
  if (!is_tuple && !items.empty()) return items[0];
  if (!is_tuple && !parenthesised) {
    return Fail(now(), fmt::format("an expression is wanted, not {}", Described(now())));
  }
  return Make(Expr::Kind::kTuple, at, std::move(items));
}

Expr* ExprParser::ParseTarget(bool with_namespace, std::string_view stop) {
  const Position at = now().at;
  std::vector<Expr*> items;
  bool is_tuple = false;
  while (!failed() && !IsTupleEnd(stop)) {
    Expr* item = ParsePrimary(with_namespace);
    if (item == nullptr) return nullptr;
    const auto assignable = [](const Expr& expr) {
      return (expr.kind == Expr::Kind::kName && expr.text != "true" && expr.text != "false" &&
              expr.text != "none") ||
             expr.kind == Expr::Kind::kNamespaceAttribute;
    };
    const bool all = item->kind == Expr::Kind::kTuple
                         ? std::all_of(item->items.begin(), item->items.end(),
                                       [&](const Expr* part) { return assignable(*part); })
                         : assignable(*item);
    if (!all) {
      if (status_.ok()) status_ = TemplateError(item->at, "this cannot be assigned to");
      return nullptr;
    }
    items.push_back(item);
    if (!Take(",")) break;
    is_tuple = true;
  }
  if (failed()) return nullptr;
  if (items.empty()) return Fail(now(), fmt::format("a name is wanted, not {}", Described(now())));
  return is_tuple ? Make(Expr::Kind::kTuple, at, std::move(items)) : items[0];
}

Expr* ExprParser::ParseName() {
  if (failed()) return nullptr;
  if (now().kind != Token::Kind::kName) {
    return Fail(now(), fmt::format("a name is wanted, not {}", Described(now())));
  }
  const Token token = Next();
  return Make(Expr::Kind::kName, token.at, {}, token.text);
}

Expr* ExprParser::ParseExpression(bool with_condition) {
  const Deeper deeper(*this);
  if (failed()) return nullptr;
  return with_condition ? ParseCondition() : ParseOr();
}

Expr* ExprParser::ParseCondition() {
  const Position at = now().at;
  Expr* then = ParseOr();
  while (TakeWord("if")) {
    Expr* test = ParseOr();
    std::vector<Expr*> items = {then, test};
    if (TakeWord("else")) {
      const Deeper deeper(*this);
      items.push_back(failed() ? nullptr : ParseCondition());
    }
    then = Make(Expr::Kind::kCondition, at, std::move(items));
  }
  return then;
}

Expr* ExprParser::ParseOr() {
  const Position at = now().at;
  Expr* left = ParseAnd();
  while (TakeWord("or")) {
    Expr* right = ParseAnd();
    left = Make(Expr::Kind::kOr, at, {left, right});
  }
  return left;
}

Expr* ExprParser::ParseAnd() {
  const Position at = now().at;
  Expr* left = ParseNot();
  while (TakeWord("and")) {
    Expr* right = ParseNot();
    left = Make(Expr::Kind::kAnd, at, {left, right});
  }
  return left;
}

Expr* ExprParser::ParseNot() {
  const Deeper deeper(*this);
  if (failed()) return nullptr;
  const Position at = now().at;
  if (!TakeWord("not")) return ParseCompare();
  Expr* operand = ParseNot();
  return Make(Expr::Kind::kNot, at, {operand});
}

Expr* ExprParser::ParseCompare() {
  const Position at = now().at;
  std::vector<Expr*> items = {ParseSum()};
  std::vector<std::string> operators;
  while (!failed()) {
    if (now().kind == Token::Kind::kOperator &&
        (IsOperator("==") || IsOperator("!=") || IsOperator("<") || IsOperator("<=") ||
         IsOperator(">") || IsOperator(">="))) {
      operators.push_back(Next().text);
    } else if (TakeWord("in")) {
      operators.emplace_back("in");
    } else if (IsWord("not") && ahead().kind == Token::Kind::kName && ahead().text == "in") {
      Next();
      Next();
      operators.emplace_back("not in");
    } else {
      break;
    }
    items.push_back(ParseSum());
  }
  if (operators.empty()) return items[0];
  Expr* expr = Make(Expr::Kind::kCompare, at, std::move(items));
  if (expr != nullptr) expr->operators = std::move(operators);
  return expr;
}

Expr* ExprParser::ParseLeftToRight(std::initializer_list<std::string_view> operators,
                                   Expr* (ExprParser::*part)()) {
  Expr* left = (this->*part)();
  while (!failed() && std::any_of(operators.begin(), operators.end(),
                                  [this](std::string_view op) { return IsOperator(op); })) {
    const Token op = Next();
    Expr* right = (this->*part)();
    left = Make(Expr::Kind::kBinary, op.at, {left, right}, op.text);
  }
  return left;
}

Expr* ExprParser::ParseSum() { return ParseLeftToRight({"+", "-"}, &ExprParser::ParseConcat); }

Expr* ExprParser::ParseConcat() {
  const Position at = now().at;
  std::vector<Expr*> items = {ParseProduct()};
  while (Take("~")) items.push_back(ParseProduct());
  return items.size() == 1 ? items[0] : Make(Expr::Kind::kConcat, at, std::move(items));
}

Expr* ExprParser::ParseProduct() {
  return ParseLeftToRight({"*", "/", "//", "%"}, &ExprParser::ParsePower);
}

Expr* ExprParser::ParsePower() {
  Expr* left = ParseUnary(true);
  while (!failed() && IsOperator("**")) {
    const Token op = Next();
    Expr* right = ParseUnary(true);
    left = Make(Expr::Kind::kBinary, op.at, {left, right}, op.text);
  }
  return left;
}

Expr* ExprParser::ParseUnary(bool with_filter) {
  const Deeper deeper(*this);
  if (failed()) return nullptr;
  const Position at = now().at;
  Expr* expr;
  if (Take("-")) {
    Expr* operand = ParseUnary(false);
    expr = Make(Expr::Kind::kNegate, at, {operand});
  } else if (Take("+")) {
    Expr* operand = ParseUnary(false);
    expr = Make(Expr::Kind::kPlus, at, {operand});
  } else {
    expr = ParsePrimary();
  }
  expr = ParsePostfix(expr);
  return with_filter ? ParseFilterOrTest(expr) : expr;
}

}  // namespace parvis::chat
