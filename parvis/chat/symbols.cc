#include "parvis/chat/symbols.h"

#include <map>
#include <set>
#include <string>

#include "fmt/format.h"
#include "parvis/chat/lexer.h"

namespace parvis::chat {
namespace {

using Load = Scope::Load;
using Statements = std::vector<Statement*>;

// The names of one scope while it is read. Copied for every branch of an `if`, and put together
// again after it, because what one branch assigns another does not know.
struct Names {
  std::map<std::string, Load> loads;  // every name that the scope has
  std::set<std::string> stores;
};

class Resolver {
 public:
  explicit Resolver(Tree& tree) : tree_(tree) {}

  Status Run() {
    tree_.scope = NewScope(nullptr);
    Collect(*tree_.scope, tree_.body);
    Enter(tree_.body);
    return status_;
  }

 private:
  Scope* NewScope(Scope* parent) {
    tree_.scopes.emplace_back();
    Scope* scope = &tree_.scopes.back();
    scope->parent = parent;
    now_ = scope;
    names_ = {};
    return scope;
  }

  // First walk over a scope: which names it has.
  bool Known(const std::string& name) const {
    return names_.loads.contains(name) || Outer(name) != nullptr;
  }
  const Scope* Outer(const std::string& name) const {
    const Scope* scope = now_->parent;
    while (scope != nullptr && !scope->slots.contains(name)) scope = scope->parent;
    return scope;
  }
  void LoadName(const std::string& name) {
    if (!Known(name)) names_.loads[name] = Load::kContext;
  }
  void Store(const std::string& name) {
    names_.stores.insert(name);
    if (names_.loads.contains(name)) return;
    names_.loads[name] = Outer(name) != nullptr ? Load::kOuter : Load::kUndefined;
  }
  void Declare(const std::string& name) {
    names_.stores.insert(name);
    names_.loads[name] = Load::kParameter;
  }
  void Visit(const Expr* expr);
  void VisitTarget(const Expr& target, bool parameter);
  void VisitIf(const Statement& statement);
  void Visit(const Statements& body);
  void Visit(const Statement& statement);

  // Gives the collected names of `scope` their slots.
  void Collect(Scope& scope, const Statements& body);

  // Second walk: every name to its slot; scopes within.
  void Bind(Expr* expr);
  Slot SlotOf(const std::string& name) const;
  void Enter(const Statements& body);
  void Enter(Statement& statement);
  void EnterFor(Statement& statement);
  void EnterMacro(Statement& statement);
  void EnterScope(Statement& statement);

  // Whether `name` is read in a body before it is assigned there.
  bool Mentions(const Statements& body, const std::string& name) const;
  bool Mentions(const Expr* expr, const std::string& name) const;

  void Charge(size_t work) {
    work_ += work;
    if (work_ > kMostWork && status_.ok()) {
      status_ = DataLoss("chat template: too many names and tags");
    }
  }

  static constexpr size_t kMostWork = 4'000'000;

