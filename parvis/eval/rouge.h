#ifndef PARVIS_EVAL_ROUGE_H_
#define PARVIS_EVAL_ROUGE_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace parvis::eval {

struct RougeScore {
  double precision = 0, recall = 0, f1 = 0;
};

// ROUGE-1, ROUGE-2 and ROUGE-L of one text, from 0 to 1 (Lin, "ROUGE", 2004), as rouge_score
// computes them; of several references each measure takes the one with the best F1.
struct Rouge {
  RougeScore one, two, longest;
};

// REQUIRES: at least one reference. `stem`: words of more than three letters are stemmed first.
// Time and memory: the words of the output times those of a reference, and one row of that.
Rouge ScoreRouge(std::string_view output, std::span<const std::string> references, bool stem);

// Letters a to z and digits, small; everything else parts words.
std::vector<std::string> RougeWords(std::string_view text, bool stem);

}  // namespace parvis::eval

#endif  // PARVIS_EVAL_ROUGE_H_
