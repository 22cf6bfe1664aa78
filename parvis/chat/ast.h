#ifndef PARVIS_CHAT_AST_H_
#define PARVIS_CHAT_AST_H_

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "parvis/chat/value.h"

namespace parvis::chat {

// Where in the template something stands; both count from 1, columns in characters.
struct Position {
  uint32_t line = 1, column = 1;
};

// Where a name is found while rendering: `hops` scopes out, in that scope's slot.
struct Slot {
  uint32_t hops = 0, index = 0;
};

struct Expr {
  enum class Kind : uint8_t {
    kConstant,   // value
    kName,       // text, slot
    kTuple,      // items
    kList,       // items
    kDict,       // items: key, value, key, value
    kConcat,     // items, as texts
    kNot,        // items[0]
    kNegate,     // items[0]
    kPlus,       // items[0]
    kAnd,        // items[0], items[1]
    kOr,         // items[0], items[1]
    kBinary,     // text: the operator; items[0], items[1]
    kCompare,    // items[0] operators[0] items[1] operators[1] items[2] …
    kCondition,  // items: then, test, perhaps otherwise
    kAttribute,  // items[0].text
    kItem,       // items[0][items[1]]
    kSlice,      // items[0][items[1]:items[2]:items[3]]; each of the last three may be null
    kCall,       // items[0](…)
    kFilter,     // items[0] | text(…); items[0] is null in a block's filter
    kTest,       // items[0] is text(…)
    kNamespaceAttribute,  // text.attribute as what is assigned to; slot
  };

  Kind kind = Kind::kConstant;
  Position at;
  uint32_t depth = 1;  // of the tree below, itself counted
  std::string text;
  std::string attribute;
  Value value;
  Slot slot;
  std::vector<Expr*> items;
  std::vector<std::string> operators;
  // Of a call, filter or test, beside items[0].
  std::vector<Expr*> arguments;
  std::vector<std::pair<std::string, Expr*>> named;
  Expr* more_arguments = nullptr;  // *list
  Expr* more_named = nullptr;      // **dict
};

// What a scope has when it is entered.
struct Scope {
  enum class Load : uint8_t { kParameter, kUndefined, kContext, kOuter };
  struct Name {
    std::string name;
    Load load = Load::kUndefined;
    Slot outer;  // kOuter: where to copy from, seen from within this scope
  };
  Scope* parent = nullptr;
  std::vector<Name> names;  // by slot
  std::unordered_map<std::string, uint32_t> slots;
};

struct Statement {
  enum class Kind : uint8_t {
    kText,         // text
    kOutput,       // expressions
    kIf,           // branches, then otherwise
    kFor,          // target in expressions[0], perhaps `test`; body, otherwise
    kSet,          // target = expressions[0]
    kSetBlock,     // target = body, perhaps through `filter`
    kMacro,        // text: its name; parameters, defaults, body; target: the name
    kCallBlock,    // expressions[0] is the call; parameters, defaults, body
    kFilterBlock,  // body through `filter`
    kWith,         // parameters = expressions; body
    kGeneration,   // body
    kBreak,
    kContinue,
  };
  struct Branch {
    Expr* test;
    std::vector<Statement*> body;
  };

  Kind kind = Kind::kText;
  Position at;
  std::string text;
  Value value;  // kText: the text
  std::vector<Expr*> expressions;
  Expr* target = nullptr;
  Expr* test = nullptr;
  Expr* filter = nullptr;
  std::vector<Branch> branches;
  std::vector<Statement*> body, otherwise;
  std::vector<Expr*> parameters, defaults;  // the last defaults.size() parameters have one
  bool has_otherwise = false;
  bool uses_loop = false;  // kFor: its body speaks of `loop`
  bool uses_caller = false, uses_kwargs = false, uses_varargs = false;
  Scope* scope = nullptr;            // of the body
  Scope* test_scope = nullptr;       // kFor
  Scope* otherwise_scope = nullptr;  // kFor
};

// A parsed template. Owns its nodes.
struct Tree {
  Tree() : constants(size_t{64} << 20) {}

  std::deque<Expr> exprs;
  std::deque<Statement> statements;
  std::deque<Scope> scopes;
  Heap constants;
  std::vector<Statement*> body;
  Scope* scope = nullptr;
  std::string literals;  // all text that the template writes, parts separated by zero bytes
};

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_AST_H_
