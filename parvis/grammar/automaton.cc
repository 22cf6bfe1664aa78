#include "parvis/grammar/automaton.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "parvis/grammar/merge.h"
#include "parvis/grammar/scalars.h"

namespace parvis::grammar {
namespace {

// Fills what follows from the machine and its lengths. False if it accepts nothing.
bool Complete(Scalar& scalar) {
  const size_t size = scalar.dfa.size();
  if (size == 0) return false;
  scalar.counts.resize(size, 0);
  scalar.distance.assign(size, std::numeric_limits<uint32_t>::max());
  scalar.last.assign(size, 0);
  std::vector<std::vector<std::pair<int32_t, uint8_t>>> before(size);  // and what the step counts
  std::deque<int32_t> open;
  for (size_t i = 0; i < size; ++i) {
    const auto state = static_cast<int32_t>(i);
    for (size_t c = 0; c < scalar.dfa.num_classes; ++c) {
      const int32_t to = scalar.dfa.next[i * scalar.dfa.num_classes + c];
      if (to == Dfa::kDead) continue;
      // Only the closing quote leaves such a state without a character.
      const bool counts = scalar.counts[i] != 0 && !scalar.dfa.accepting[to];
      before[to].emplace_back(state, counts ? 1 : 0);
    }
    if (!scalar.dfa.accepting[i]) continue;
    scalar.distance[i] = 0;
    scalar.last[i] = scalar.dfa.HasNext(state) ? 0 : 1;
    open.push_back(state);
  }
  while (!open.empty()) {
    const int32_t to = open.front();
    open.pop_front();
    for (const auto& [from, cost] : before[to]) {
      const uint32_t way = scalar.distance[to] + cost;
      if (way >= scalar.distance[from]) continue;
      scalar.distance[from] = way;
      cost == 0 ? open.push_front(from) : open.push_back(from);
    }
  }
  scalar.longest_way = *std::max_element(scalar.distance.begin(), scalar.distance.end());
  return scalar.distance[0] <= scalar.most;
}

class Maker {
 public:
  explicit Maker(const Schema& schema) : schema_(schema), merger_(schema, budget_) {}

  Result<std::shared_ptr<const Automaton>> Run() {
    PARVIS_ASSIGN_OR_RETURN(machine_.root, ChoiceOf({Schema::kRoot}));
    while (!open_.empty()) {
      const auto [set, choice] = std::move(open_.front());
      open_.pop_front();
      PARVIS_RETURN_IF_ERROR(Fill(set, choice));
    }
    FindHeights();
    if (machine_.choice_heights[machine_.root] > kMaxNesting) {
      return InvalidArgument("nothing can satisfy the schema");
    }
    return std::make_shared<const Automaton>(std::move(machine_));
  }

 private:
  Result<ChoiceId> ChoiceOf(const SchemaSet& set) {
    const auto [at, added] =
        choices_.try_emplace(set, static_cast<ChoiceId>(machine_.choices.size()));
    if (added) {
      if (!budget_.Bytes(200 + set.size() * 8)) return Budget::Exceeded();
      machine_.choices.emplace_back();
      open_.emplace_back(set, at->second);
    }
    return at->second;
  }

  Status Fill(const SchemaSet& set, ChoiceId choice) {
    PARVIS_ASSIGN_OR_RETURN(const std::vector<SchemaSet> alternatives, merger_.Alternatives(set));
    for (const SchemaSet& nodes : alternatives) {
      if (!rules_.contains(nodes)) {
        std::vector<RuleId> rules;
        const Status made = RulesOf(MergedShape(schema_, nodes), rules);
        PARVIS_RETURN_IF_ERROR(nodes.empty() ? made : made.In(schema_.node(nodes.front()).place));
        rules_.emplace(nodes, std::move(rules));
      }
      const std::vector<RuleId>& rules = rules_[nodes];
      auto& all = machine_.choices[choice];
      all.insert(all.end(), rules.begin(), rules.end());
    }
    return {};
  }

