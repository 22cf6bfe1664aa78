#ifndef PARVIS_EVAL_NO_ANSWER_H_
#define PARVIS_EVAL_NO_ANSWER_H_

#include <cstdint>
#include <span>
#include <vector>

// Answers that are taken back where a model would rather say that there is none, counted as SQuAD
// 2.0's official script counts them.
namespace parvis::eval {

// An answer to one question.
struct AnswerMark {
  double score = 0;         // of what was answered, 0 to 1
  double no_answer = 0;     // how much rather there is none (runtime::NoAnswerScore, or any scale)
  bool answerable = false;  // there is one
  bool said = false;        // what was answered is not empty
};

// The score of a question if answers whose no_answer is above `threshold` are taken back.
double ScoreWithThreshold(const AnswerMark& mark, double threshold);

struct BestThreshold {
  double score = 0;      // mean over questions, times 100
  double threshold = 0;  // the least that gives it; 0 if the best is to answer nothing
};

// The script's best_exact and best_f1. Questions that are equally sure stand in their order, and as
// there the threshold may fall between two of them.
class ThresholdSearch {
 public:
  explicit ThresholdSearch(std::vector<AnswerMark> marks);
  // Of a sample of the questions, in which some may stand several times.
  BestThreshold Of(std::span<const uint32_t> sample) const;

 private:
  std::vector<AnswerMark> marks_;
  std::vector<uint32_t> order_;  // those that rather have an answer first
};

}  // namespace parvis::eval

#endif  // PARVIS_EVAL_NO_ANSWER_H_
