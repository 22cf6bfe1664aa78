#include "parvis/train/labels.h"

#include <algorithm>
#include <set>

namespace parvis::train {
namespace {

constexpr int64_t kMaxLabels = 65'536;

class Collector {
 public:
  void Add(const Json& label) {
    if (label.is_array()) {
      for (const Json& one : label) Add(one);
    } else if (label.is_string()) {
      names_.insert(label.get<std::string>());
    } else if (label.is_number_integer()) {
      largest_ = std::max(largest_, label.get<int64_t>());
    }
  }

  Result<std::vector<std::string>> Names() const {
    std::vector<std::string> names(names_.begin(), names_.end());
    if (!names.empty() && largest_ >= 0) {
      return DataLoss("some rows have a label's name, others a label's number");
    }
    if (largest_ >= kMaxLabels) return DataLoss("more than 65536 labels");
    for (int64_t i = 0; i <= largest_; ++i) names.push_back("LABEL_" + std::to_string(i));
    if (names.size() < 2) return DataLoss("fewer than two different labels");
    return names;
  }

 private:
  std::set<std::string> names_;
  int64_t largest_ = -1;
};

}  // namespace

Result<LabelSet> CollectLabels(ObjectiveKind kind, std::span<const Document> documents) {
  LabelSet labels;
  if (kind != ObjectiveKind::kLabels && kind != ObjectiveKind::kTokenLabels) return labels;
  const char* key = kind == ObjectiveKind::kLabels ? "label" : "labels";
  Collector collector;
  for (const Document& document : documents) {
    const auto label = document.fields.find(key);
    if (label == document.fields.end()) continue;  // refused by the objective, with its name
    labels.several |= kind == ObjectiveKind::kLabels && label->is_array();
    collector.Add(*label);
  }
  PARVIS_ASSIGN_OR_RETURN(labels.names, collector.Names());
  return labels;
}

}  // namespace parvis::train
