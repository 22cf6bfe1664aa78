#ifndef PARVIS_TRAIN_LABELS_H_
#define PARVIS_TRAIN_LABELS_H_

#include <span>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/train/documents.h"
#include "parvis/train/objective_settings.h"

namespace parvis::train {

// The labels that documents have, by name; numbers become LABEL_0, LABEL_1 … up to the largest.
struct LabelSet {
  std::vector<std::string> names;
  bool several = false;  // a row has a list of labels, of which each is true or not
};

// Of an objective without labels: none. Refuses fewer than two different ones.
Result<LabelSet> CollectLabels(ObjectiveKind kind, std::span<const Document> documents);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_LABELS_H_
