#include <algorithm>
#include <array>
#include <set>

#include "fmt/format.h"
#include "parvis/chat/filters.h"
#include "parvis/chat/text_operations.h"

namespace parvis::chat {
namespace {

// What items are sorted or told apart by: the item or an attribute of it, in lower case unless
// capitals count.
Value KeyFor(Interpreter& in, const Value& item, const Value& attribute, bool case_sensitive) {
  const Value key = in.AttributePath(item, attribute);
  if (case_sensitive || !key.is_string() || in.failed()) return key;
  return WithCase(in, key.text(), Case::kLower);
}

struct Keyed {
  Value key, item;
};

void SortKeyed(Interpreter& in, std::vector<Keyed>& keyed, bool reverse) {
  // Equal items keep their order, in reverse too.
  if (reverse) std::reverse(keyed.begin(), keyed.end());
  std::stable_sort(keyed.begin(), keyed.end(), [&in](const Keyed& a, const Keyed& b) {
    return !in.failed() && in.Less(a.key, b.key);
  });
  if (reverse) std::reverse(keyed.begin(), keyed.end());
}

Value Sort(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "sort", {"reverse", "case_sensitive", "attribute"});
  std::vector<Value> items;
  if (in.failed() || !in.ItemsOf(input, items)) return {};
  const bool reverse = in.Truth(bound[0]), case_sensitive = in.Truth(bound[1]);
  std::vector<Value> attributes = {bound.has(2) ? bound[2] : Value::None()};
  if (attributes[0].is_string()) {
    const Value text = attributes[0];
    attributes.clear();
    for (const ByteRange& part : SplitAt(text.bytes(), ",", -1, false)) {
      attributes.push_back(in.Substring(text.text(), part.begin, part.end));
    }
  }
  std::vector<Keyed> keyed;
  for (const Value& item : items) {
    std::vector<Value> keys;
    for (const Value& attribute : attributes) {
      keys.push_back(KeyFor(in, item, attribute, case_sensitive));
    }
    keyed.push_back({in.MakeList(Kind::kList, std::move(keys)), item});
    if (in.failed()) return {};
  }
  SortKeyed(in, keyed, reverse);
  for (size_t i = 0; i < items.size(); ++i) items[i] = keyed[i].item;
  return in.MakeList(Kind::kList, std::move(items));
}

Value DictSort(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "dictsort", {"case_sensitive", "by", "reverse"});
  if (in.failed()) return {};
  if (!input.is(Kind::kDict)) return in.FailType(input, "a dict");
  const bool case_sensitive = in.Truth(bound[0]);
  const std::string by = bound.has(1) && bound[1].is_string() ? bound[1].bytes() : "key";
  if (by != "key" && by != "value") return in.Fail("'dictsort' sorts by key or by value");
  std::vector<Keyed> keyed;
  for (const auto& [key, value] : input.dict().entries) {
    keyed.push_back({KeyFor(in, by == "key" ? key : value, Value::None(), case_sensitive),
                     in.MakeList(Kind::kTuple, {key, value})});
    if (in.failed()) return {};
  }
  SortKeyed(in, keyed, in.Truth(bound[2]));
  std::vector<Value> items;
  for (const Keyed& each : keyed) items.push_back(each.item);
  return in.MakeList(Kind::kList, std::move(items));
}

Value Unique(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "unique", {"case_sensitive", "attribute"});
  std::vector<Value> items, kept;
  if (in.failed() || !in.ItemsOf(input, items)) return {};
  const bool case_sensitive = in.Truth(bound[0]);
  std::set<std::string> seen;
  for (const Value& item : items) {
    const Value key = KeyFor(in, item, bound.has(1) ? bound[1] : Value::None(), case_sensitive);
    std::string text;
    if (in.failed()) return {};
    if (!KeyOf(key, text)) return in.FailType(key, "something that can be a key");
    in.ChargeBytes(text.size());
    if (seen.insert(std::move(text)).second) kept.push_back(item);
  }
  return in.MakeIterator(std::move(kept));
}

