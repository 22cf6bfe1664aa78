#ifndef PARVIS_SERVICE_HEAD_TASKS_H_
#define PARVIS_SERVICE_HEAD_TASKS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "parvis/runtime/answer_search.h"
#include "parvis/runtime/text_tasks.h"
#include "parvis/service/turn_task.h"

// What a model's head says of texts: the tasks behind `parvis tokenize`, `classify`, `fill` and
// `answer`, with the same results. Reply::result is an object.
namespace parvis::service {

// {"count", "ids", "tokens", "offsets"} of a text, or {"count", "ids", "text"} of ids. The model
// computes nothing, so no tokens are counted as used.
struct TokenizeSpec {
  std::string model;
  std::string text;
  std::optional<std::vector<int32_t>> ids;  // instead of the text
  bool add_special = true;                  // tokens of begin and end
  bool parse_special = false;  // special tokens are read in the text, and written from ids
  bool offsets = false;        // bytes of the text that each token stands for
};
class TokenizeTask : public TurnTask {
 public:
  explicit TokenizeTask(TokenizeSpec spec) : TurnTask(spec.model), spec_(std::move(spec)) {}
  OrRefusal<Plan> Prepare(const LoadedModel& model) override;

 private:
  Result<bool> Turn(models::Model& model, const ops::Exec& exec, Reply& reply) override;
  TokenizeSpec spec_;
  OrderedJson result_;
};

// Several texts for a head, some of them in each turn: {"results": [one for each]}.
class TextsTask : public TurnTask {
 protected:
  TextsTask(std::string model, std::vector<std::string> texts)
      : TurnTask(std::move(model)), texts_(std::move(texts)) {}
  // "input", of several "input[3]".
  std::string ParamOf(size_t text, const char* name = "input") const;
  // The texts' tokens, checked; with `pairs` as many, of both together.
  OrRefusal<Plan> PlanOf(const models::Model& model, const std::vector<std::string>& pairs,
                         bool parse_special);
  // Adds to reply.result["results"], and to reply.said what the model chose to say.
  virtual Status Some(const runtime::Encoder& encoder, size_t begin, size_t end, Reply& reply) = 0;

  std::vector<std::string> texts_;

 private:
  Result<bool> Turn(models::Model& model, const ops::Exec& exec, Reply& reply) final;
  std::vector<int64_t> sizes_;  // in tokens
  size_t done_ = 0;
};

// {"labels": [{"label", "score"}]} of each text; of a model with labels of tokens {"tokens":
// [{"label", "score", "text", "start", "end"}]}.
struct ClassifySpec {
  std::string model;
  std::vector<std::string> texts, pairs;            // pairs: as many, or none
  std::optional<size_t> count;                      // of labels, likeliest first; none: one
  std::optional<runtime::Aggregation> aggregation;  // of labelled tokens; none: kSimple
};
class ClassifyTask : public TextsTask {
 public:
  explicit ClassifyTask(ClassifySpec spec)
      : TextsTask(spec.model, std::move(spec.texts)), spec_(std::move(spec)) {}
  OrRefusal<Plan> Prepare(const LoadedModel& model) override;

 private:
  Status Some(const runtime::Encoder& encoder, size_t begin, size_t end, Reply& reply) override;
  const ClassifySpec spec_;
  bool of_tokens_ = false;
};

// What fills the masks of a text: [[{"score", "token", "token_text", "text"}]], a list for each
// mask.
OrderedJson FillingsJson(const std::vector<std::vector<runtime::Filling>>& masks);

// {"masks": FillingsJson} of each text.
struct FillSpec {
  std::string model;
  std::vector<std::string> texts;
  size_t count = 5;  // for each mask
};
class FillTask : public TextsTask {
 public:
  explicit FillTask(FillSpec spec)
      : TextsTask(spec.model, std::move(spec.texts)), count_(spec.count) {}
  OrRefusal<Plan> Prepare(const LoadedModel& model) override;

 private:
  Status Some(const runtime::Encoder& encoder, size_t begin, size_t end, Reply& reply) override;
  const size_t count_;
};

// {"answers": [{"answer", "score", "start", "end"}], "no_answer"}: parts of the text.
struct AnswerSpec {
  std::string model, question, text;
  runtime::AnswerOptions options;
};
class AnswerTask : public TurnTask {
 public:
  explicit AnswerTask(AnswerSpec spec) : TurnTask(spec.model), spec_(std::move(spec)) {}
  OrRefusal<Plan> Prepare(const LoadedModel& model) override;

 private:
  Result<bool> Turn(models::Model& model, const ops::Exec& exec, Reply& reply) override;
  const AnswerSpec spec_;
  std::optional<runtime::AnswerSearch> search_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_HEAD_TASKS_H_
