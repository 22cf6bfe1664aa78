#include <algorithm>

#include "fmt/format.h"
#include "parvis/chat/interpreter.h"

namespace parvis::chat {
namespace {

constexpr size_t kMaxDateBytes = 1024;

}  // namespace

Bound::Bound(Interpreter& in, const Arguments& arguments, std::string_view function,
             std::initializer_list<std::string_view> names, size_t required)
    : values_(names.size()) {
  if (arguments.positional.size() > names.size()) {
    in.Fail(fmt::format("'{}' takes at most {} arguments, not {}", function, names.size(),
                        arguments.positional.size()));
    return;
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto* found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      in.Fail(fmt::format("'{}' has no argument '{}'", function, name));
      return;
    }
    auto& slot = values_[static_cast<size_t>(found - names.begin())];
    if (slot) in.Fail(fmt::format("'{}' is given '{}' twice", function, name));
    slot = value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (!values_[i]) {
      in.Fail(fmt::format("'{}' wants an argument '{}'", function, names.begin()[i]));
    }
  }
}

Value Interpreter::Call(const Value& function, const Arguments& arguments) {
  if (failed()) return {};
  Deeper deeper(*this);
  if (!deeper.ok() || !Charge(1)) return {};
  if (!function.is(Kind::kFunction)) {
    if (function.is_undefined()) return FailType(function, "a function");
    return Fail(fmt::format("'{}' cannot be called", TypeName(function)));
  }
  const FunctionObject& called = function.function();
  if (called.macro != nullptr) return CallMacro(called, arguments);
  if (!called.is_method) return CallFunction(called.name, arguments);
  if (called.self.is_string()) return CallStringMethod(called.self, called.name, arguments);
  return CallContainerMethod(called.self, called.name, arguments);
}

Value Interpreter::CallMacro(const FunctionObject& macro, const Arguments& arguments) {
  const Statement& s = *macro.macro;
  Env* const outside = env_;
  Env* const inside = NewEnv(*s.scope, macro.env);
  const auto slot = [&](const std::string& name) -> Value& {
    return inside->slots[s.scope->slots.at(name)];
  };
  const size_t count = s.parameters.size();
  std::vector<bool> given(count, false);
  for (size_t i = 0; i < std::min(count, arguments.positional.size()); ++i) {
    slot(s.parameters[i]->text) = arguments.positional[i];
    given[i] = true;
  }
  DictObject kwargs;
  Value caller = heap_.Missing("there is no caller");
  for (const auto& [name, value] : arguments.named) {
    size_t i = arguments.positional.size();
    while (i < count && s.parameters[i]->text != name) ++i;
    if (i < count) {
      slot(name) = value;
      given[i] = true;
    } else if (name == "caller" && s.uses_caller) {
      caller = value;
    } else if (s.uses_kwargs) {
      Set(kwargs, TemplateText(name), value);
    } else {
      return Fail(fmt::format("macro '{}' has no parameter '{}'", macro.name, name));
    }
  }
  std::vector<Value> more(arguments.positional.begin() +
                              static_cast<ptrdiff_t>(std::min(count, arguments.positional.size())),
                          arguments.positional.end());
  if (!s.uses_varargs && !more.empty()) {
    return Fail(fmt::format("macro '{}' takes at most {} arguments, not {}", macro.name, count,
                            arguments.positional.size()));
  }
  if (s.uses_varargs) slot("varargs") = MakeList(Kind::kTuple, std::move(more));
  if (s.uses_kwargs) slot("kwargs") = heap_.Dict(std::move(kwargs));
  if (s.uses_caller) slot("caller") = caller;

  env_ = inside;
  const size_t first_default = count - s.defaults.size();
  for (size_t i = 0; i < count && !failed(); ++i) {
    if (given[i]) continue;
    slot(s.parameters[i]->text) =
        i >= first_default
            ? Eval(*s.defaults[i - first_default])
            : heap_.Missing(fmt::format("parameter '{}' was not given", s.parameters[i]->text));
  }
  TextBuilder text = NewText();
  TextBuilder* const out = std::exchange(out_, &text);
  Run(s.body);
  out_ = out;
  env_ = outside;
  return failed() ? Value() : Make(std::move(text));
}

Value Interpreter::CallFunction(std::string_view name, const Arguments& arguments) {
  if (name == "raise_exception") {
    const Bound bound(*this, arguments, name, {"message"}, 1);
    const Value message = failed() ? Value() : ToText(bound[0]);
    return failed() ? Value() : Fail("the template refuses: " + message.bytes().substr(0, 2000));
  }
  if (name == "strftime_now") {
    const Bound bound(*this, arguments, name, {"format"}, 1);
    if (failed()) return {};
    if (!bound[0].is_string()) return FailType(bound[0], "text");
    const std::string& format = bound[0].bytes();
    if (format.size() > kMaxDateBytes) return Fail("a date's format that is too long");
    const std::tm now = Now();
    char text[4 * kMaxDateBytes];
    const size_t size = std::strftime(text, sizeof(text), format.c_str(), &now);
    return TemplateText(std::string(text, size));
  }
  if (name == "range") {
    const Bound bound(*this, arguments, name, {"start", "stop", "step"}, 1);
    int64_t start = 0, stop = 0, step = 1;
    if (failed() || !Integer(bound[0], bound.has(1) ? start : stop)) return {};
    if (bound.has(1) && !Integer(bound[1], stop)) return {};
    if (bound.has(2) && !Integer(bound[2], step)) return {};
    if (step == 0) return Fail("a range with a step of 0");
    std::vector<Value> items;
    for (__int128 i = start; step > 0 ? i < stop : i > stop; i += step) {
      if (items.size() >= static_cast<size_t>(kMaxRange)) return Fail("a range that is too long");
      items.push_back(Value::Int(static_cast<int64_t>(i)));
    }
    if (!ChargeItems(items.size())) return {};
    return heap_.Range(start, stop, step, std::move(items));
  }
  // namespace(…) and dict(…): a dict, or pairs, then names.
  DictObject dict;
  if (arguments.positional.size() > 1) {
    return Fail(fmt::format("'{}' takes one argument without a name", name));
  }
  if (!arguments.positional.empty()) {
    const Value& first = arguments.positional[0];
    std::vector<Value> pairs;
    if (first.is_undefined()) return FailType(first, "a dict");
    if (first.is(Kind::kDict)) {
      dict = first.dict();
    } else if (!ItemsOf(first, pairs)) {
      return {};
    }
    for (const Value& pair : pairs) {
      std::vector<Value> parts;
      if (!ItemsOf(pair, parts)) return {};
      if (parts.size() != 2) return Fail("pairs of key and value are wanted");
      if (!Set(dict, parts[0], parts[1])) return FailType(parts[0], "a key");
    }
  }
  for (const auto& [key, value] : arguments.named) Set(dict, TemplateText(key), value);
  if (!ChargeItems(dict.entries.size())) return {};
  if (name == "dict") return heap_.Dict(std::move(dict));
  NamespaceObject names;
  for (const auto& [key, value] : dict.entries) {
    if (!key.is_string() || key.bytes().starts_with('_')) {
      return Fail("an attribute of a namespace is a name that does not begin with '_'");
    }
    names.attributes.emplace_back(key.bytes(), value);
  }
  return heap_.Namespace(std::move(names));
}

}  // namespace parvis::chat