template <bool kLargest>
Value Extreme(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "min or max", {"case_sensitive", "attribute"});
  std::vector<Value> items;
  if (in.failed() || !in.ItemsOf(input, items)) return {};
  if (items.empty()) return in.heap().Missing("the smallest or largest of nothing");
  const bool case_sensitive = in.Truth(bound[0]);
  const Value attribute = bound.has(1) ? bound[1] : Value::None();
  Value best = items[0], best_key = KeyFor(in, items[0], attribute, case_sensitive);
  for (size_t i = 1; i < items.size() && !in.failed(); ++i) {
    const Value key = KeyFor(in, items[i], attribute, case_sensitive);
    if (in.failed()) return {};
    if (kLargest ? in.Less(best_key, key) : in.Less(key, best_key)) {
      best = items[i];
      best_key = key;
    }
  }
  return best;
}

Value GroupBy(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "groupby", {"attribute", "default", "case_sensitive"}, 1);
  std::vector<Value> items, groups;
  if (in.failed() || !in.ItemsOf(input, items)) return {};
  const bool case_sensitive = in.Truth(bound[2]);
  const auto key_of = [&](const Value& item, bool as_is) {
    const Value key = KeyFor(in, item, bound[0], as_is);
    return key.is_undefined() && bound.given(1) ? bound[1] : key;
  };
  std::vector<Keyed> keyed;
  for (const Value& item : items) keyed.push_back({key_of(item, case_sensitive), item});
  if (in.failed()) return {};
  SortKeyed(in, keyed, false);
  for (size_t i = 0; i < keyed.size() && !in.failed();) {
    std::vector<Value> members;
    const size_t first = i;
    for (; i < keyed.size() && in.Equal(keyed[first].key, keyed[i].key); ++i) {
      members.push_back(keyed[i].item);
    }
    if (i == first) break;  // not equal to itself, or failed
    const Value key = key_of(keyed[first].item, true);
    groups.push_back(in.heap().Group(key, in.MakeList(Kind::kList, std::move(members))));
  }
  return in.MakeList(Kind::kList, std::move(groups));
}

Value Map(Interpreter& in, const Value& input, const Arguments& arguments) {
  std::vector<Value> items;
  if (!in.Truth(input)) return in.MakeIterator({});  // even none, which has no items
  if (!in.ItemsOf(input, items)) return {};
  if (arguments.positional.empty() && !arguments.named.empty() &&
      arguments.named[0].first != "default") {
    const Bound bound(in, arguments, "map", {"attribute", "default"});
    for (Value& item : items) {
      if (in.failed()) return {};
      item = in.AttributePath(item, bound[0]);
      if (item.is_undefined() && bound.given(1)) item = bound[1];
    }
    return in.MakeIterator(std::move(items));
  }
  if (arguments.positional.empty()) return in.Fail("'map' wants a filter or an attribute");
  const Value name = arguments.positional[0];
  if (!name.is_string()) return in.FailType(name, "the name of a filter");
  Arguments rest{.positional = {arguments.positional.begin() + 1, arguments.positional.end()},
                 .named = arguments.named};
  for (Value& item : items) {
    if (in.failed()) return {};
    item = in.ApplyFilter(name.bytes(), item, rest);
  }
  return in.MakeIterator(std::move(items));
}

