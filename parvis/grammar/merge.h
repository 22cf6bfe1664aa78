#ifndef PARVIS_GRAMMAR_MERGE_H_
#define PARVIS_GRAMMAR_MERGE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/grammar/budget.h"
#include "parvis/grammar/schema.h"

namespace parvis::grammar {

using SchemaSet = std::vector<SchemaId>;  // sorted; a value satisfies all of them

// Takes apart what says something about the same value: $ref, allOf, anyOf, oneOf.
class Merger {
 public:
  Merger(const Schema& schema, Budget& budget) : schema_(schema), budget_(budget) {}

  // A value satisfies all of `schemas` if and only if it satisfies the own keywords of all nodes of
  // one of these sets. (oneOf counts as anyOf.)
  Result<std::vector<SchemaSet>> Alternatives(const SchemaSet& schemas);

 private:
  using Sets = std::vector<SchemaSet>;
  Result<Sets> Expand(SchemaId id);
  Result<Sets> Both(const Sets& a, const Sets& b);
  Result<Sets> AnyOf(const std::vector<SchemaId>& schemas);

  const Schema& schema_;
  Budget& budget_;
  std::map<SchemaId, Sets> known_;
};

// The own keywords of several nodes as those of one; child schemas become sets.
struct Shape {
  struct Property {
    std::string name;
    SchemaSet schemas;
    bool required;
  };

  uint8_t types = kAnyType;
  bool constant = false;               // only `constants`
  std::vector<std::string> constants;  // as JSON
  std::optional<SchemaNode::Bound> minimum, maximum;
  int64_t min_length = 0, min_items = 0;
  std::optional<int64_t> max_length, max_items;
  std::vector<std::shared_ptr<const Dfa>> texts;
  std::vector<SchemaSet> first_items;
  SchemaSet items;
  std::vector<Property> properties;
  bool open = false;  // other properties, of `others`
  SchemaSet others;
};
Shape MergedShape(const Schema& schema, const SchemaSet& nodes);

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_MERGE_H_
