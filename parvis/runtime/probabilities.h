#ifndef PARVIS_RUNTIME_PROBABILITIES_H_
#define PARVIS_RUNTIME_PROBABILITIES_H_

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

// From the scores of a head to probabilities. Sums are in double, in order.
namespace parvis::runtime {

std::vector<double> Softmax(std::span<const float> scores);
std::vector<double> Sigmoid(std::span<const float> scores);

// How the scores of labels are read: as transformers does, by the configuration's problem_type and
// else by their number (one label: yes or no).
enum class LabelFunction { kNone, kSoftmax, kSigmoid };
LabelFunction LabelFunctionOf(std::string_view problem_type, size_t num_labels);
std::vector<double> Apply(LabelFunction function, std::span<const float> scores);

// The places of the `count` largest, largest first; of equal ones the first.
std::vector<size_t> Largest(std::span<const double> values, size_t count);

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_PROBABILITIES_H_