template <bool kKeep, bool kByAttribute>
Value Select(Interpreter& in, const Value& input, const Arguments& arguments) {
  std::vector<Value> items, kept;
  if (!in.Truth(input)) return in.MakeIterator({});  // even none, which has no items
  if (!in.ItemsOf(input, items)) return {};
  const std::vector<Value>& given = arguments.positional;
  const size_t offset = kByAttribute ? 1 : 0;
  if (given.size() < offset) return in.Fail("the name of an attribute is wanted");
  Arguments rest{.positional = {}, .named = arguments.named};
  if (given.size() > offset) {
    if (!given[offset].is_string()) return in.FailType(given[offset], "the name of a test");
    rest.positional.assign(given.begin() + static_cast<ptrdiff_t>(offset) + 1, given.end());
  }
  for (const Value& item : items) {
    const Value tested = kByAttribute ? in.AttributePath(item, given[0]) : item;
    if (in.failed()) return {};
    const bool holds = given.size() > offset ? in.ApplyTest(given[offset].bytes(), tested, rest)
                                             : in.Truth(tested);
    if (holds == kKeep) kept.push_back(item);
  }
  return in.MakeIterator(std::move(kept));
}

Value Join(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "join", {"d", "attribute"});
  std::vector<Value> items;
  if (in.failed() || !in.ItemsOf(input, items)) return {};
  if (bound.given(1)) {
    for (Value& item : items) {
      item = in.AttributePath(item, bound[1]);
      if (in.failed()) return {};
    }
  }
  const Value between = in.ToText(bound[0]);  // of nothing: ""
  return in.failed() ? Value() : Joined(in, between.text(), items, /*only_text=*/false);
}

Value First(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound none(in, arguments, "first", {});
  if (input.is_string() && !input.bytes().empty()) return in.GetItem(input, Value::Int(0));
  if (input.is(Kind::kIterator)) {
    IteratorObject& iterator = input.iterator();
    if (iterator.next < iterator.items.size()) return iterator.items[iterator.next++];
    return in.heap().Missing("the first of nothing");
  }
  if (input.is_items() && !input.items().empty()) return input.items().front();
  std::vector<Value> items;
  if (in.failed() || !in.ItemsOf(input, items)) return {};
  return items.empty() ? in.heap().Missing("the first of nothing") : items.front();
}

Value Last(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound none(in, arguments, "last", {});
  if (input.is(Kind::kIterator)) return in.FailType(input, "a list");
  if (input.is_string() && !input.bytes().empty()) return in.GetItem(input, Value::Int(-1));
  if (input.is_items() && !input.items().empty()) return input.items().back();
  std::vector<Value> items;
  if (in.failed() || !in.ItemsOf(input, items)) return {};
  return items.empty() ? in.heap().Missing("the last of nothing") : items.back();
}

Value Reverse(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound none(in, arguments, "reverse", {});
  if (in.failed()) return {};
  if (input.is_string()) return in.Slice(input, Value::None(), Value::None(), Value::Int(-1));
  std::vector<Value> items;
  if (!in.ItemsOf(input, items)) return {};
  std::reverse(items.begin(), items.end());
  return input.is(Kind::kIterator) ? in.MakeList(Kind::kList, std::move(items))
                                   : in.MakeIterator(std::move(items));
}

Value List(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound none(in, arguments, "list", {});
  std::vector<Value> items;
  if (in.failed() || !in.ItemsOf(input, items)) return {};
  return in.MakeList(Kind::kList, std::move(items));
}

Value Items(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound none(in, arguments, "items", {});
  if (in.failed()) return {};
  if (input.is_undefined()) return in.MakeIterator({});
  if (!input.is(Kind::kDict)) return in.FailType(input, "a dict");
  std::vector<Value> items;
  for (const auto& [key, value] : input.dict().entries) {
    items.push_back(in.MakeList(Kind::kTuple, {key, value}));
  }
  return in.MakeIterator(std::move(items));
}

Value LengthOf(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound none(in, arguments, "length", {});
  int64_t length;
  return in.failed() || !in.Length(input, length) ? Value() : Value::Int(length);
}

Value Sum(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "sum", {"attribute", "start"});
  std::vector<Value> items;
  if (in.failed() || !in.ItemsOf(input, items)) return {};
  Value sum = bound.has(1) ? bound[1] : Value::Int(0);
  if (sum.is_string()) return in.Fail("'sum' does not join texts");
  for (const Value& item : items) {
    sum = in.Binary("+", sum, in.AttributePath(item, bound.has(0) ? bound[0] : Value::None()));
    if (in.failed()) return {};
  }
  return sum;
}

