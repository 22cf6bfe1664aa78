#ifndef PARVIS_EVAL_GENERATION_SUITES_H_
#define PARVIS_EVAL_GENERATION_SUITES_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/eval/outcome.h"
#include "parvis/eval/rows.h"
#include "parvis/eval/span_scores.h"
#include "parvis/models/model.h"
#include "parvis/runtime/text_to_text.h"

// Suites for which a model writes texts, which are then scored. The two steps are apart, so that
// the outputs of anything can be scored. The formats stand in docs/guide/en/measuring.md.
namespace parvis::eval {

// A text, and what should be made of it.
struct TextPair {
  std::string id;  // "id" of the row, else ""
  std::string source;
  std::vector<std::string> references;
  std::string where;  // it came from, for refusals
};
// "source" and "target" (or "summary"), or the columns of a table; `reverse`: the first column is
// the target.
Result<std::vector<TextPair>> ReadTextPairs(const Rows& rows, bool reverse);

// A question on a text, and its answers: none if the text does not tell.
struct SpanQuestion {
  std::string id, question, context;
  std::vector<std::string> answers;
  std::string where;
};
Result<std::vector<SpanQuestion>> ReadSpanQuestions(const Rows& rows);

// Called with the number of outputs that are there, also while the next are written; false: leave
// with kCancelled.
using OutputProgress = std::function<bool(size_t done)>;

// One output for each source: whole where it fits, else in pieces as `translate` or `summarize`
// do it.
enum class Writing { kTranslation, kSummary };
Result<std::vector<std::string>> WriteOutputs(runtime::TextToText& writer, Writing writing,
                                              const std::vector<TextPair>& pairs,
                                              const OutputProgress& progress);

// One summary for each source, as `summarize` has them from a model without a decoder: sentences of
// the text. Refuses a model without a tokeniser.
Result<std::vector<std::string>> ChooseSummaries(models::Model& model, const ops::Exec& exec,
                                                 const std::vector<TextPair>& pairs,
                                                 const OutputProgress& progress);

// What was answered, "" if nothing, and how much rather there is no answer, where that is known.
struct AnswerOutput {
  std::string text;
  std::optional<double> no_answer;  // runtime::NoAnswerScore, or what a file says
};

// The best answer to each question: a part of the text by a model with a span head, or what a model
// with an encoder and a decoder writes after "question: … context: …". Refuses other models.
// `cut`: counts contexts whose end did not fit (of the latter kind, which tells no no_answer).
Result<std::vector<AnswerOutput>> AnswerQuestions(models::Model& model, const ops::Exec& exec,
                                                  const std::vector<SpanQuestion>& questions,
                                                  const OutputProgress& progress, int64_t& cut);

// Outputs from a file: .json, texts by id ({"id": "text"}, as SQuAD's script takes them); .jsonl,
// {"output": "text"} in the order of the rows; any other: a line each. Refuses a wrong number, and
// a row whose id has no output.
Result<std::vector<std::string>> ReadOutputs(const std::string& path,
                                             const std::vector<std::string>& ids);
// The same with each one's no_answer: that of the .jsonl's rows, if they have it, or from
// `scores_path`, unless it is empty: .json, numbers by id, as SQuAD's script takes them.
Result<std::vector<AnswerOutput>> ReadAnswerOutputs(const std::string& path,
                                                    const std::string& scores_path,
                                                    const std::vector<std::string>& ids);

// REQUIRES: as many outputs as pairs or questions, at least one.
// "bleu" and "chrf", with sacreBLEU's signatures.
Outcome MeasureTranslations(const std::vector<TextPair>& pairs,
                            const std::vector<std::string>& outputs, std::string_view version,
                            const BootstrapOptions& bootstrap);
// "rouge1", "rouge2", "rougeL": means of F1, times 100.
Outcome MeasureSummaries(const std::vector<TextPair>& pairs,
                         const std::vector<std::string>& outputs, bool stem,
                         const BootstrapOptions& bootstrap);
// "exact" and "f1", times 100; where some have no answer also "exact_answerable" and so on of those
// that have one, "exact_unanswerable" of those that have none, and if each no_answer is known
// "best_exact" and "best_f1": with the threshold that is best for these questions. Answers whose
// no_answer is above `threshold` are taken back in all but these two.
Outcome MeasureAnswers(const std::vector<SpanQuestion>& questions,
                       const std::vector<AnswerOutput>& outputs, AnswerLanguage language,
                       std::optional<double> threshold, const BootstrapOptions& bootstrap);

}  // namespace parvis::eval

#endif  // PARVIS_EVAL_GENERATION_SUITES_H_
