#include <algorithm>

#include "fmt/format.h"
#include "parvis/chat/interpreter.h"

namespace parvis::chat {
namespace {

Value CallDict(Interpreter& in, const Value& self, std::string_view name,
               const Arguments& arguments) {
  const DictObject& dict = self.dict();
  if (name == "get") {
    const Bound bound(in, arguments, name, {"key", "default"}, 1);
    const Value* found;
    if (in.failed()) return {};
    if (bound[0].is_string()) in.ChargeBytes(bound[0].bytes().size());
    if (!Find(dict, bound[0], &found)) return in.FailType(bound[0], "a key");
    if (found != nullptr) return *found;
    return bound.has(1) ? bound[1] : Value::None();
  }
  const Bound none(in, arguments, name, {});
  if (in.failed() || !in.ChargeItems(dict.entries.size())) return {};
  if (name == "copy") return self;  // nothing changes a dict, so one is as good as two
  std::vector<Value> items;
  for (const auto& [key, value] : dict.entries) {
    items.push_back(name == "keys"     ? key
                    : name == "values" ? value
                                       : in.MakeList(Kind::kTuple, {key, value}));
  }
  return in.heap().View(name == "keys"     ? "keys"
                        : name == "values" ? "values"
                                           : "items",
                        std::move(items));
}

Value CallList(Interpreter& in, const Value& self, std::string_view name,
               const Arguments& arguments) {
  if (name == "copy") {
    const Bound none(in, arguments, name, {});
    return self;
  }
  const Bound bound(in, arguments, name, {"value"}, 1);
  int64_t count = 0;
  for (size_t i = 0; i < self.items().size() && !in.failed(); ++i) {
    if (!in.Equal(self.items()[i], bound[0]) || !in.Charge(1)) continue;
    if (name == "index") return Value::Int(static_cast<int64_t>(i));
    ++count;
  }
  if (name == "index") return in.Fail("the value is not in the list");
  return Value::Int(count);
}

Value CallLoop(Interpreter& in, LoopObject& loop, std::string_view name,
               const Arguments& arguments) {
  if (!arguments.named.empty()) return in.Fail(fmt::format("'{}' takes no names", name));
  const std::vector<Value>& values = arguments.positional;
  if (name == "cycle") {
    if (values.empty()) return in.Fail("'cycle' wants values");
    return values[static_cast<size_t>(loop.index0) % values.size()];
  }
  bool same = loop.changed && loop.changed->size() == values.size();
  for (size_t i = 0; same && i < values.size(); ++i) same = in.Equal((*loop.changed)[i], values[i]);
  loop.changed = values;
  return Value::Bool(!same);
}

}  // namespace

Value Interpreter::CallContainerMethod(const Value& self, std::string_view name,
                                       const Arguments& arguments) {
  if (self.is(Kind::kDict)) return CallDict(*this, self, name, arguments);
  if (self.is(Kind::kLoop)) return CallLoop(*this, self.loop(), name, arguments);
  return CallList(*this, self, name, arguments);
}

}  // namespace parvis::chat
