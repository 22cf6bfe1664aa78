#include <algorithm>

#include "fmt/format.h"
#include "parvis/chat/interpreter.h"

namespace parvis::chat {

bool Interpreter::OpenSource(const Statement& s, ItemSource& source) {
  const Value value = Eval(*s.expressions[0]);
  if (failed()) return false;
  at_ = s.at;
  source.outer = env_;
  source.filter = s.test != nullptr ? &s : nullptr;
  if (value.is(Kind::kIterator)) {
    source.iterator = &value.iterator();
  } else if (value.is_items()) {
    source.items = &value.items();
  } else if (!ItemsOf(value, source.own)) {
    return false;
  }
  return true;
}

// The next item that the loop's `if` lets through.
bool Interpreter::Pull(ItemSource& source, Value& item) {
  const std::vector<Value>& items = source.iterator != nullptr ? source.iterator->items
                                    : source.items != nullptr  ? *source.items
                                                               : source.own;
  size_t& next = source.iterator != nullptr ? source.iterator->next : source.next;
  while (next < items.size() && Charge(1)) {
    item = items[next++];
    if (source.filter == nullptr) return true;
    const Statement& s = *source.filter;
    Env* const now = env_;
    const Position at = at_;
    env_ = NewEnv(*s.test_scope, source.outer);
    // The target's names have the same names, but other slots, in the scope of the test.
    Env* const inside = env_;
    // What reaches the body is what the target was made of: a tuple, if it is one.
    const auto bind = [&](const auto& self, const Expr& target, const Value& value) -> Value {
      if (target.kind == Expr::Kind::kName) {
        return inside->slots[s.test_scope->slots.at(target.text)] = value;
      }
      std::vector<Value> parts;
      if (!ItemsOf(value, parts)) return {};
      if (parts.size() != target.items.size()) {
        return Fail(fmt::format("{} values for {} names", parts.size(), target.items.size()));
      }
      for (size_t i = 0; i < parts.size(); ++i) parts[i] = self(self, *target.items[i], parts[i]);
      return MakeList(Kind::kTuple, std::move(parts));
    };
    item = bind(bind, *s.target, item);
    const bool wanted = !failed() && Truth(Eval(*s.test));
    env_ = now;
    if (failed()) return false;
    at_ = at;
    if (wanted) return true;
  }
  return false;
}

bool Interpreter::Advance(LoopObject& loop, Value& item) {
  if (loop.ahead) {
    item = *loop.ahead;
    loop.ahead.reset();
  } else if (!Pull(loop.source, item)) {
    return false;
  }
  ++loop.index0;
  loop.before = loop.current;
  loop.current = item;
  return true;
}

Interpreter::Flow Interpreter::RunFor(const Statement& s) {
  auto* loop = new LoopObject();
  const Value loop_value = heap_.Loop(loop);  // which deletes it
  if (!OpenSource(s, loop->source)) return Flow::kNext;
  loop->sized = loop->source.iterator == nullptr && s.test == nullptr;
  Env* const outside = env_;
  bool completed = false;  // an iteration reached its end
  Value item;
  while (!failed() && Advance(*loop, item)) {
    env_ = NewEnv(*s.scope, outside);
    if (s.uses_loop) env_->slots[s.scope->slots.at("loop")] = loop_value;
    Assign(*s.target, item);
    const Flow flow = failed() ? Flow::kBreak : Run(s.body);
    env_ = outside;
    if (flow == Flow::kBreak) break;
    if (flow == Flow::kNext) completed = true;
  }
  // Jinja runs `else` unless an iteration ran to its end, even if all were left early.
  if (!s.has_otherwise || completed || failed()) return Flow::kNext;
  env_ = NewEnv(*s.otherwise_scope, outside);
  const Flow flow = Run(s.otherwise);
  env_ = outside;
  return flow;
}

Value Interpreter::LoopAttribute(LoopObject& loop, std::string_view name) {
  const auto peek = [&]() -> bool {
    if (loop.ahead) return true;
    Value next;
    if (!Pull(loop.source, next)) return false;
    loop.ahead = next;
    return true;
  };
  const auto length = [&]() -> int64_t {
    if (loop.length) return *loop.length;
    ItemSource& source = loop.source;
    if (loop.sized) {
      const auto& items = source.items != nullptr ? *source.items : source.own;
      loop.length = static_cast<int64_t>(items.size());
      return *loop.length;
    }
    std::vector<Value> rest;
    Value item;
    while (Pull(source, item)) rest.push_back(item);
    loop.length = static_cast<int64_t>(rest.size()) + loop.index0 + 1 + (loop.ahead ? 1 : 0);
    source = {};
    source.own = std::move(rest);
    return *loop.length;
  };
  if (name == "index") return Value::Int(loop.index0 + 1);
  if (name == "index0") return Value::Int(loop.index0);
  if (name == "first") return Value::Bool(loop.index0 == 0);
  if (name == "last") return Value::Bool(!peek());
  if (name == "length") return Value::Int(length());
  if (name == "revindex") return Value::Int(length() - loop.index0);
  if (name == "revindex0") return Value::Int(length() - loop.index0 - 1);
  if (name == "depth") return Value::Int(1);
  if (name == "depth0") return Value::Int(0);
  if (name == "previtem") {
    if (loop.index0 > 0 && loop.before) return *loop.before;
    return heap_.Missing("there is no previous item");
  }
  if (name == "nextitem") {
    if (peek()) return *loop.ahead;
    return heap_.Missing("there is no next item");
  }
  if (name == "cycle" || name == "changed") {
    return heap_.Function({.name = std::string(name), .self = Value(&loop), .is_method = true});
  }
  return heap_.Missing(fmt::format("a loop has no '{}'", name));
}

}  // namespace parvis::chat
