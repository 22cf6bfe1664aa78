#ifndef PARVIS_CHAT_VALUE_H_
#define PARVIS_CHAT_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/chat/marked_text.h"
#include "parvis/core/check.h"

namespace parvis::chat {

struct ListObject;
struct DictObject;
struct IteratorObject;
struct NamespaceObject;
struct LoopObject;
struct FunctionObject;
struct MissingObject;
struct Statement;  // ast.h
struct Env;        // interpreter.h

// What kinds of things a template can hold. There is nothing else: no file, no module, no way out.
enum class Kind : uint8_t {
  kUndefined,  // a name or an entry that is not there
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kList,
  kTuple,
  kView,      // keys(), values() or items() of a dict
  kRange,     // range(): a list that was counted out
  kIterator,  // what map, select and their like give: read once, from front to back
  kDict,
  kNamespace,
  kLoop,
  kFunction,  // a macro, a function of the language, or a method with its object
};

// A value of the language. Small and copied freely; what it points to belongs to a Heap.
class Value {
 public:
  Value() : kind_(Kind::kUndefined), missing_(nullptr) {}
  static Value None() { return Value(Kind::kNone); }
  static Value Bool(bool b) {
    Value v(Kind::kBool);
    v.int_ = b ? 1 : 0;
    return v;
  }
  static Value Int(int64_t i) {
    Value v(Kind::kInt);
    v.int_ = i;
    return v;
  }
  static Value Float(double d) {
    Value v(Kind::kFloat);
    v.float_ = d;
    return v;
  }
  explicit Value(const MarkedText* text) : kind_(Kind::kString), text_(text) {}
  Value(Kind kind, const ListObject* list) : kind_(kind), list_(list) {}
  explicit Value(const DictObject* dict) : kind_(Kind::kDict), dict_(dict) {}
  explicit Value(IteratorObject* iterator) : kind_(Kind::kIterator), iterator_(iterator) {}
  explicit Value(NamespaceObject* names) : kind_(Kind::kNamespace), namespace_(names) {}
  explicit Value(LoopObject* loop) : kind_(Kind::kLoop), loop_(loop) {}
  explicit Value(const FunctionObject* function) : kind_(Kind::kFunction), function_(function) {}
  explicit Value(const MissingObject* missing) : kind_(Kind::kUndefined), missing_(missing) {}

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_undefined() const { return is(Kind::kUndefined); }
  bool is_string() const { return is(Kind::kString); }
  bool is_integer() const { return is(Kind::kInt) || is(Kind::kBool); }  // as in Python
  bool is_number() const { return is_integer() || is(Kind::kFloat); }
  // A list, tuple, view or range: items that can be counted and read again.
  bool is_items() const { return kind_ >= Kind::kList && kind_ <= Kind::kRange; }
  bool is_sequence() const { return is_items() && !is(Kind::kView); }

  // REQUIRES: the kind that the name says.
  bool boolean() const { return int_ != 0; }
  int64_t integer() const { return int_; }
  double number() const { return is(Kind::kFloat) ? float_ : static_cast<double>(int_); }
  const MarkedText& text() const { return *text_; }
  const std::string& bytes() const { return text_->bytes; }
  const ListObject& list() const { return *list_; }
  const std::vector<Value>& items() const;
  const DictObject& dict() const { return *dict_; }
  IteratorObject& iterator() const { return *iterator_; }
  NamespaceObject& names() const { return *namespace_; }
  LoopObject& loop() const { return *loop_; }
  const FunctionObject& function() const { return *function_; }
  const MissingObject* missing() const { return missing_; }
  const void* address() const { return text_; }

 private:
  explicit Value(Kind kind) : kind_(kind), int_(0) {}

  Kind kind_;
  union {
    int64_t int_;
    double float_;
    const MarkedText* text_;
    const ListObject* list_;
    const DictObject* dict_;
    IteratorObject* iterator_;
    NamespaceObject* namespace_;
    LoopObject* loop_;
    const FunctionObject* function_;
    const MissingObject* missing_;
  };
};

struct ListObject {
  std::vector<Value> items;
  std::string_view view = {};  // kView: "keys", "values" or "items"; kTuple: "group" perhaps
  int64_t start = 0, stop = 0, step = 1;  // kRange: how it was asked for
};

// Keeps the order in which keys came. Keys that are equal in Python (1, 1.0, true) are one.
struct DictObject {
  std::vector<std::pair<Value, Value>> entries;
  std::map<std::string, size_t, std::less<>> index;  // by KeyOf(key); only of larger ones

  static constexpr size_t kSmall = 8;  // entries that are searched one by one
};

struct IteratorObject {
  std::vector<Value> items;
  size_t next = 0;
};

struct NamespaceObject {
  std::vector<std::pair<std::string, Value>> attributes;
};

struct FunctionObject {
  const Statement* macro = nullptr;  // a macro, or the body of a call block
  Env* env = nullptr;                // where it was defined
  std::string name;                  // of a function of the language, or of a method of `self`
  Value self;
  bool is_method = false;
};

// Why a value is not there, for the message of whoever needs it.
struct MissingObject {
  std::string why;
  bool unsafe = false;  // it exists in Python and is kept from templates
};

inline const std::vector<Value>& Value::items() const { return list_->items; }

// Owns everything that a rendering makes; all of it goes at once. Bounded: full() once `most_bytes`
// are taken, after which the caller stops.
class Heap {
 public:
  explicit Heap(size_t most_bytes) : most_bytes_(most_bytes) {}
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;
  ~Heap();

  bool full() const { return used_ > most_bytes_; }
  size_t left() const { return full() ? 0 : most_bytes_ - used_; }
  size_t used() const { return used_; }
  void Allow(size_t most_bytes) { most_bytes_ = most_bytes; }

  Value Text(MarkedText text);
  Value TemplateText(std::string text) { return Text(MarkedText::OfTemplate(std::move(text))); }
  Value List(Kind kind, std::vector<Value> items);
  Value View(std::string_view name, std::vector<Value> items);
  Value Group(const Value& key, const Value& members);  // of groupby: a tuple with two names
  Value Range(int64_t start, int64_t stop, int64_t step, std::vector<Value> items);
  Value Iterator(std::vector<Value> items);
  Value Dict(DictObject dict);
  Value Namespace(NamespaceObject names);
  Value Missing(std::string why, bool unsafe = false);
  Value Function(FunctionObject function);
  Value Loop(LoopObject* loop);  // takes it
  void Take(size_t bytes) { used_ += bytes; }

 private:
  template <typename T>
  T& Put(std::deque<T>& store, T object, size_t bytes);

  size_t most_bytes_;
  size_t used_ = 0;
  std::deque<MarkedText> texts_;
  std::deque<ListObject> lists_;
  std::deque<DictObject> dicts_;
  std::deque<IteratorObject> iterators_;
  std::deque<NamespaceObject> namespaces_;
  std::deque<MissingObject> missing_;
  std::deque<FunctionObject> functions_;
  std::vector<LoopObject*> loops_;
};

// A key as text in which equal keys are equal; false if the value cannot be a key (a list, a dict).
bool KeyOf(const Value& value, std::string& key);
// The entry of a key that is text; null if there is none.
const Value* Find(const DictObject& dict, std::string_view key);
// Likewise for any key; false if it cannot be one.
bool Find(const DictObject& dict, const Value& key, const Value** found);
// Sets an entry; false if the key cannot be one.
bool Set(DictObject& dict, const Value& key, const Value& value);

std::string_view TypeName(const Value& value);  // Python's: "str", "dict"

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_VALUE_H_
