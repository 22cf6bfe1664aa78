#include <algorithm>

#include "fmt/format.h"
#include "parvis/chat/parser.h"

namespace parvis::chat {

Expr* ExprParser::ParsePrimary(bool with_namespace) {
  if (failed()) return nullptr;
  const Token token = now();
  const auto constant = [&](Value value) -> Expr* {
    Expr* expr = Make(Expr::Kind::kConstant, token.at);
    if (expr != nullptr) expr->value = value;
    return expr;
  };
  switch (token.kind) {
    case Token::Kind::kName: {
      Next();
      const std::string& name = token.text;
      if (name == "true" || name == "True") return constant(Value::Bool(true));
      if (name == "false" || name == "False") return constant(Value::Bool(false));
      if (name == "none" || name == "None") return constant(Value::None());
      if (with_namespace && Take(".")) {
        if (now().kind != Token::Kind::kName) return Fail(now(), "a name is wanted after '.'");
        Expr* expr = Make(Expr::Kind::kNamespaceAttribute, token.at, {}, name);
        if (expr != nullptr) expr->attribute = Next().text;
        return expr;
      }
      return Make(Expr::Kind::kName, token.at, {}, name);
    }
    case Token::Kind::kString: {
      std::string text;
      while (now().kind == Token::Kind::kString) text += Next().text;
      tree_.literals += text;
      tree_.literals += '\0';
      return constant(tree_.constants.TemplateText(std::move(text)));
    }
    case Token::Kind::kInteger:
      Next();
      return constant(Value::Int(token.integer));
    case Token::Kind::kFloat:
      Next();
      return constant(Value::Float(token.number));
    case Token::Kind::kOperator:
      if (Take("(")) {
        Expr* inside = ParseTuple(true, {}, /*parenthesised=*/true);
        return Expect(")") ? inside : nullptr;
      }
      if (token.text == "[") return ParseList();
      if (token.text == "{") return ParseDict();
      break;
    default:
      break;
  }
  return Fail(token, fmt::format("{} has no meaning here", Described(token)));
}

Expr* ExprParser::ParseList() {
  const Deeper deeper(*this);
  const Position at = Next().at;
  std::vector<Expr*> items;
  while (!failed() && !IsOperator("]")) {
    if (!items.empty() && (!Expect(",") || IsOperator("]"))) break;
    items.push_back(ParseExpression());
  }
  return Expect("]") ? Make(Expr::Kind::kList, at, std::move(items)) : nullptr;
}

Expr* ExprParser::ParseDict() {
  const Deeper deeper(*this);
  const Position at = Next().at;
  std::vector<Expr*> items;
  while (!failed() && !IsOperator("}")) {
    if (!items.empty() && (!Expect(",") || IsOperator("}"))) break;
    items.push_back(ParseExpression());
    if (!Expect(":")) return nullptr;
    items.push_back(ParseExpression());
  }
  return Expect("}") ? Make(Expr::Kind::kDict, at, std::move(items)) : nullptr;
}

Expr* ExprParser::ParsePostfix(Expr* expr) {
  while (!failed()) {
    if (IsOperator(".") || IsOperator("[")) {
      expr = ParseAttributeOrItem(expr);
    } else if (IsOperator("(")) {
      expr = Make(Expr::Kind::kCall, now().at, {expr});
      if (expr == nullptr || !ParseArguments(*expr)) return nullptr;
    } else {
      break;
    }
  }
  return failed() ? nullptr : expr;
}

Expr* ExprParser::ParseAttributeOrItem(Expr* of) {
  const Token token = Next();
  if (token.text == ".") {
    if (now().kind == Token::Kind::kName) {
      return Make(Expr::Kind::kAttribute, token.at, {of}, Next().text);
    }
    if (now().kind != Token::Kind::kInteger) {
      return Fail(now(), "a name or a number is wanted after '.'");
    }
    const Token index = Next();
    Expr* number = Make(Expr::Kind::kConstant, index.at);
    if (number == nullptr) return nullptr;
    number->value = Value::Int(index.integer);
    return Make(Expr::Kind::kItem, token.at, {of, number});
  }
  Expr* expr = ParseSubscript(of, token.at);
  if (IsOperator(",")) return Fail(now(), "a subscript has one part");
  return Expect("]") ? expr : nullptr;
}

Expr* ExprParser::ParseSubscript(Expr* of, Position at) {
  if (IsOperator("]")) return Fail(now(), "a subscript is wanted between '[' and ']'");
  Expr* first = IsOperator(":") ? nullptr : ParseExpression();
  if (failed()) return nullptr;
  if (!Take(":")) return Make(Expr::Kind::kItem, at, {of, first});
  std::vector<Expr*> items = {of, first, nullptr, nullptr};
  const auto ends = [this] { return IsOperator(":") || IsOperator("]") || IsOperator(","); };
  if (!ends()) items[2] = ParseExpression();
  if (Take(":") && !ends()) items[3] = ParseExpression();
  return Make(Expr::Kind::kSlice, at, std::move(items));
}

Expr* ExprParser::ParseFilterOrTest(Expr* expr) {
  while (!failed()) {
    if (IsOperator("|")) {
      expr = ParseFilters(expr, /*begun=*/false);
    } else if (IsWord("is")) {
      expr = ParseTest(expr);
    } else if (IsOperator("(")) {
      expr = Make(Expr::Kind::kCall, now().at, {expr});
      if (expr == nullptr || !ParseArguments(*expr)) return nullptr;
    } else {
      break;
    }
  }
  return failed() ? nullptr : expr;
}

// Filters and tests of others may have dots in their names; none of ours has.
std::string ExprParser::ParseDottedName() {
  std::string name = Next().text;
  while (Take(".")) name += "." + Next().text;
  return name;
}

Expr* ExprParser::ParseFilters(Expr* input, bool begun) {
  while (!failed() && (begun || IsOperator("|"))) {
    if (!begun) Next();
    begun = false;
    if (now().kind != Token::Kind::kName) return Fail(now(), "the name of a filter is wanted");
    const Position at = now().at;
    input = Make(Expr::Kind::kFilter, at, {input}, ParseDottedName());
    if (input == nullptr) return nullptr;
    if (IsOperator("(") && !ParseArguments(*input)) return nullptr;
  }
  return failed() ? nullptr : input;
}

Expr* ExprParser::ParseTest(Expr* expr) {
  const Position at = Next().at;
  const bool negated = TakeWord("not");
  if (now().kind != Token::Kind::kName) return Fail(now(), "the name of a test is wanted");
  Expr* test = Make(Expr::Kind::kTest, at, {expr}, ParseDottedName());
  if (test == nullptr) return nullptr;
  const Token::Kind kind = now().kind;
  const bool operand =
      kind == Token::Kind::kString || kind == Token::Kind::kInteger ||
      kind == Token::Kind::kFloat || IsOperator("[") || IsOperator("{") ||
      (kind == Token::Kind::kName && !IsWord("else") && !IsWord("or") && !IsWord("and"));
  if (IsOperator("(")) {
    if (!ParseArguments(*test)) return nullptr;
  } else if (operand) {
    if (IsWord("is")) return Fail(now(), "tests cannot be chained");
    Expr* primary = ParsePrimary();
    test->arguments.push_back(ParsePostfix(primary));
    if (failed() || !CountDepth(*test)) return nullptr;
  }
  return negated ? Make(Expr::Kind::kNot, at, {test}) : test;
}

bool ExprParser::ParseArgument(Expr& call) {
  const Token token = now();
  if (Take("*")) {
    if (call.more_arguments != nullptr || call.more_named != nullptr) {
      return Refuse(token, "'*' stands once, before '**'");
    }
    call.more_arguments = ParseExpression();
  } else if (Take("**")) {
    if (call.more_named != nullptr) return Refuse(token, "'**' stands once");
    call.more_named = ParseExpression();
  } else if (token.kind == Token::Kind::kName && ahead().kind == Token::Kind::kOperator &&
             ahead().text == "=") {
    if (call.more_named != nullptr) return Refuse(token, "'**' stands last");
    for (const auto& [name, value] : call.named) {
      if (name == token.text) return Refuse(token, "an argument is named twice");
    }
    Next();
    Next();
    call.named.emplace_back(token.text, ParseExpression());
  } else {
    if (call.more_arguments != nullptr || call.more_named != nullptr || !call.named.empty()) {
      return Refuse(token, "an argument without a name follows one with a name");
    }
    call.arguments.push_back(ParseExpression());
  }
  return !failed();
}

bool ExprParser::ParseArguments(Expr& call) {
  const Deeper deeper(*this);
  if (!Expect("(")) return false;
  bool any = false;
  while (!failed() && !IsOperator(")")) {
    if (any && (!Expect(",") || IsOperator(")"))) break;
    any = true;
    if (!ParseArgument(call)) return false;
  }
  return Expect(")") && CountDepth(call);
}

}  // namespace parvis::chat