  Status RulesOf(const Shape& shape, std::vector<RuleId>& rules) {
    if (!budget_.Work(1000) || !budget_.Bytes(500)) return Budget::Exceeded();
    if (shape.constant) return AddScalar(LiteralScalar(shape.constants, budget_), rules);
    std::vector<std::string> words;
    if (shape.types & kNull) words = {"null"};
    if (shape.types & kBoolean) words.insert(words.end(), {"true", "false"});
    if (!words.empty()) PARVIS_RETURN_IF_ERROR(AddScalar(LiteralScalar(words, budget_), rules));
    if (shape.types & kWhole) {
      const bool whole = (shape.types & kFraction) == 0;
      PARVIS_RETURN_IF_ERROR(
          AddScalar(NumberScalar(shape.minimum, shape.maximum, whole, budget_), rules));
    }
    if (shape.types & kString) {
      PARVIS_RETURN_IF_ERROR(
          AddScalar(StringScalar(shape.texts, shape.min_length, shape.max_length, budget_), rules));
    }
    if (shape.types & kArray) PARVIS_RETURN_IF_ERROR(AddArray(shape, rules));
    if (shape.types & kObject) PARVIS_RETURN_IF_ERROR(AddObject(shape, rules));
    return {};
  }

  void AddRule(Rule::Kind kind, size_t index, std::vector<RuleId>& rules) {
    rules.push_back(static_cast<RuleId>(machine_.rules.size()));
    machine_.rules.push_back({kind, static_cast<uint32_t>(index), kNever});
  }

  Status AddScalar(Result<Scalar> made, std::vector<RuleId>& rules) {
    PARVIS_ASSIGN_OR_RETURN(Scalar scalar, std::move(made));
    if (!Complete(scalar)) return {};
    if (!budget_.Bytes(scalar.dfa.next.size() * sizeof(int32_t))) return Budget::Exceeded();
    AddRule(Rule::Kind::kScalar, machine_.scalars.size(), rules);
    machine_.rules.back().height = 0;
    machine_.scalars.push_back(std::move(scalar));
    return {};
  }

  Status AddArray(const Shape& shape, std::vector<RuleId>& rules) {
    ArrayRule array;
    for (const SchemaSet& item : shape.first_items) {
      PARVIS_ASSIGN_OR_RETURN(array.first.emplace_back(), ChoiceOf(item));
    }
    PARVIS_ASSIGN_OR_RETURN(array.rest, ChoiceOf(shape.items));
    array.least = shape.min_items;
    array.most = std::min(shape.max_items.value_or(std::max(array.least, Automaton::kMaxItems)),
                          int64_t{1} << 30);
    AddRule(Rule::Kind::kArray, machine_.arrays.size(), rules);
    machine_.arrays.push_back(std::move(array));
    return {};
  }

  Status AddObject(const Shape& shape, std::vector<RuleId>& rules) {
    ObjectRule object;
    object.keys.emplace_back();
    std::vector<std::string> names;
    for (const Shape::Property& property : shape.properties) {
      PARVIS_ASSIGN_OR_RETURN(const ChoiceId value, ChoiceOf(property.schemas));
      if (!budget_.Bytes(property.name.size() * sizeof(ObjectRule::KeyNode))) {
        return Budget::Exceeded();
      }
      AddKey(object, property.name, static_cast<uint32_t>(object.properties.size()));
      object.properties.push_back({value, property.required});
      names.push_back(property.name);
    }
    const auto count = static_cast<uint32_t>(object.properties.size());
    object.next_required.assign(count + 1, count);
    for (uint32_t i = count; i-- > 0;) {
      object.next_required[i] = object.properties[i].required ? i : object.next_required[i + 1];
    }
    object.open = shape.open;
    if (object.open) {
      PARVIS_ASSIGN_OR_RETURN(object.other_value, ChoiceOf(shape.others));
      std::vector<RuleId> key;
      PARVIS_RETURN_IF_ERROR(AddScalar(KeyScalar(names, budget_), key));
      object.open = !key.empty();
      if (object.open) object.other_key = key.front();
    }
    AddRule(Rule::Kind::kObject, machine_.objects.size(), rules);
    machine_.objects.push_back(std::move(object));
    return {};
  }

