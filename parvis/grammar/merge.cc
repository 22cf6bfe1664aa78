#include "parvis/grammar/merge.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <unordered_map>

namespace parvis::grammar {
namespace {

constexpr size_t kMaxAlternatives = 256;

void Insert(SchemaSet& set, SchemaId id) {
  const auto at = std::lower_bound(set.begin(), set.end(), id);
  if (at == set.end() || *at != id) set.insert(at, id);
}

bool SaysSomething(const SchemaNode& n) {
  return n.never || n.types != kAnyType || n.constants || n.constant || n.minimum || n.maximum ||
         n.min_length > 0 || n.max_length || !n.texts.empty() || !n.prefix_items.empty() ||
         n.items || n.min_items > 0 || n.max_items || !n.properties.empty() ||
         !n.required.empty() || n.additional;
}

void Tighten(std::optional<SchemaNode::Bound>& bound, const std::optional<SchemaNode::Bound>& other,
             bool low) {
  if (!other) return;
  const bool tighter = !bound || (low ? other->value > bound->value : other->value < bound->value);
  if (tighter || (other->value == bound->value && other->exclusive)) bound = other;
}

void AtMost(std::optional<int64_t>& size, const std::optional<int64_t>& other) {
  if (other) size = std::min(size.value_or(*other), *other);
}

void MergeConstants(const Schema& schema, const SchemaSet& nodes, Shape& shape) {
  for (const SchemaId id : nodes) {
    const SchemaNode& n = schema.node(id);
    if (!n.constant && !n.constants) continue;
    shape.constant = true;
    const auto offer = [&](const SchemaNode::Constant& constant) {
      if (std::all_of(nodes.begin(), nodes.end(),
                      [&](SchemaId other) { return schema.SatisfiesOwn(other, constant.value); })) {
        shape.constants.push_back(constant.text);
      }
    };
    if (n.constant) {
      offer(*n.constant);
    } else {
      for (const SchemaNode::Constant& constant : *n.constants) offer(constant);
    }
    return;  // the others have been asked
  }
}

void MergeItems(const Schema& schema, const SchemaSet& nodes, Shape& shape) {
  for (const SchemaId id : nodes) {
    const SchemaNode& n = schema.node(id);
    shape.first_items.resize(std::max(shape.first_items.size(), n.prefix_items.size()));
    if (n.items) Insert(shape.items, *n.items);
    shape.min_items = std::max(shape.min_items, n.min_items);
    AtMost(shape.max_items, n.max_items);
  }
  for (size_t i = 0; i < shape.first_items.size(); ++i) {
    for (const SchemaId id : nodes) {
      const SchemaNode& n = schema.node(id);
      if (i < n.prefix_items.size()) {
        Insert(shape.first_items[i], n.prefix_items[i]);
      } else if (n.items) {
        Insert(shape.first_items[i], *n.items);
      }
    }
  }
}

void MergeProperties(const Schema& schema, const SchemaSet& nodes, Shape& shape) {
  std::unordered_map<std::string, size_t> number;
  bool named = false, explicitly = false;
  const auto add = [&](const std::string& name) {
    const auto [at, added] = number.try_emplace(name, shape.properties.size());
    if (added) shape.properties.push_back({name, {}, false});
    return at->second;
  };
  for (const SchemaId id : nodes) {
    const SchemaNode& n = schema.node(id);
    for (const auto& [name, child] : n.properties) {
      Insert(shape.properties[add(name)].schemas, child);
      named = true;
    }
    if (n.additional) {
      Insert(shape.others, *n.additional);
      explicitly = true;
    }
  }
  for (const SchemaId id : nodes) {
    for (const std::string& name : schema.node(id).required) {
      shape.properties[add(name)].required = true;
    }
  }
  shape.open = explicitly || !named;
  if (!explicitly) return;
  for (const SchemaId id : nodes) {  // what a node does not name is additional to it
    const SchemaNode& n = schema.node(id);
    if (!n.additional) continue;
    std::set<std::string_view> own;
    for (const auto& [name, child] : n.properties) own.insert(name);
    for (Shape::Property& property : shape.properties) {
      if (!own.contains(property.name)) Insert(property.schemas, *n.additional);
    }
  }
}

}  // namespace

Result<std::vector<SchemaSet>> Merger::Alternatives(const SchemaSet& schemas) {
  Sets all = {{}};
  for (const SchemaId id : schemas) {
    PARVIS_ASSIGN_OR_RETURN(const Sets one, Expand(id));
    PARVIS_ASSIGN_OR_RETURN(all, Both(all, one));
  }
  return all;
}

// Schema::Read has seen to it that nothing leads back to itself.
Result<Merger::Sets> Merger::Expand(SchemaId id) {
  if (const auto known = known_.find(id); known != known_.end()) return known->second;
  const SchemaNode& n = schema_.node(id);
  Sets sets = SaysSomething(n) ? Sets{{id}} : Sets{{}};
  SchemaSet parts = n.all_of;
  if (n.reference) parts.push_back(*n.reference);
  for (const SchemaId part : parts) {
    PARVIS_ASSIGN_OR_RETURN(const Sets other, Expand(part));
    PARVIS_ASSIGN_OR_RETURN(sets, Both(sets, other));
  }
  for (const auto* choice : {&n.any_of, &n.one_of}) {
    if (choice->empty()) continue;
    PARVIS_ASSIGN_OR_RETURN(const Sets other, AnyOf(*choice));
    PARVIS_ASSIGN_OR_RETURN(sets, Both(sets, other));
  }
  known_.emplace(id, sets);
  return sets;
}

Result<Merger::Sets> Merger::AnyOf(const std::vector<SchemaId>& schemas) {
  Sets all;
  for (const SchemaId id : schemas) {
    PARVIS_ASSIGN_OR_RETURN(Sets one, Expand(id));
    for (SchemaSet& set : one) {
      if (std::find(all.begin(), all.end(), set) == all.end()) all.push_back(std::move(set));
    }
    if (all.size() > kMaxAlternatives) return Budget::Exceeded();
  }
  return all;
}

Result<Merger::Sets> Merger::Both(const Sets& a, const Sets& b) {
  if (a.size() * b.size() > kMaxAlternatives) return Budget::Exceeded();
  Sets product;
  for (const SchemaSet& x : a) {
    for (const SchemaSet& y : b) {
      if (!budget_.Work(10 + x.size() + y.size())) return Budget::Exceeded();
      SchemaSet both;
      std::set_union(x.begin(), x.end(), y.begin(), y.end(), std::back_inserter(both));
      if (std::find(product.begin(), product.end(), both) == product.end()) {
        product.push_back(std::move(both));
      }
    }
  }
  return product;
}

Shape MergedShape(const Schema& schema, const SchemaSet& nodes) {
  Shape shape;
  for (const SchemaId id : nodes) {
    const SchemaNode& n = schema.node(id);
    shape.types = n.never ? 0 : shape.types & n.types;
    Tighten(shape.minimum, n.minimum, true);
    Tighten(shape.maximum, n.maximum, false);
    shape.min_length = std::max(shape.min_length, n.min_length);
    AtMost(shape.max_length, n.max_length);
    for (const auto& text : n.texts) {
      if (std::find(shape.texts.begin(), shape.texts.end(), text) == shape.texts.end()) {
        shape.texts.push_back(text);
      }
    }
  }
  MergeConstants(schema, nodes, shape);
  MergeItems(schema, nodes, shape);
  MergeProperties(schema, nodes, shape);
  return shape;
}

}  // namespace parvis::grammar
