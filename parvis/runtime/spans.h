#ifndef PARVIS_RUNTIME_SPANS_H_
#define PARVIS_RUNTIME_SPANS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Answers that are parts of a text, as transformers' question-answering pipeline finds them.
namespace parvis::runtime {

// Places [begin, end) of a text of `count` tokens of which only `room` fit at a time: each window
// begins room - stride after the last, until one reaches the end. REQUIRES: stride < room.
struct TokenWindow {
  size_t begin = 0, end = 0;
};
std::vector<TokenWindow> Windows(size_t count, size_t room, size_t stride);

// One token of a window: what the model says of it, and where it stands.
struct SpanToken {
  float begin_score = 0, end_score = 0;
  bool in_text = false;         // a token of the text; else of the question, or a mark
  bool is_first = false;        // the mark at the beginning: it takes part in the probabilities
  int64_t word = -1;            // number of its word in the text
  uint32_t begin = 0, end = 0;  // bytes of the text
};

struct Answer {
  std::string text;  // text[begin, end), whole words
  double score =
      0;  // probability that it begins here times that it ends here; summed over equal texts
  uint32_t begin = 0, end = 0;
};

// The best answers in all windows, best first; of `max_tokens` tokens at most, each widened to
// whole words. Texts that differ in capitals only count as equal.
std::vector<Answer> BestAnswers(std::span<const std::vector<SpanToken>> windows,
                                std::string_view text, size_t count, size_t max_tokens);

// How much rather the text tells no answer than the likeliest one (BERT's null_score_diff for SQuAD
// 2.0): the scores of beginning and ending at the first mark, of the window where they are least,
// less those of the best span of all windows. In one window these are log-odds.
double NoAnswerScore(std::span<const std::vector<SpanToken>> windows, size_t max_tokens);

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_SPANS_H_