  static void AddKey(ObjectRule& object, const std::string& name, uint32_t property) {
    uint32_t at = 0;
    object.keys[at].below.push_back(property);
    for (const char c : QuotedJson(name)) {
      const auto byte = static_cast<uint8_t>(c);
      auto& children = object.keys[at].children;
      const auto child = std::find_if(children.begin(), children.end(),
                                      [byte](const auto& one) { return one.first == byte; });
      if (child != children.end()) {
        at = child->second;
      } else {
        const auto next = static_cast<uint32_t>(object.keys.size());
        children.emplace_back(byte, next);
        object.keys.emplace_back();
        at = next;
      }
      object.keys[at].below.push_back(property);
    }
    object.keys[at].property = static_cast<int32_t>(property);
  }

  // Heights only fall, and whatever is higher than kMaxNesting stays at kNever.
  void FindHeights() {
    machine_.choice_heights.assign(machine_.choices.size(), kNever);
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = 0; i < machine_.choices.size(); ++i) {
        for (const RuleId id : machine_.choices[i]) {
          int& height = machine_.choice_heights[i];
          if (machine_.rules[id].height < height)
            height = machine_.rules[id].height, changed = true;
        }
      }
      for (Rule& rule : machine_.rules) {
        const int height = HeightOf(rule);
        if (height <= kMaxNesting && height < rule.height) rule.height = height, changed = true;
      }
    }
    for (auto& choice : machine_.choices) {
      std::erase_if(choice, [this](RuleId id) { return machine_.rules[id].height > kMaxNesting; });
    }
    for (ObjectRule& object : machine_.objects) {
      object.open = object.open && Height(object.other_value) <= kMaxNesting;
    }
    for (ArrayRule& array : machine_.arrays) {
      const auto none = std::find_if(array.first.begin(), array.first.end(),
                                     [this](ChoiceId id) { return Height(id) > kMaxNesting; });
      if (none != array.first.end()) array.most = std::min(array.most, none - array.first.begin());
      if (Height(array.rest) > kMaxNesting) {
        array.most = std::min(array.most, static_cast<int64_t>(array.first.size()));
      }
    }
  }

  int Height(ChoiceId id) const { return machine_.choice_heights[id]; }

  int HeightOf(const Rule& rule) const {
    int highest = 0;
    if (rule.kind == Rule::Kind::kScalar) return 0;
    if (rule.kind == Rule::Kind::kObject) {
      for (const ObjectRule::Property& property : machine_.objects[rule.index].properties) {
        if (property.required) highest = std::max(highest, Height(property.value));
      }
      return highest + 1;
    }
    const ArrayRule& array = machine_.arrays[rule.index];
    if (array.least > array.most) return kNever;
    const auto first = static_cast<int64_t>(array.first.size());
    for (int64_t i = 0; i < std::min(array.least, first); ++i) {
      highest = std::max(highest, Height(array.first[i]));
    }
    if (array.least > first) highest = std::max(highest, Height(array.rest));
    return highest + 1;
  }

  const Schema& schema_;
  Budget budget_;
  Merger merger_;
  Automaton machine_;
  std::map<SchemaSet, ChoiceId> choices_;
  std::map<SchemaSet, std::vector<RuleId>> rules_;
  std::deque<std::pair<SchemaSet, ChoiceId>> open_;
};

}  // namespace

Result<std::shared_ptr<const Automaton>> MakeAutomaton(const Schema& schema) {
  return Maker(schema).Run();
}

}  // namespace parvis::grammar
