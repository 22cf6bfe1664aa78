#include <algorithm>

#include "fmt/format.h"
#include "parvis/chat/parser.h"
#include "parvis/chat/symbols.h"

namespace parvis::chat {
namespace {

using Statements = std::vector<Statement*>;
using EndTags = std::initializer_list<std::string_view>;

class TemplateParser : public ExprParser {
 public:
  TemplateParser(std::vector<Token> tokens, Tree& tree) : ExprParser(std::move(tokens), tree) {}

  Status Run() {
    tree().body = ParseBody({});
    if (!failed() && now().kind == Token::Kind::kBlockBegin) {
      Fail(ahead(), fmt::format("{} belongs to no tag", Described(ahead())));
    }
    return status();
  }

 private:
  Statement* New(Statement::Kind kind, Position at) {
    tree().statements.push_back({.kind = kind, .at = at});
    return &tree().statements.back();
  }
  Statements ParseBody(EndTags ends);
  Statements ParseInner(EndTags ends);
  void ParseText(Statements& body);
  Statement* ParseStatement();
  Statement* ParseIf();
  Statement* ParseFor();
  Statement* ParseSet();
  Statement* ParseMacro();
  Statement* ParseCallBlock();
  Statement* ParseFilterBlock();
  Statement* ParseWith();
  Statement* ParsePrint();
  Statement* ParseLoopControl();
  Statement* ParseGeneration();
  void ParseSignature(Statement& statement);