  Tree& tree_;
  Scope* now_ = nullptr;
  Names names_;
  size_t work_ = 0;
  Status status_;
};

void Resolver::Visit(const Expr* expr) {
  if (expr == nullptr || !status_.ok()) return;
  Charge(1);
  if (expr->kind == Expr::Kind::kName || expr->kind == Expr::Kind::kNamespaceAttribute) {
    LoadName(expr->text);
  }
  for (const Expr* item : expr->items) Visit(item);
  for (const Expr* argument : expr->arguments) Visit(argument);
  for (const auto& [name, argument] : expr->named) Visit(argument);
  Visit(expr->more_arguments);
  Visit(expr->more_named);
}

void Resolver::VisitTarget(const Expr& target, bool parameter) {
  if (target.kind == Expr::Kind::kTuple) {
    for (const Expr* item : target.items) VisitTarget(*item, parameter);
  } else if (target.kind == Expr::Kind::kNamespaceAttribute) {
    LoadName(target.text);
  } else if (parameter) {
    Declare(target.text);
  } else {
    Store(target.text);
  }
}

void Resolver::VisitIf(const Statement& statement) {
  // Each `elif` is tested within its own branch, as Jinja nests them.
  Visit(statement.branches[0].test);
  const Names before = names_;
  const size_t copied = 2 * (before.loads.size() + before.stores.size()) + 1;
  Charge(copied);
  std::vector<Names> branches;
  const auto branch = [&](const Expr* test, const Statements& body) {
    names_ = before;
    Charge(copied);
    if (!status_.ok()) return;
    Visit(test);
    Visit(body);
    branches.push_back(std::move(names_));
  };
  branch(nullptr, statement.branches[0].body);
  // All `elif` are read one after the other, in one branch.
  Names elifs = before;
  for (size_t i = 1; i < statement.branches.size(); ++i) {
    Charge(copied);
    if (!status_.ok()) return;
    names_ = std::move(elifs);
    Statement alone{.kind = Statement::Kind::kIf, .at = statement.at};
    alone.branches.push_back(statement.branches[i]);
    VisitIf(alone);
    elifs = std::move(names_);
  }
  if (statement.branches.size() > 1) branches.push_back(std::move(elifs));
  if (statement.has_otherwise) branch(nullptr, statement.otherwise);

  names_ = before;
  std::set<std::string> stored;
  for (const Names& names : branches) {
    Charge(names.loads.size() + names.stores.size());
    stored.insert(names.stores.begin(), names.stores.end());
    for (const auto& [name, load] : names.loads) names_.loads[name] = load;
    names_.stores.insert(names.stores.begin(), names.stores.end());
  }
  // Assigned in some branch only: before, it is worth what it is worth outside.
  for (const std::string& name : stored) {
    if (before.stores.contains(name)) continue;
    names_.loads[name] = Outer(name) != nullptr ? Load::kOuter : Load::kContext;
  }
}

void Resolver::Visit(const Statements& body) {
  for (const Statement* statement : body) {
    if (!status_.ok()) return;
    Visit(*statement);
  }
}

void Resolver::Visit(const Statement& s) {
  Charge(1);
  switch (s.kind) {
    case Statement::Kind::kIf:
      VisitIf(s);
      break;
    case Statement::Kind::kSet:
      Visit(s.expressions[0]);
      VisitTarget(*s.target, false);
      break;
    case Statement::Kind::kSetBlock:
      VisitTarget(*s.target, false);
      break;
    case Statement::Kind::kMacro:
      Store(s.text);
      break;
    case Statement::Kind::kFilterBlock:
      Visit(s.filter);
      break;
    default:  // the expressions of a loop, a with, an output or a call stand outside of its body
      for (const Expr* expr : s.expressions) Visit(expr);
      break;
  }
}

void Resolver::Collect(Scope& scope, const Statements& body) {
  Visit(body);
  for (const auto& [name, load] : names_.loads) {
    scope.slots.emplace(name, static_cast<uint32_t>(scope.names.size()));
    Scope::Name entry{.name = name, .load = load, .outer = {}};
    if (load == Load::kOuter) {
      uint32_t hops = 1;
      const Scope* outer = scope.parent;
      for (; !outer->slots.contains(name); outer = outer->parent) ++hops;
      entry.outer = {hops, outer->slots.at(name)};
    }
    scope.names.push_back(std::move(entry));
  }
}

Slot Resolver::SlotOf(const std::string& name) const {
  uint32_t hops = 0;
  for (const Scope* scope = now_; scope != nullptr; scope = scope->parent, ++hops) {
    const auto found = scope->slots.find(name);
    if (found != scope->slots.end()) return {hops, found->second};
  }
  PARVIS_CHECK(false);  // every name was collected
  return {};
}

void Resolver::Bind(Expr* expr) {
  if (expr == nullptr || !status_.ok()) return;
  Charge(1);
  if (expr->kind == Expr::Kind::kName || expr->kind == Expr::Kind::kNamespaceAttribute) {
    expr->slot = SlotOf(expr->text);
  }
  for (Expr* item : expr->items) Bind(item);
  for (Expr* argument : expr->arguments) Bind(argument);
  for (auto& [name, argument] : expr->named) Bind(argument);
  Bind(expr->more_arguments);
  Bind(expr->more_named);
}

void Resolver::Enter(const Statements& body) {
  for (Statement* statement : body) {
    if (!status_.ok()) return;
    Enter(*statement);
  }
}

void Resolver::Enter(Statement& s) {
  if (s.kind != Statement::Kind::kWith) {
    for (Expr* expr : s.expressions) Bind(expr);
  }
  switch (s.kind) {
    case Statement::Kind::kIf:
      for (Statement::Branch& branch : s.branches) {
        Bind(branch.test);
        Enter(branch.body);
      }
      Enter(s.otherwise);
      break;
    case Statement::Kind::kSet:
      Bind(s.target);
      break;
    case Statement::Kind::kFor:
      EnterFor(s);
      break;
    case Statement::Kind::kMacro:
      Bind(s.target);
      EnterMacro(s);
      break;
    case Statement::Kind::kCallBlock:
    case Statement::Kind::kGeneration:
      EnterMacro(s);
      break;
    case Statement::Kind::kSetBlock:
      Bind(s.target);
      EnterScope(s);
      break;
    case Statement::Kind::kFilterBlock:
    case Statement::Kind::kWith:
      for (Expr* expr : s.expressions) Bind(expr);
      EnterScope(s);
      break;
    default:
      break;
  }
}

void Resolver::EnterFor(Statement& s) {
  Scope* const outside = now_;
  s.uses_loop = Mentions(s.body, "loop");
  s.scope = NewScope(outside);
  if (s.uses_loop) Declare("loop");
  VisitTarget(*s.target, true);
  Collect(*s.scope, s.body);
  Bind(s.target);
  Enter(s.body);
  if (s.test != nullptr) {
    s.test_scope = NewScope(outside);
    VisitTarget(*s.target, true);
    Visit(s.test);
    Collect(*s.test_scope, {});
    Bind(s.test);
  }
  if (s.has_otherwise) {
    s.otherwise_scope = NewScope(outside);
    Collect(*s.otherwise_scope, s.otherwise);
    Enter(s.otherwise);
  }
  now_ = outside;
}

void Resolver::EnterMacro(Statement& s) {
  Scope* const outside = now_;
  s.uses_caller = Mentions(s.body, "caller");
  s.uses_kwargs = Mentions(s.body, "kwargs");
  s.uses_varargs = Mentions(s.body, "varargs");
  s.scope = NewScope(outside);
  for (const Expr* parameter : s.parameters) {
    s.uses_caller &= parameter->text != "caller";
    s.uses_kwargs &= parameter->text != "kwargs";
    s.uses_varargs &= parameter->text != "varargs";
  }
  if (s.uses_caller) Declare("caller");
  if (s.uses_kwargs) Declare("kwargs");
  if (s.uses_varargs) Declare("varargs");
  for (const Expr* parameter : s.parameters) Declare(parameter->text);
  for (const Expr* expr : s.defaults) Visit(expr);
  Collect(*s.scope, s.body);
  for (Expr* parameter : s.parameters) Bind(parameter);
  for (Expr* expr : s.defaults) Bind(expr);
  Enter(s.body);
  now_ = outside;
}

void Resolver::EnterScope(Statement& s) {
  Scope* const outside = now_;
  s.scope = NewScope(outside);
  for (const Expr* target : s.parameters) VisitTarget(*target, true);
  Visit(s.filter);
  Collect(*s.scope, s.body);
  for (Expr* target : s.parameters) Bind(target);
  Bind(s.filter);
  Enter(s.body);
  now_ = outside;
}

bool Resolver::Mentions(const Expr* expr, const std::string& name) const {
  if (expr == nullptr) return false;
  if (expr->kind == Expr::Kind::kName && expr->text == name) return true;
  const auto any = [&](const std::vector<Expr*>& exprs) {
    for (const Expr* part : exprs) {
      if (Mentions(part, name)) return true;
    }
    return false;
  };
  if (any(expr->items) || any(expr->arguments)) return true;
  for (const auto& [key, argument] : expr->named) {
    if (Mentions(argument, name)) return true;
  }
  return Mentions(expr->more_arguments, name) || Mentions(expr->more_named, name);
}

bool Resolver::Mentions(const Statements& body, const std::string& name) const {
  for (const Statement* s : body) {
    for (const Expr* expr : s->expressions) {
      if (Mentions(expr, name)) return true;
    }
    for (const Expr* expr : s->defaults) {
      if (Mentions(expr, name)) return true;
    }
    for (const Statement::Branch& branch : s->branches) {
      if (Mentions(branch.test, name) || Mentions(branch.body, name)) return true;
    }
    if (Mentions(s->test, name) || Mentions(s->filter, name)) return true;
    if (Mentions(s->body, name) || Mentions(s->otherwise, name)) return true;
  }
  return false;
}

}  // namespace

Status ResolveNames(Tree& tree) { return Resolver(tree).Run(); }

}  // namespace parvis::chat
