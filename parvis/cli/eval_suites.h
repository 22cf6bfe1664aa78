#ifndef PARVIS_CLI_EVAL_SUITES_H_
#define PARVIS_CLI_EVAL_SUITES_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "parvis/cli/console.h"
#include "parvis/cli/flags.h"
#include "parvis/core/status.h"
#include "parvis/eval/outcome.h"
#include "parvis/eval/rows.h"

namespace parvis::cli {

// What `parvis eval` is asked for, whatever the suite.
struct EvalOptions {
  ModelFlags model;
  ComputeFlags compute;
  std::string suite = "perplexity";
  std::vector<std::string> data;
  int64_t max_documents = 0;
  bool paragraphs = false;     // perplexity
  int64_t context_length = 0;  // perplexity
  uint64_t seed = 1;
  int64_t resamples = 1000;
  bool markdown = false;
  std::string outputs, save_outputs;   // translation, summary, answers
  std::string from = "en", to = "fr";  // translation
  bool reverse = false;                // translation
  bool stem = false;                   // summary
  std::string language = "en";         // answers
  // answers: those with a no_answer above it are taken back; infinity: none.
  double no_answer_threshold = std::numeric_limits<double>::infinity();
  std::string no_answer_scores;       // answers, with outputs
  int64_t beams = 0, max_tokens = 0;  // translation, summary; 0: as the model says
};

// The names of all suites but perplexity.
std::vector<std::string> SuiteNames();

// Whether the suite scores texts that a model writes (eval_writing.cc), which may be given instead.
bool IsWritingSuite(const std::string& suite);

// One file or folder, for such a suite. `model` null: options.outputs are scored. Refuses what the
// suite does not know.
Result<eval::Outcome> MeasureWriting(const EvalOptions& options, const eval::Rows& rows,
                                     models::Model* model, const ops::Exec& exec,
                                     const Console& console);

// Runs any suite but perplexity on each of options.data, and prints what it gives.
Status EvalSuite(const EvalOptions& options, Console& console);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_EVAL_SUITES_H_