  int depth_ = 0;
  int loops_ = 0;  // around what is parsed, within one macro
};

// Statements up to a tag of `ends`, whose name is then the next token; or to the end.
Statements TemplateParser::ParseBody(EndTags ends) {
  Statements body;
  while (!failed() && now().kind != Token::Kind::kEnd) {
    if (now().kind == Token::Kind::kText) {
      ParseText(body);
    } else if (now().kind == Token::Kind::kVariableBegin) {
      const Token begin = Next();
      Expr* value = ParseTuple(true);
      if (!ExpectKind(Token::Kind::kVariableEnd, "'}}'")) break;
      body.push_back(New(Statement::Kind::kOutput, begin.at));
      body.back()->expressions.push_back(value);
    } else if (now().kind == Token::Kind::kBlockBegin) {
      const std::string& name = ahead().text;
      if (ahead().kind == Token::Kind::kName &&
          std::find(ends.begin(), ends.end(), name) != ends.end()) {
        Next();
        return body;
      }
      if (ahead().kind == Token::Kind::kName && name.starts_with("end")) return body;
      if (ahead().kind == Token::Kind::kName && (name == "else" || name == "elif")) return body;
      Next();
      Statement* statement = ParseStatement();
      if (statement == nullptr || !ExpectKind(Token::Kind::kBlockEnd, "'%}'")) break;
      body.push_back(statement);
    } else {
      Fail(now(), fmt::format("{} has no meaning here", Described(now())));
    }
  }
  return body;
}

void TemplateParser::ParseText(Statements& body) {
  const Token token = Next();
  Statement* text = New(Statement::Kind::kText, token.at);
  tree().literals += token.text;
  tree().literals += '\0';
  text->value = tree().constants.TemplateText(token.text);
  body.push_back(text);
}

// The end of a tag, what it holds, and the name of the tag that ends it.
Statements TemplateParser::ParseInner(EndTags ends) {
  Take(":");
  if (!ExpectKind(Token::Kind::kBlockEnd, "'%}'")) return {};
  if (++depth_ > kMaxStatementDepth) Fail(now(), "tags are nested too deep");
  Statements body = ParseBody(ends);
  --depth_;
  const bool ended = now().kind == Token::Kind::kName &&
                     std::find(ends.begin(), ends.end(), now().text) != ends.end();
  if (!failed() && !ended) {
    const Token& token = now().kind == Token::Kind::kBlockBegin ? ahead() : now();
    Fail(token, fmt::format("'{}' is wanted, not {}", *(ends.end() - 1), Described(token)));
  }
  return body;
}

Statement* TemplateParser::ParseStatement() {
  const Token token = now();
  if (token.kind != Token::Kind::kName) return Fail(token, "the name of a tag is wanted");
  if (token.text == "if") return ParseIf();
  if (token.text == "for") return ParseFor();
  if (token.text == "set") return ParseSet();
  if (token.text == "macro") return ParseMacro();
  if (token.text == "call") return ParseCallBlock();
  if (token.text == "filter") return ParseFilterBlock();
  if (token.text == "with") return ParseWith();
  if (token.text == "print") return ParsePrint();
  if (token.text == "generation") return ParseGeneration();
  if (token.text == "break" || token.text == "continue") return ParseLoopControl();
  for (const std::string_view other : {"include", "import", "from", "extends", "block"}) {
    if (token.text == other) {
      return Fail(token, fmt::format("'{}': a chat template stands alone", other));
    }
  }
  return Fail(token, fmt::format("there is no tag '{}'", token.text.substr(0, 60)));
}

Statement* TemplateParser::ParseIf() {
  Statement* statement = New(Statement::Kind::kIf, Next().at);
  for (;;) {
    Expr* test = ParseTuple(false);
    Statements body = ParseInner({"elif", "else", "endif"});
    if (failed()) return nullptr;
    statement->branches.push_back({test, std::move(body)});
    if (TakeWord("elif")) continue;
    if (TakeWord("else")) {
      statement->has_otherwise = true;
      statement->otherwise = ParseInner({"endif"});
    }
    return ExpectWord("endif") ? statement : nullptr;
  }
}

Statement* TemplateParser::ParseFor() {
  Statement* statement = New(Statement::Kind::kFor, Next().at);
  statement->target = ParseTarget(false, "in");
  if (!ExpectWord("in")) return nullptr;
  statement->expressions.push_back(ParseTuple(false, "recursive"));
  if (TakeWord("if")) statement->test = ParseExpression();
  if (IsWord("recursive")) return Fail(now(), "recursive loops are not supported");
  ++loops_;
  statement->body = ParseInner({"else", "endfor"});
  --loops_;
  if (TakeWord("else")) {
    statement->has_otherwise = true;
    statement->otherwise = ParseInner({"endfor"});
  }
  return ExpectWord("endfor") ? statement : nullptr;
}

Statement* TemplateParser::ParseSet() {
  const Position at = Next().at;
  Expr* target = ParseTarget(/*with_namespace=*/true);
  if (Take("=")) {
    Statement* statement = New(Statement::Kind::kSet, at);
    statement->target = target;
    statement->expressions.push_back(ParseTuple(true));
    return failed() ? nullptr : statement;
  }
  Statement* statement = New(Statement::Kind::kSetBlock, at);
  statement->target = target;
  if (IsOperator("|")) statement->filter = ParseFilters(nullptr, false);
  statement->body = ParseInner({"endset"});
  return ExpectWord("endset") ? statement : nullptr;
}

void TemplateParser::ParseSignature(Statement& statement) {
  if (!Expect("(")) return;
  while (!failed() && !IsOperator(")")) {
    if (!statement.parameters.empty() && !Expect(",")) return;
    Expr* name = ParseName();
    if (name == nullptr) return;
    for (const Expr* other : statement.parameters) {
      if (other->text == name->text) {
        Fail(now(), "a parameter is named twice");
        return;
      }
    }
    statement.parameters.push_back(name);
    if (Take("=")) {
      statement.defaults.push_back(ParseExpression());
    } else if (!statement.defaults.empty()) {
      Fail(now(), "a parameter without a default follows one that has it");
    }
  }
  Expect(")");
}

Statement* TemplateParser::ParseMacro() {
  Statement* statement = New(Statement::Kind::kMacro, Next().at);
  statement->target = ParseName();
  if (failed()) return nullptr;
  statement->text = statement->target->text;
  ParseSignature(*statement);
  const int loops = std::exchange(loops_, 0);
  statement->body = ParseInner({"endmacro"});
  loops_ = loops;
  return ExpectWord("endmacro") ? statement : nullptr;
}

Statement* TemplateParser::ParseCallBlock() {
  Statement* statement = New(Statement::Kind::kCallBlock, Next().at);
  statement->text = "caller";
  if (IsOperator("(")) ParseSignature(*statement);
  Expr* call = ParseExpression();
  if (failed()) return nullptr;
  if (call->kind != Expr::Kind::kCall) return Fail(now(), "'call' wants the call of a macro");
  statement->expressions.push_back(call);
  const int loops = std::exchange(loops_, 0);
  statement->body = ParseInner({"endcall"});
  loops_ = loops;
  return ExpectWord("endcall") ? statement : nullptr;
}

Statement* TemplateParser::ParseFilterBlock() {
  Statement* statement = New(Statement::Kind::kFilterBlock, Next().at);
  statement->filter = ParseFilters(nullptr, /*begun=*/true);
  statement->body = ParseInner({"endfilter"});
  return ExpectWord("endfilter") ? statement : nullptr;
}

Statement* TemplateParser::ParseWith() {
  Statement* statement = New(Statement::Kind::kWith, Next().at);
  while (!failed() && now().kind != Token::Kind::kBlockEnd) {
    if (!statement->parameters.empty() && !Expect(",")) return nullptr;
    statement->parameters.push_back(ParseTarget(false));
    if (!Expect("=")) return nullptr;
    statement->expressions.push_back(ParseExpression());
  }
  statement->body = ParseInner({"endwith"});
  return ExpectWord("endwith") ? statement : nullptr;
}

Statement* TemplateParser::ParsePrint() {
  Statement* statement = New(Statement::Kind::kOutput, Next().at);
  while (!failed() && now().kind != Token::Kind::kBlockEnd) {
    if (!statement->expressions.empty() && !Expect(",")) return nullptr;
    statement->expressions.push_back(ParseExpression());
  }
  return failed() ? nullptr : statement;
}

Statement* TemplateParser::ParseLoopControl() {
  const Token token = Next();
  if (loops_ == 0) return Fail(token, fmt::format("'{}' outside of a loop", token.text));
  return New(token.text == "break" ? Statement::Kind::kBreak : Statement::Kind::kContinue,
             token.at);
}

// Which tokens are an assistant's own is of no use to a prompt: only the body counts.
Statement* TemplateParser::ParseGeneration() {
  Statement* statement = New(Statement::Kind::kGeneration, Next().at);
  const int loops = std::exchange(loops_, 0);
  statement->body = ParseInner({"endgeneration"});
  loops_ = loops;
  return ExpectWord("endgeneration") ? statement : nullptr;
}

}  // namespace

Result<std::unique_ptr<Tree>> ParseTemplate(std::string_view source) {
  PARVIS_ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(source));
  auto tree = std::make_unique<Tree>();
  PARVIS_RETURN_IF_ERROR(TemplateParser(std::move(tokens), *tree).Run());
  PARVIS_RETURN_IF_ERROR(ResolveNames(*tree));
  return tree;
}

}  // namespace parvis::chat
