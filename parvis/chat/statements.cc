#include <algorithm>

#include "fmt/format.h"
#include "parvis/chat/characters.h"
#include "parvis/chat/interpreter.h"
#include "parvis/chat/lexer.h"

namespace parvis::chat {

Interpreter::Interpreter(const Tree& tree, Heap& heap, const Limits& limits,
                         const Variables& variables, std::optional<std::tm> now)
    : tree_(tree),
      heap_(heap),
      limits_(limits),
      variables_(variables),
      now_(now),
      work_left_(limits.work + limits.work_per_input_byte * static_cast<int64_t>(heap.used())) {}

Result<MarkedText> Interpreter::Run() {
  TextBuilder out = NewText();
  out_ = &out;
  env_ = NewEnv(*tree_.scope, nullptr);
  Run(tree_.body);
  if (out.overflowed()) Fail("the prompt becomes too long");
  PARVIS_RETURN_IF_ERROR(status_);
  return out.Take();
}

Value Interpreter::Fail(const std::string& what) {
  if (status_.ok()) status_ = TemplateError(at_, what);
  return {};
}

Value Interpreter::FailType(const Value& value, std::string_view wanted) {
  if (value.is_undefined() && value.missing() != nullptr) return Fail(value.missing()->why);
  return Fail(fmt::format("{} is wanted, not {}", wanted, TypeName(value)));
}

bool Interpreter::Charge(size_t units) {
  if (failed()) return false;
  if (static_cast<int64_t>(std::min<size_t>(units, INT64_MAX)) > work_left_) {
    Fail("the template does too much work");
    return false;
  }
  work_left_ -= static_cast<int64_t>(units);
  if (heap_.full()) Fail("the template takes too much memory");
  return !failed();
}

Value Interpreter::Make(TextBuilder text) {
  if (text.overflowed()) return Fail("the template takes too much memory");
  if (!ChargeBytes(text.size())) return {};
  return heap_.Text(text.Take());
}

Value Interpreter::MakeList(Kind kind, std::vector<Value> items) {
  if (!ChargeItems(items.size())) return {};
  return heap_.List(kind, std::move(items));
}

Value Interpreter::MakeIterator(std::vector<Value> items) {
  if (!ChargeItems(items.size())) return {};
  return heap_.Iterator(std::move(items));
}

Value Interpreter::TemplateText(std::string text) {
  if (!ChargeBytes(text.size())) return {};
  return heap_.TemplateText(std::move(text));
}

Value Interpreter::Substring(const MarkedText& text, size_t begin, size_t end) {
  TextBuilder out = NewText();
  out.Append(text, begin, end);
  return Make(std::move(out));
}

std::tm Interpreter::Now() const {
  if (now_) return *now_;
  const std::time_t seconds = std::time(nullptr);
  std::tm now{};
  localtime_r(&seconds, &now);
  return now;
}

Value Interpreter::Variable(const std::string& name) const {
  for (const auto& [variable, value] : variables_) {
    if (variable == name) return value;
  }
  for (const std::string_view function :
       {"range", "namespace", "dict", "raise_exception", "strftime_now"}) {
    if (name == function) return heap_.Function({.name = name});
  }
  return {};
}

Env* Interpreter::NewEnv(const Scope& scope, Env* parent) {
  Charge(1 + scope.names.size());
  heap_.Take(sizeof(Env) + scope.names.size() * sizeof(Value));
  envs_.push_back({.parent = parent, .slots = std::vector<Value>(scope.names.size())});
  Env* env = &envs_.back();
  for (size_t i = 0; i < scope.names.size(); ++i) {
    const Scope::Name& name = scope.names[i];
    if (name.load == Scope::Load::kContext) {
      env->slots[i] = Variable(name.name);
    } else if (name.load == Scope::Load::kOuter) {
      const Env* outer = env;
      for (uint32_t hop = 0; hop < name.outer.hops; ++hop) outer = outer->parent;
      env->slots[i] = outer->slots[name.outer.index];
    }
  }
  return env;
}

Value& Interpreter::At(Slot slot) {
  Env* env = env_;
  for (uint32_t hop = 0; hop < slot.hops; ++hop) env = env->parent;
  return env->slots[slot.index];
}

void Interpreter::Assign(const Expr& target, const Value& value) {
  if (failed()) return;
  if (target.kind == Expr::Kind::kName) {
    At(target.slot) = value;
  } else if (target.kind == Expr::Kind::kNamespaceAttribute) {
    const Value names = At(target.slot);
    at_ = target.at;
    if (!names.is(Kind::kNamespace)) {
      Fail(fmt::format("'{}' is no namespace, so it has no attributes to set", target.text));
      return;
    }
    if (target.attribute.starts_with('_')) {
      Fail("an attribute of a namespace does not begin with '_'");
      return;
    }
    auto& attributes = names.names().attributes;
    const auto found = std::find_if(attributes.begin(), attributes.end(), [&](const auto& entry) {
      return entry.first == target.attribute;
    });
    if (found != attributes.end()) {
      found->second = value;
    } else {
      heap_.Take(64 + target.attribute.size());
      attributes.emplace_back(target.attribute, value);
    }
  } else {
    std::vector<Value> items;
    at_ = target.at;
    if (!ItemsOf(value, items)) return;
    if (items.size() != target.items.size()) {
      Fail(fmt::format("{} values for {} names", items.size(), target.items.size()));
      return;
    }
    for (size_t i = 0; i < items.size(); ++i) Assign(*target.items[i], items[i]);
  }
}

Interpreter::Flow Interpreter::Run(const std::vector<Statement*>& body) {
  for (const Statement* statement : body) {
    if (failed()) break;
    const Flow flow = Run(*statement);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::Run(const Statement& s) {
  at_ = s.at;
  Deeper deeper(*this);
  if (!deeper.ok() || !Charge(1)) return Flow::kNext;
  switch (s.kind) {
    case Statement::Kind::kText:
      out_->Append(s.value.text());
      ChargeBytes(s.value.bytes().size());
      break;
    case Statement::Kind::kOutput:
      for (const Expr* expr : s.expressions) {
        const Value value = Eval(*expr);
        if (!failed()) Write(value, *out_);
      }
      break;
    case Statement::Kind::kIf:
      return RunIf(s);
    case Statement::Kind::kFor:
      return RunFor(s);
    case Statement::Kind::kSet: {
      const Value value = Eval(*s.expressions[0]);
      Assign(*s.target, value);
      break;
    }
    case Statement::Kind::kSetBlock: {
      Value value;
      const Flow flow = Capture(s, value);
      if (flow != Flow::kNext) return flow;
      Assign(*s.target, value);
      break;
    }
    case Statement::Kind::kFilterBlock: {
      Value value;
      const Flow flow = Capture(s, value);
      if (flow != Flow::kNext) return flow;
      WriteText(s, value);
      break;
    }
    case Statement::Kind::kMacro:
      At(s.target->slot) = heap_.Function({.macro = &s, .env = env_, .name = s.text});
      break;
    case Statement::Kind::kCallBlock:
      RunCallBlock(s);
      break;
    case Statement::Kind::kGeneration: {
      const Value body = CallMacro({.macro = &s, .env = env_, .name = "generation"}, {});
      if (!failed()) Write(body, *out_);
      break;
    }
    case Statement::Kind::kWith:
      return RunWith(s);
    case Statement::Kind::kBreak:
      return Flow::kBreak;
    case Statement::Kind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::RunIf(const Statement& s) {
  for (const Statement::Branch& branch : s.branches) {
    const bool chosen = Truth(Eval(*branch.test));
    if (failed()) return Flow::kNext;
    if (chosen) return Run(branch.body);
  }
  return Run(s.otherwise);
}

Interpreter::Flow Interpreter::RunWith(const Statement& s) {
  Env* const outside = env_;
  Env* const inside = NewEnv(*s.scope, outside);
  for (size_t i = 0; i < s.expressions.size() && !failed(); ++i) {
    const Value value = Eval(*s.expressions[i]);
    env_ = inside;
    Assign(*s.parameters[i], value);
    env_ = outside;
  }
  env_ = inside;
  const Flow flow = Run(s.body);
  env_ = outside;
  return flow;
}

// The text that a body writes, through the block's filter if it has one. A body that leaves its
// loop has no text.
Interpreter::Flow Interpreter::Capture(const Statement& s, Value& value) {
  Env* const outside = env_;
  env_ = NewEnv(*s.scope, outside);
  TextBuilder text = NewText();
  TextBuilder* const out = std::exchange(out_, &text);
  const Flow flow = Run(s.body);
  out_ = out;
  if (flow == Flow::kNext) {
    value = Make(std::move(text));
    if (s.filter != nullptr && !failed()) value = Filtered(*s.filter, value);
  }
  env_ = outside;
  return flow;
}

void Interpreter::RunCallBlock(const Statement& s) {
  const Expr& call = *s.expressions[0];
  const Value function = Eval(*call.items[0]);
  Arguments arguments;
  if (!EvalArguments(call, arguments)) return;
  arguments.named.emplace_back("caller",
                               heap_.Function({.macro = &s, .env = env_, .name = "caller"}));
  at_ = call.at;
  const Value text = Call(function, arguments);
  WriteText(s, text);
}

// What a block makes has to be text already.
void Interpreter::WriteText(const Statement& s, const Value& value) {
  at_ = s.at;
  if (failed()) return;
  if (!value.is_string()) {
    FailType(value, "text from the block");
    return;
  }
  Write(value, *out_);
}

bool Interpreter::ItemsOf(const Value& value, std::vector<Value>& items) {
  switch (value.kind()) {
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
    case Kind::kRange:
      items = value.items();
      break;
    case Kind::kIterator: {
      IteratorObject& iterator = value.iterator();
      items.assign(iterator.items.begin() + static_cast<ptrdiff_t>(iterator.next),
                   iterator.items.end());
      iterator.next = iterator.items.size();
      break;
    }
    case Kind::kDict:
      for (const auto& [key, entry] : value.dict().entries) items.push_back(key);
      break;
    case Kind::kString: {
      const std::string& bytes = value.bytes();
      for (size_t at = 0; at < bytes.size() && !failed();) {
        const size_t next = at + ByteOfCharacter(std::string_view(bytes).substr(at, 4), 1);
        items.push_back(Substring(value.text(), at, next));
        at = next;
      }
      break;
    }
    case Kind::kUndefined:
      break;
    default:
      Fail(fmt::format("'{}' has no items to go through", TypeName(value)));
  }
  return ChargeItems(items.size());
}

bool Interpreter::Length(const Value& value, int64_t& length) {
  length = 0;
  if (value.is_items()) {
    length = static_cast<int64_t>(value.items().size());
  } else if (value.is(Kind::kDict)) {
    length = static_cast<int64_t>(value.dict().entries.size());
  } else if (value.is_string()) {
    ChargeBytes(value.bytes().size());
    length = static_cast<int64_t>(CountCharacters(value.bytes()));
  } else if (value.is(Kind::kLoop)) {
    const Value loop_length = LoopAttribute(value.loop(), "length");
    length = failed() ? 0 : loop_length.integer();
  } else if (!value.is_undefined()) {
    Fail(fmt::format("'{}' has no length", TypeName(value)));
  }
  return !failed();
}

bool Interpreter::Integer(const Value& value, int64_t& number) {
  if (!value.is_integer()) FailType(value, "a whole number");
  if (failed()) return false;
  number = value.integer();
  return true;
}

}  // namespace parvis::chat
