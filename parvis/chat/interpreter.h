#ifndef PARVIS_CHAT_INTERPRETER_H_
#define PARVIS_CHAT_INTERPRETER_H_

#include <cstdint>
#include <ctime>
#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/chat/ast.h"
#include "parvis/chat/limits.h"
#include "parvis/core/result.h"

namespace parvis::chat {

// A scope while it runs: one value for each of its names.
struct Env {
  Env* parent = nullptr;
  std::vector<Value> slots;
};

// Hands out the items of a loop one by one, without those that the loop's `if` refuses, which is
// asked only when an item is wanted.
struct ItemSource {
  const std::vector<Value>* items = nullptr;  // of `value`, or `own`
  std::vector<Value> own;
  IteratorObject* iterator = nullptr;
  size_t next = 0;
  const Statement* filter = nullptr;
  Env* outer = nullptr;
};

// `loop`, as the body of a `for` sees it.
struct LoopObject {
  ItemSource source;
  int64_t index0 = -1;
  bool sized = true;  // the length is known without reading ahead
  std::optional<Value> ahead, before, current;
  std::optional<int64_t> length;
  std::optional<std::vector<Value>> changed;
};

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

class Interpreter;

// Arguments by the names of the parameters; too many or unknown ones fail.
class Bound {
 public:
  Bound(Interpreter& in, const Arguments& arguments, std::string_view function,
        std::initializer_list<std::string_view> names, size_t required = 0);
  bool has(size_t i) const { return values_[i].has_value(); }
  // None counts as absent, as in Python's defaults of None.
  bool given(size_t i) const { return has(i) && !values_[i]->is(Kind::kNone); }
  Value operator[](size_t i) const { return values_[i].value_or(Value()); }

 private:
  std::vector<std::optional<Value>> values_;
};

// Renders one tree once. What fails is kept with its place in status(); every function then returns
// something harmless, and all loops ask failed(). Work is counted in units of about one operation:
// every expression, every item and every 16 bytes that are read or written cost one, so the time is
// linear in the limit whatever a template does.
class Interpreter {
 public:
  using Variables = std::vector<std::pair<std::string, Value>>;
  Interpreter(const Tree& tree, Heap& heap, const Limits& limits, const Variables& variables,
              std::optional<std::tm> now);

  Result<MarkedText> Run();

  // For the parts of the language in other files.
  Heap& heap() { return heap_; }
  bool failed() const { return !status_.ok(); }
  Value Fail(const std::string& what);
  Value FailType(const Value& value, std::string_view wanted);  // "a list is wanted, not an int"
  // Pays for work; false once something has failed, this limit or another.
  bool Charge(size_t units);
  bool ChargeBytes(size_t bytes) { return Charge(1 + bytes / 16); }
  bool ChargeItems(size_t count) { return Charge(1 + count); }
  TextBuilder NewText() const { return TextBuilder(heap_.left()); }
  Value Make(TextBuilder text);
  Value MakeList(Kind kind, std::vector<Value> items);
  Value MakeIterator(std::vector<Value> items);
  Value TemplateText(std::string text);
  Value Substring(const MarkedText& text, size_t begin, size_t end);
  std::tm Now() const;

