#ifndef PARVIS_EVAL_OUTCOME_H_
#define PARVIS_EVAL_OUTCOME_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parvis/eval/bootstrap.h"

namespace parvis::eval {

// One number that a suite gives, and how far it could be off by the choice of questions.
struct Measure {
  std::string name;  // "accuracy", "bleu"
  double score = 0;
  Interval interval;
  std::string signature;  // how it was computed, where others state that too; else empty
  std::optional<double> threshold = {};  // that gives the score, where it was looked for
};

// What a suite gives for one set of data.
struct Outcome {
  int64_t count = 0;  // questions
  std::vector<Measure> measures;
  std::vector<std::pair<std::string, double>> groups;  // the first measure, of each group
  int64_t cut = 0;                                     // questions whose context did not fit
};

}  // namespace parvis::eval

#endif  // PARVIS_EVAL_OUTCOME_H_
