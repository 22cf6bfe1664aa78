#ifndef PARVIS_EVAL_LIKELIHOOD_SUITES_H_
#define PARVIS_EVAL_LIKELIHOOD_SUITES_H_

#include <string>
#include <vector>

#include "parvis/eval/outcome.h"
#include "parvis/eval/rows.h"
#include "parvis/eval/scorer.h"

// Suites that ask a model only how likely texts are. Each reads its rows first and refuses a bad
// one with file and line; the formats stand in docs/guide/en/measuring.md.
namespace parvis::eval {

// BLiMP (Warstadt et al., 2020): the better of two sentences should be the likelier one, as wholes;
// equally likely ones count as wrong.
struct MinimalPair {
  std::string good, bad;
  std::string paradigm;  // "UID", else the name of its file
  std::string where;     // it came from, for refusals
};
Result<std::vector<MinimalPair>> ReadMinimalPairs(const Rows& rows);
// "accuracy": the mean over paradigms, as BLiMP has it; groups: each paradigm's. The interval draws
// pairs within paradigms.
Result<Outcome> MeasureMinimalPairs(Scorer& scorer, const std::vector<MinimalPair>& pairs,
                                    const BootstrapOptions& bootstrap,
                                    const Scorer::Progress& progress = nullptr);

// LAMBADA (Paperno et al., 2016): the last word of a text.
// "accuracy": each of its tokens is the likeliest one. "perplexity": exp of the mean of the words'
// -log p, as lm-evaluation-harness has it (of words, not of tokens).
Result<std::vector<Passage>> ReadCloze(const Rows& rows);
Result<Outcome> MeasureCloze(Scorer& scorer, const std::vector<Passage>& passages,
                             const BootstrapOptions& bootstrap,
                             const Scorer::Progress& progress = nullptr);

// Choices of which the likeliest after the context is taken; a space stands between the two unless
// there is one.
struct Choice {
  std::string context;
  std::vector<std::string> choices;
  size_t label = 0;
  std::string where;
};
Result<std::vector<Choice>> ReadChoices(const Rows& rows);
// As lm-evaluation-harness has them: "accuracy" by log-likelihood; "accuracy_norm" by that divided
// by the choice's characters, "accuracy_bytes" by its bytes. Of equal ones the first is taken.
Result<Outcome> MeasureChoices(Scorer& scorer, const std::vector<Choice>& questions,
                               const BootstrapOptions& bootstrap,
                               const Scorer::Progress& progress = nullptr);

}  // namespace parvis::eval

#endif  // PARVIS_EVAL_LIKELIHOOD_SUITES_H_
