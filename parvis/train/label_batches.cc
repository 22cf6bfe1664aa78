#include "parvis/train/label_batches.h"

#include <algorithm>

namespace parvis::train {

Division WholeDocuments(int64_t row_length) {
  return {.row_length = row_length, .piece_length = int64_t{1} << 40};
}

void AppendText(std::span<const int32_t> tokens, std::span<const int32_t> types, int64_t document,
                Batch& batch) {
  batch.segments.push_back(
      {static_cast<int64_t>(batch.tokens.size()), static_cast<int64_t>(tokens.size()), 0, nullptr});
  batch.documents.push_back(document);
  batch.tokens.insert(batch.tokens.end(), tokens.begin(), tokens.end());
  batch.token_types.insert(batch.token_types.end(), types.begin(), types.end());
  batch.token_types.resize(batch.tokens.size());
}

Result<int32_t> NumberOfLabel(const Json& label, const std::vector<std::string>& labels) {
  if (label.is_number_integer()) {
    const auto number = label.get<int64_t>();
    if (number >= 0 && number < static_cast<int64_t>(labels.size())) {
      return static_cast<int32_t>(number);
    }
    return DataLoss("label " + std::to_string(number) + ": there are " +
                    std::to_string(labels.size()));
  }
  if (!label.is_string()) return DataLoss("a label is neither a text nor a number");
  const auto found = std::find(labels.begin(), labels.end(), label.get_ref<const std::string&>());
  if (found == labels.end()) {
    return DataLoss("label \"" + label.get<std::string>() + "\" is not one of the model's");
  }
  return static_cast<int32_t>(found - labels.begin());
}

int64_t CorrectRows(const Tensor& scores, std::span<const int32_t> targets) {
  const int64_t columns = scores.dim(1);
  int64_t correct = 0;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] < 0) continue;
    const float* row = scores.f32() + static_cast<int64_t>(i) * columns;
    correct += std::max_element(row, row + columns) - row == targets[i] ? 1 : 0;
  }
  return correct;
}

Status CheckHead(const nn::Blueprint& b, nn::Head::Kind kind, const std::string& objective) {
  if (b.head.kind == kind) return {};
  return InvalidArgument("objective \"" + objective + "\": this model (" + b.family +
                         ") has no head for it");
}

}  // namespace parvis::train