Value Batch(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "batch", {"linecount", "fill_with"}, 1);
  std::vector<Value> items, lines;
  int64_t count;
  if (in.failed() || !in.Integer(bound[0], count) || !in.ItemsOf(input, items)) return {};
  if (count < 1) return in.Fail("'batch' wants a count of at least 1");
  for (size_t at = 0; at < items.size();) {
    const size_t end = std::min(items.size(), at + static_cast<size_t>(count));
    std::vector<Value> line(items.begin() + static_cast<ptrdiff_t>(at),
                            items.begin() + static_cast<ptrdiff_t>(end));
    if (bound.given(1)) {
      if (!in.Charge(static_cast<size_t>(count))) return {};
      line.resize(static_cast<size_t>(count), bound[1]);
    }
    lines.push_back(in.MakeList(Kind::kList, std::move(line)));
    if (in.failed()) return {};
    at = end;
  }
  return in.MakeIterator(std::move(lines));
}

Value SliceInto(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "slice", {"slices", "fill_with"}, 1);
  std::vector<Value> items, parts;
  int64_t slices;
  if (in.failed() || !in.Integer(bound[0], slices) || !in.ItemsOf(input, items)) return {};
  if (slices < 1) return in.Fail("'slice' wants a count of at least 1");
  const auto size = static_cast<int64_t>(items.size());
  int64_t at = 0;
  for (int64_t i = 0; i < slices && in.Charge(1); ++i) {
    const bool longer = i < size % slices;
    const int64_t end = at + size / slices + (longer ? 1 : 0);
    std::vector<Value> part(items.begin() + at, items.begin() + end);
    if (bound.given(1) && !longer) part.push_back(bound[1]);
    parts.push_back(in.MakeList(Kind::kList, std::move(part)));
    at = end;
  }
  return in.MakeIterator(std::move(parts));
}

Value Default(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "default", {"default_value", "boolean"});
  if (in.failed()) return {};
  const bool absent = input.is_undefined() || (in.Truth(bound[1]) && !in.Truth(input));
  if (!absent) return input;
  return bound.has(0) ? bound[0] : in.TemplateText("");
}

Value Attribute(Interpreter& in, const Value& input, const Arguments& arguments) {
  const Bound bound(in, arguments, "attr", {"name"}, 1);
  if (in.failed()) return {};
  if (!bound[0].is_string()) return in.FailType(bound[0], "text");
  if (input.is(Kind::kDict)) {  // an attribute only, never an entry
    const Value method = in.GetAttribute(in.heap().Dict({}), bound[0].bytes());
    if (!method.is(Kind::kFunction)) return method;
  }
  return in.GetAttribute(input, bound[0].bytes());
}

constexpr auto kFilters = std::to_array<std::pair<std::string_view, Filter>>({
    {"attr", Attribute},
    {"batch", Batch},
    {"count", LengthOf},
    {"d", Default},
    {"default", Default},
    {"dictsort", DictSort},
    {"first", First},
    {"groupby", GroupBy},
    {"items", Items},
    {"join", Join},
    {"last", Last},
    {"length", LengthOf},
    {"list", List},
    {"map", Map},
    {"max", Extreme<true>},
    {"min", Extreme<false>},
    {"reject", Select<false, false>},
    {"rejectattr", Select<false, true>},
    {"reverse", Reverse},
    {"select", Select<true, false>},
    {"selectattr", Select<true, true>},
    {"slice", SliceInto},
    {"sort", Sort},
    {"sum", Sum},
    {"unique", Unique},
});

}  // namespace

Filter FindSequenceFilter(std::string_view name) {
  for (const auto& [own, filter] : kFilters) {
    if (own == name) return filter;
  }
  return nullptr;
}

}  // namespace parvis::chat
