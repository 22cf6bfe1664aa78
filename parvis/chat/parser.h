#ifndef PARVIS_CHAT_PARSER_H_
#define PARVIS_CHAT_PARSER_H_

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/chat/ast.h"
#include "parvis/chat/lexer.h"
#include "parvis/core/result.h"

namespace parvis::chat {

// Expressions may be nested so deep, statements within statements so deep.
constexpr uint32_t kMaxExprDepth = 200;
constexpr int kMaxStatementDepth = 60;

// Reads expressions. Recursive descent, bounded by kMaxExprDepth. A syntax error is kept in
// status(); the functions then return null, and callers stop.
class ExprParser {
 public:
  ExprParser(std::vector<Token> tokens, Tree& tree) : tokens_(std::move(tokens)), tree_(tree) {}

  const Status& status() const { return status_; }
  bool failed() const { return !status_.ok(); }

 protected:
  // One expression, or several with commas between as a tuple. `stop` is a name that ends it.
  Expr* ParseTuple(bool with_condition, std::string_view stop = {}, bool parenthesised = false);
  Expr* ParseExpression(bool with_condition = true);
  // A name, names in a tuple, or (if allowed) an attribute of a namespace.
  Expr* ParseTarget(bool with_namespace, std::string_view stop = {});
  Expr* ParseName();  // one name to assign to
  // `| name(…) | name(…)` upon `input`, which is null in a block's filter.
  Expr* ParseFilters(Expr* input, bool begun);

  const Token& now() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token Next();
  bool IsOperator(std::string_view op) const;
  bool IsWord(std::string_view word) const;
  bool Take(std::string_view op);
  bool TakeWord(std::string_view word);
  bool Expect(std::string_view op);
  bool ExpectWord(std::string_view word);
  bool ExpectKind(Token::Kind kind, std::string_view what);
  std::nullptr_t Fail(const Token& token, const std::string& what);
  bool Refuse(const Token& token, const std::string& what) {
    Fail(token, what);
    return false;
  }
  static std::string Described(const Token& token);

  Expr* Make(Expr::Kind kind, Position at, std::vector<Expr*> items = {}, std::string text = {});

  Tree& tree() { return tree_; }

 private:
  // One level of recursion; refuses one too many.
  class Deeper {
   public:
    explicit Deeper(ExprParser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMaxExprDepth) {
        parser_.Fail(parser_.now(), "expressions are nested too deep");
      }
    }
    ~Deeper() { --parser_.depth_; }
    Deeper(const Deeper&) = delete;

   private:
    ExprParser& parser_;
  };

  Expr* ParseCondition();
  Expr* ParseOr();
  Expr* ParseAnd();
  Expr* ParseNot();
  Expr* ParseCompare();
  Expr* ParseSum();
  Expr* ParseConcat();
  Expr* ParseProduct();
  Expr* ParsePower();
  Expr* ParseUnary(bool with_filter);
  Expr* ParsePrimary(bool with_namespace = false);
  Expr* ParsePostfix(Expr* expr);
  Expr* ParseFilterOrTest(Expr* expr);
  Expr* ParseTest(Expr* expr);
  Expr* ParseAttributeOrItem(Expr* expr);
  Expr* ParseSubscript(Expr* of, Position at);
  std::string ParseDottedName();
  Expr* ParseList();
  Expr* ParseDict();
  bool ParseArguments(Expr& call);
  bool ParseArgument(Expr& call);
  Expr* ParseLeftToRight(std::initializer_list<std::string_view> operators,
                         Expr* (ExprParser::*part)());
  bool IsTupleEnd(std::string_view stop) const;
  bool CountDepth(Expr& expr);

  std::vector<Token> tokens_;
  Tree& tree_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  Status status_;
};

// Reads a template: tokens to a tree whose names are not resolved yet (symbols.h).
Result<std::unique_ptr<Tree>> ParseTemplate(std::string_view source);

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_PARSER_H_
