#ifndef PARVIS_SERVICE_TEXT_TO_TEXT_TASK_H_
#define PARVIS_SERVICE_TEXT_TO_TEXT_TASK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parvis/runtime/text_to_text.h"
#include "parvis/service/task.h"

namespace parvis::service {

struct TextToTextSpec {
  std::string model, text;
  bool summary = false;    // else a translation
  std::string from, to;    // of a translation: codes of languages, or names; empty: guessed
  int64_t num_beams = 0;   // 0: as the model's configuration says, else 1
  int64_t max_tokens = 0;  // of the answer to each piece; 0: likewise, else as many as fit
};

// A text in another language, or in fewer words, as runtime/text_to_text.h does it: piece by piece,
// with the results of `parvis translate` and `parvis summarize`. Pieces are requests to the model's
// own engine, beside everybody else's; a piece that is searched with beams takes a turn of the
// model's thread for each token.
//
// A summary's further rounds get by with what was reserved: one that could need more ends with the
// answers of the round before, and Finish::kLength.
class TextToTextTask : public Task {
 public:
  explicit TextToTextTask(TextToTextSpec spec) : spec_(std::move(spec)) {}

  const std::string& model() const override { return spec_.model; }
  OrRefusal<Plan> Prepare(const LoadedModel& model) override;
  std::optional<Refusal> Start(const std::shared_ptr<LoadedModel>& model, Output& output) override;
  void Cancel() override;

 private:
  OrRefusal<runtime::TextTask> TaskFor(const LoadedModel& model) const;
  Status Cut(const std::string& text);  // into this round's pieces and prompts
  int64_t InputTokens() const;          // of this round
  int64_t MaxOutputTokens() const;
  bool Cancelled();

  // By the model's thread:
  void Next();  // sends pieces, or has one searched
  Status Send(size_t piece);
  void Search(models::Model& model);
  void Take(size_t piece, const runtime::TokenEvent& event);
  void EndRound();
  void End();

  TextToTextSpec spec_;
  std::shared_ptr<LoadedModel> model_;
  std::optional<runtime::TextPrompts> prompts_;
  Output* output_ = nullptr;

  // Of this round:
  std::vector<text::TextPiece> pieces_;
  std::vector<std::vector<int32_t>> ids_;  // prompts
  std::vector<runtime::TextAnswer> answers_;
  size_t sent_ = 0, answered_ = 0, bytes_ = 0;
  std::unique_ptr<runtime::BeamSearcher> search_;  // of the piece that is searched
  int64_t steps_ = 0;                              // of it

  int64_t reserved_ = 0;
  OrderedJson rounds_ = OrderedJson::array();  // how many pieces each had
  std::string text_;
  bool cut_short_ = false;  // an answer, or the rounds
  Reply reply_;
  Status failed_;

  std::mutex mutex_;  // guards the two below
  std::vector<runtime::RequestId> running_;
  bool cancelled_ = false;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_TEXT_TO_TEXT_TASK_H_