  // expressions.cc
  Value Eval(const Expr& expr);
  // operators.cc
  Value Binary(std::string_view op, const Value& a, const Value& b);
  bool Equal(const Value& a, const Value& b);
  bool Less(const Value& a, const Value& b);  // fails where Python has no order
  bool Compare(std::string_view op, const Value& a, const Value& b);
  bool Contains(const Value& container, const Value& item);
  bool Truth(const Value& value);
  // attributes.cc
  Value GetAttribute(const Value& of, std::string_view name);
  Value GetItem(const Value& of, const Value& key);
  Value Slice(const Value& of, const Value& start, const Value& stop, const Value& step);
  Value AttributePath(const Value& of, const Value& path);  // "a.b.0", as filters take it
  // calls.cc
  Value Call(const Value& function, const Arguments& arguments);
  Value CallMacro(const FunctionObject& macro, const Arguments& arguments);
  // representation.cc
  Value ToText(const Value& value);  // str()
  void Write(const Value& value, TextBuilder& out);
  void WriteRepresentation(const Value& value, TextBuilder& out);
  // json_dump.cc
  Value ToJson(const Value& value, const Arguments& arguments);
  // iteration (statements.cc)
  bool ItemsOf(const Value& value, std::vector<Value>& items);
  bool Length(const Value& value, int64_t& length);
  bool Integer(const Value& value, int64_t& number);
  // filters.cc, tests.cc
  Value ApplyFilter(std::string_view name, const Value& input, const Arguments& arguments);
  bool ApplyTest(std::string_view name, const Value& value, const Arguments& arguments);
  // string_methods.cc, container_methods.cc
  Value CallStringMethod(const Value& self, std::string_view name, const Arguments& arguments);
  Value CallContainerMethod(const Value& self, std::string_view name, const Arguments& arguments);
  // format.cc
  Value FormatPercent(const MarkedText& format, const Value& values);
  Value FormatBraces(const MarkedText& format, const Arguments& arguments);
  // loop.cc
  bool Pull(ItemSource& source, Value& item);
  Value LoopAttribute(LoopObject& loop, std::string_view name);

  // One level of recursion, wherever it comes from; false (and failed) when there are too many.
  class Deeper {
   public:
    explicit Deeper(Interpreter& in) : in_(in) { ++in_.depth_; }
    ~Deeper() { --in_.depth_; }
    Deeper(const Deeper&) = delete;
    bool ok() {
      if (in_.depth_ > kMaxDepth) in_.Fail("macros, tags or values are nested too deep");
      return !in_.failed();
    }

   private:
    Interpreter& in_;
  };

 private:
  friend class Deeper;
  static constexpr int kMaxDepth = 400;

  enum class Flow { kNext, kBreak, kContinue };

  // statements.cc
  Flow Run(const std::vector<Statement*>& body);
  Flow Run(const Statement& statement);
  Flow RunIf(const Statement& statement);
  Flow RunFor(const Statement& statement);
  bool OpenSource(const Statement& statement, ItemSource& source);
  Flow RunWith(const Statement& statement);
  void RunCallBlock(const Statement& statement);
  void WriteText(const Statement& statement, const Value& value);
  Flow Capture(const Statement& statement, Value& value);
  void Assign(const Expr& target, const Value& value);
  Env* NewEnv(const Scope& scope, Env* parent);
  Value Variable(const std::string& name) const;
  Value& At(Slot slot);
  bool Advance(LoopObject& loop, Value& item);

  // expressions.cc
  Value EvalSign(const Expr& expr);
  Value EvalChoice(const Expr& expr);
  Value EvalPart(const Expr& expr);
  Value EvalName(const Expr& expr);
  Value EvalDict(const Expr& expr);
  Value EvalCompare(const Expr& expr);
  Value EvalConcat(const Expr& expr);
  Value EvalCall(const Expr& expr);
  Value Filtered(const Expr& filter, const Value& captured);
  bool EvalArguments(const Expr& expr, Arguments& arguments);
  Value ApplyFilterExpr(const Expr& expr, const Value& input);

  Value CallFunction(std::string_view name, const Arguments& arguments);

  const Tree& tree_;
  Heap& heap_;
  const Limits& limits_;
  const Variables& variables_;
  const std::optional<std::tm> now_;
  std::deque<Env> envs_;
  Env* env_ = nullptr;
  TextBuilder* out_ = nullptr;
  const Value* captured_ = nullptr;  // what a block's filter is applied to
  Position at_;
  int64_t work_left_;
  int depth_ = 0;
  Status status_;
};

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_INTERPRETER_H_
