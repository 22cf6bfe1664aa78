#include "parvis/chat/value.h"

#include <cmath>

#include "fmt/format.h"
#include "parvis/chat/interpreter.h"

namespace parvis::chat {
namespace {

constexpr size_t kMostKeyBytes = 1 << 20;

void IndexFrom(DictObject& dict, size_t first) {
  for (size_t i = first; i < dict.entries.size(); ++i) {
    std::string key;
    PARVIS_CHECK(KeyOf(dict.entries[i].first, key));
    dict.index.emplace(std::move(key), i);
  }
}

}  // namespace

Heap::~Heap() {
  for (LoopObject* loop : loops_) delete loop;
}

template <typename T>
T& Heap::Put(std::deque<T>& store, T object, size_t bytes) {
  used_ += sizeof(T) + bytes;
  store.push_back(std::move(object));
  return store.back();
}

Value Heap::Text(MarkedText text) {
  const size_t bytes = text.bytes.capacity() + text.caller.capacity() * sizeof(ByteRange);
  return Value(&Put(texts_, std::move(text), bytes));
}

Value Heap::List(Kind kind, std::vector<Value> items) {
  const size_t bytes = items.capacity() * sizeof(Value);
  return Value(kind, &Put(lists_, ListObject{.items = std::move(items)}, bytes));
}

Value Heap::View(std::string_view name, std::vector<Value> items) {
  const size_t bytes = items.capacity() * sizeof(Value);
  return Value(Kind::kView,
               &Put(lists_, ListObject{.items = std::move(items), .view = name}, bytes));
}

Value Heap::Group(const Value& key, const Value& members) {
  return Value(Kind::kTuple, &Put(lists_, ListObject{.items = {key, members}, .view = "group"},
                                  2 * sizeof(Value)));
}

Value Heap::Range(int64_t start, int64_t stop, int64_t step, std::vector<Value> items) {
  const size_t bytes = items.capacity() * sizeof(Value);
  return Value(
      Kind::kRange,
      &Put(lists_,
           ListObject{
               .items = std::move(items), .view = {}, .start = start, .stop = stop, .step = step},
           bytes));
}

Value Heap::Iterator(std::vector<Value> items) {
  const size_t bytes = items.capacity() * sizeof(Value);
  return Value(&Put(iterators_, IteratorObject{.items = std::move(items)}, bytes));
}

Value Heap::Dict(DictObject dict) {
  const size_t entry = sizeof(Value) * 2 + (dict.index.empty() ? 0 : 128);
  const size_t bytes = dict.entries.size() * entry;
  return Value(&Put(dicts_, std::move(dict), bytes));
}

Value Heap::Namespace(NamespaceObject names) {
  return Value(&Put(namespaces_, std::move(names), 256));
}

Value Heap::Missing(std::string why, bool unsafe) {
  const size_t bytes = why.capacity();
  return Value(&Put(missing_, MissingObject{std::move(why), unsafe}, bytes));
}

Value Heap::Function(FunctionObject function) {
  return Value(&Put(functions_, std::move(function), 64));
}

Value Heap::Loop(LoopObject* loop) {
  loops_.push_back(loop);
  used_ += 256;
  return Value(loop);
}

bool KeyOf(const Value& value, std::string& key) {
  switch (value.kind()) {
    case Kind::kString:
      key += fmt::format("s{}:", value.bytes().size());
      key += value.bytes();
      return true;
    case Kind::kNone:
      key += 'n';
      return true;
    case Kind::kUndefined:
      key += 'u';
      return true;
    case Kind::kBool:
    case Kind::kInt:
      key += fmt::format("i{};", value.integer());
      return true;
    case Kind::kFloat: {
      const double number = value.number();
      if (std::abs(number) < 9e15 && number == std::floor(number)) {
        key += fmt::format("i{};", static_cast<int64_t>(number));
      } else {
        key += fmt::format("f{};", number);
      }
      return true;
    }
    case Kind::kTuple:
      key += fmt::format("t{}:", value.items().size());
      for (const Value& item : value.items()) {
        if (key.size() > kMostKeyBytes || !KeyOf(item, key)) return false;
      }
      return true;
    case Kind::kNamespace:
    case Kind::kFunction:
      key += fmt::format("p{};", value.address());
      return true;
    default:
      return false;
  }
}

const Value* Find(const DictObject& dict, std::string_view key) {
  if (!dict.index.empty()) {
    const auto found = dict.index.find(fmt::format("s{}:{}", key.size(), key));
    return found == dict.index.end() ? nullptr : &dict.entries[found->second].second;
  }
  for (const auto& [name, value] : dict.entries) {
    if (name.is_string() && name.bytes() == key) return &value;
  }
  return nullptr;
}

bool Find(const DictObject& dict, const Value& key, const Value** found) {
  *found = nullptr;
  if (key.is_string()) {
    *found = Find(dict, key.bytes());
    return true;
  }
  std::string wanted;
  if (!KeyOf(key, wanted)) return false;
  if (!dict.index.empty()) {
    const auto at = dict.index.find(wanted);
    if (at != dict.index.end()) *found = &dict.entries[at->second].second;
    return true;
  }
  for (const auto& [name, value] : dict.entries) {
    std::string own;
    if (KeyOf(name, own) && own == wanted) *found = &value;
  }
  return true;
}

bool Set(DictObject& dict, const Value& key, const Value& value) {
  const Value* found;
  if (!Find(dict, key, &found)) return false;
  if (found != nullptr) {
    *const_cast<Value*>(found) = value;
    return true;
  }
  dict.entries.emplace_back(key, value);
  if (!dict.index.empty()) {
    IndexFrom(dict, dict.entries.size() - 1);
  } else if (dict.entries.size() > DictObject::kSmall) {
    IndexFrom(dict, 0);
  }
  return true;
}

std::string_view TypeName(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return "str";
    case Kind::kList:
      return "list";
    case Kind::kTuple:
      return "tuple";
    case Kind::kView:
      return value.list().view == "keys"     ? "dict_keys"
             : value.list().view == "values" ? "dict_values"
                                             : "dict_items";
    case Kind::kRange:
      return "range";
    case Kind::kIterator:
      return "generator";
    case Kind::kDict:
      return "dict";
    case Kind::kNamespace:
      return "Namespace";
    case Kind::kLoop:
      return "LoopContext";
    case Kind::kFunction:
      return "function";
  }
  return "object";
}

}  // namespace parvis::chat
