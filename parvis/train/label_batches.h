#ifndef PARVIS_TRAIN_LABEL_BATCHES_H_
#define PARVIS_TRAIN_LABEL_BATCHES_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/ops/label_losses.h"
#include "parvis/train/objective.h"

// What the objectives with labels share.
namespace parvis::train {

// Documents are never cut; one that is longer than a row is left out.
Division WholeDocuments(int64_t row_length);

// One text as a segment. `types`: of its tokens, or empty: all 0.
void AppendText(std::span<const int32_t> tokens, std::span<const int32_t> types, int64_t document,
                Batch& batch);

// The number of a label that a row gives by its name or by its number.
Result<int32_t> NumberOfLabel(const Json& label, const std::vector<std::string>& labels);

// How many rows' largest score is the target's.
int64_t CorrectRows(const Tensor& scores, std::span<const int32_t> targets);

Status CheckHead(const nn::Blueprint& blueprint, nn::Head::Kind kind, const std::string& objective);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_LABEL_BATCHES_H_
