#ifndef PARVIS_RUNTIME_TEXT_TO_TEXT_H_
#define PARVIS_RUNTIME_TEXT_TO_TEXT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

// One task on one model. `model`, `exec` outlive it. Used by one thread at a time.
class TextToText {
 public:
  // Refuses a model without a tokeniser, beams on one without an encoder, and what Engine refuses.
  static Result<std::unique_ptr<TextToText>> Create(models::Model& model, const ops::Exec& exec,
                                                    TextTask task, const EngineOptions& options);

  // Whether the text goes to the model in one piece, with room for an answer. One whose prompt
  // cannot be made does; Answer says why.
  bool Fits(std::string_view text) const;
  // One answer for each text, which must fit. kCancelled as soon as `cancelled` says so.
  Result<std::vector<TextAnswer>> Answer(std::span<const std::string> texts,
                                         const std::function<bool()>& cancelled);

 private:
  TextToText(models::Model& model, const ops::Exec& exec, TextTask task,
             std::unique_ptr<Engine> engine);
  Result<std::vector<int32_t>> PromptOf(std::string_view text) const;
  Result<TextAnswer> Search(std::string_view text);

  models::Model& model_;
  const ops::Exec& exec_;
  TextTask task_;
  std::unique_ptr<Engine> engine_;
  int64_t room_;  // tokens of a prompt
};

// A text piece by piece: whole sentences of one line, as many as fit. `text` joins the answers with
// the white space that stood between the pieces.
struct Translation {
  std::vector<text::TextPiece> pieces;
  std::vector<TextAnswer> answers;
  std::string text;
};
Result<Translation> Translate(TextToText& model, std::string_view text,
                              const std::function<bool()>& cancelled);

// A text section by section (whole sentences, as many as fit), then what came of that again, until
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
