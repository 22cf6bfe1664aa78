#ifndef PARVIS_SERVICE_TURN_TASK_H_
#define PARVIS_SERVICE_TURN_TASK_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "parvis/runtime/encoder.h"
#include "parvis/service/task.h"

namespace parvis::service {

// A task that is computed on the model's thread in turns, so that others who use the model get
// theirs, and a caller who leaves is noticed.
class TurnTask : public Task {
 public:
  // Tokens of one turn, if one text has not more.
  static constexpr int64_t kTurnTokens = 512;

  explicit TurnTask(std::string model) : model_(std::move(model)) {}

  const std::string& model() const override { return model_; }
  std::optional<Refusal> Start(const std::shared_ptr<LoadedModel>& model, Output& output) override;
  void Cancel() override { cancelled_ = true; }

 protected:
  // Computes a part. True: that was the last one.
  virtual Result<bool> Turn(models::Model& model, const ops::Exec& exec, Reply& reply) = 0;
  bool cancelled() const { return cancelled_; }
  // Behind the last of what one turn computes from `begin` on, one at least of `count`; `size_of`
  // tells tokens. Adds them to `tokens`.
  template <class SizeOf>
  static size_t EndOfTurn(size_t begin, size_t count, const SizeOf& size_of, int64_t& tokens) {
    size_t end = begin;
    do {
      tokens += size_of(end++);
    } while (end < count && tokens + size_of(end) <= kTurnTokens);
    return end;
  }
  // Within the last Turn: the answer's text.
  void Tell(std::string text) {
    output_->Tell({.choice = 0, .text = std::move(text), .finish = Finish::kStop});
  }
  // What computes with the model in a turn, and with its adapter if it has one.
  runtime::Encoder EncoderOf(models::Model& model, const ops::Exec& exec) const {
    return {model, exec, {.adapter = loaded_->adapter()}};
  }

  // What `param` says is too long for the model, or has tokens that it does not have.
  std::optional<Refusal> CheckInput(const models::Model& model, const runtime::EncoderInput& input,
                                    const std::string& param) const;
  Refusal WrongModel(const Status& status) const;  // "NAME: what it cannot do"

 private:
  void TakeTurn(models::Model& model);

  const std::string model_;
  LoadedModel* loaded_ = nullptr;
  Output* output_ = nullptr;
  std::atomic<bool> cancelled_{false};
  Reply reply_;  // of the model's thread
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_TURN_TASK_H_
