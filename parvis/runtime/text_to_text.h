#ifndef PARVIS_RUNTIME_TEXT_TO_TEXT_H_
#define PARVIS_RUNTIME_TEXT_TO_TEXT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/ops/exec.h"
#include "parvis/runtime/beam_search.h"
#include "parvis/runtime/engine.h"
#include "parvis/text/sentences.h"

namespace parvis::runtime {

// How a text is put to a model, and how its answer is searched.
struct TextTask {
  std::string before, after;  // stand around the text
  // Tokens of these words as the model wants to be asked (one turn of a conversation); null: the
  // words as they are.
  std::function<Result<std::vector<int32_t>>(const std::string& words)> prompt;
  std::vector<std::string> stop_strings;
  text::Together together = text::Together::kOfALine;  // what a text's sentences may be put so
  // max_tokens 0: as many as fit. num_beams 1: always the likeliest token, several texts at a time;
  // the other fields then have no effect.
  BeamSearchParams beams{.num_beams = 1, .max_tokens = 0, .end_tokens = {}, .cancelled = {}};
};

// "translate English to French: ", with what the model's configuration says about the task
// (task_specific_params: prefix, num_beams, length_penalty, early_stopping, min_length, max_length,
// no_repeat_ngram_size); a model that goes on with texts is given an instruction instead, and the
// beginning of the answer unless it `converses` (TextTask::prompt is the caller's to set then).
// Languages: codes of two letters, or names. Refuses codes that it does not know.
Result<TextTask> TranslationTask(const models::Model& model, const std::string& from,
                                 const std::string& to, bool converses = false);
TextTask SummaryTask(const models::Model& model, bool converses = false);

struct TextAnswer {
  std::string text;
  FinishReason finish = FinishReason::kStop;
  Usage usage;
  std::optional<float> score;  // of beam search
};

// What of one task is put to one model, for those who drive an engine themselves. `model` outlives
// it.
class TextPrompts {
 public:
  // `context_length`: of the engine. Refuses a model without a tokeniser, beams on one without an
  // encoder, and a task whose own words do not fit.
  static Result<TextPrompts> Create(const models::Model& model, TextTask task,
                                    int64_t context_length);

  // Whether the text goes to the model in one piece, with room for an answer. One whose prompt
  // cannot be made does; PromptOf says why.
  bool Fits(std::string_view text) const;
  // Pieces that do, as the task wants them together; where it wants each sentence alone, one that
  // goes on over the end of a full line is put together (text/unwrap.h).
  std::vector<text::TextPiece> Cut(std::string_view text) const;
  Result<std::vector<int32_t>> PromptOf(std::string_view text) const;
  const TextTask& task() const { return task_; }  // max_tokens and end tokens are told
  int64_t room() const { return room_; }          // tokens of a prompt
  // Always the likeliest token; the answer is to be Trimmed.
  GenerateRequest RequestOf(std::vector<int32_t> prompt) const;

 private:
  TextPrompts(const models::Model& model, TextTask task, int64_t context_length);

  const models::Model* model_;
  TextTask task_;
  int64_t room_;
};

// An answer's text without white space around it.
std::string Trimmed(std::string_view text);
// The best of what a beam search has found for a prompt of so many tokens, as an answer.
TextAnswer BestAnswer(const models::Model& model, int64_t prompt_tokens,
                      const std::vector<Hypothesis>& found, const std::vector<int32_t>& end_tokens);
// The answer that a beam search with `params` finds. kCancelled as params.cancelled says.
Result<TextAnswer> SearchAnswer(models::Model& model, const ops::Exec& exec,
                                const std::vector<int32_t>& prompt, const BeamSearchParams& params);

// One task on one model. `model`, `exec` outlive it. Used by one thread at a time.
class TextToText {
 public:
  // Refuses a model without a tokeniser, beams on one without an encoder, and what Engine refuses.
  static Result<std::unique_ptr<TextToText>> Create(models::Model& model, const ops::Exec& exec,
                                                    TextTask task, const EngineOptions& options);

  bool Fits(std::string_view text) const { return prompts_.Fits(text); }
  std::vector<text::TextPiece> Cut(std::string_view text) const { return prompts_.Cut(text); }
  // One answer for each text, which must fit. kCancelled as soon as `cancelled` says so.
  Result<std::vector<TextAnswer>> Answer(std::span<const std::string> texts,
                                         const std::function<bool()>& cancelled);

 private:
  TextToText(models::Model& model, const ops::Exec& exec, TextPrompts prompts,
             BeamSearchParams beams, std::unique_ptr<Engine> engine)
      : model_(model),
        exec_(exec),
        prompts_(std::move(prompts)),
        beams_(std::move(beams)),
        engine_(std::move(engine)) {}

  models::Model& model_;
  const ops::Exec& exec_;
  const TextPrompts prompts_;
  BeamSearchParams beams_;
  std::unique_ptr<Engine> engine_;
};

// A text piece by piece, as TextPrompts::Cut has them. `text` joins the answers with
// the white space that stood between the pieces.
struct Translation {
  std::vector<text::TextPiece> pieces;
  std::vector<TextAnswer> answers;
  std::string text;
};
Result<Translation> Translate(TextToText& model, std::string_view text,
                              const std::function<bool()>& cancelled);

// A text section by section (TextPrompts::Cut), then what came of that again, until
// it is one. Ends early if a round makes nothing shorter: the last one's answers then stand one a
// line.
struct Summary {
  std::vector<std::vector<text::TextPiece>> sections;  // of each round
  std::vector<std::vector<TextAnswer>> answers;        // likewise
  std::string text;
};
Result<Summary> Summarize(TextToText& model, std::string_view text,
                          const std::function<bool()>& cancelled);

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_TEXT_TO_TEXT_H_
