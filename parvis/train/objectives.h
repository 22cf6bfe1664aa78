#ifndef PARVIS_TRAIN_OBJECTIVES_H_
#define PARVIS_TRAIN_OBJECTIVES_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "parvis/models/model.h"
#include "parvis/train/objective.h"
#include "parvis/train/objective_settings.h"

// The objectives that a recipe can name. How each divides and marks a text is told in
// docs/design/training.md.
namespace parvis::train {

using ObjectivePointer = std::shared_ptr<const Objective>;

// By settings.kind, for `model` with its tokenizer, start token and labels. Refuses a tokenizer
// without the tokens that the objective needs, and a model that cannot be taught so.
Result<ObjectivePointer> MakeObjective(const ObjectiveSettings& settings,
                                       const models::Model& model);

// What the documents of an objective have to hold.
RowFormat RowFormatOf(ObjectiveKind kind);

// REQUIRES of all: tokenizer not null. `start`: what a decoder's text begins with.
Result<ObjectivePointer> NewMaskedObjective(const ObjectiveSettings& settings,
                                            std::shared_ptr<const text::Tokenizer> tokenizer);
// Causal, with fim_share of the pieces told beginning and end first (PSM, SPM).
Result<ObjectivePointer> NewInfillObjective(const ObjectiveSettings& settings,
                                            std::shared_ptr<const text::Tokenizer> tokenizer);
Result<ObjectivePointer> NewSpanObjective(const ObjectiveSettings& settings,
                                          std::shared_ptr<const text::Tokenizer> tokenizer,
                                          int32_t start);
Result<ObjectivePointer> NewPairObjective(const ObjectiveSettings& settings,
                                          std::shared_ptr<const text::Tokenizer> tokenizer,
                                          int32_t start);

// Of a model with the head that they teach; its task names the labels.
ObjectivePointer NewLabelObjective(const models::Model& model);
ObjectivePointer NewTokenLabelObjective(const models::Model& model);
ObjectivePointer NewAnswerObjective(const models::Model& model);

// Of a model that writes text and whose tokenizer has a chat template.
Result<ObjectivePointer> NewChatObjective(const models::Model& model);

// With mask_share = 0 no mask token is needed.
Result<ObjectivePointer> NewContrastiveObjective(const ObjectiveSettings& settings,
                                                 std::shared_ptr<const text::Tokenizer> tokenizer);

// Of a model that writes text. Its documents want Begin.
Result<ObjectivePointer> NewPreferenceObjective(const ObjectiveSettings& settings,
                                                const models::Model& model);

// How many tokens of a text are taken out, and in how many runs, of `max_spans` at most. As the
// published recipe has it: 568 tokens become 512 of the prompt and 114 of the answer.
struct SpanCounts {
  int64_t noise = 0, spans = 0;
};
SpanCounts CountSpans(const ObjectiveSettings& settings, int64_t max_spans, int64_t count);

// A text that an encoder reads and what the decoder answers, one target a token of it.
void AppendPair(std::span<const int32_t> prompt, std::span<const int32_t> answer, int32_t start,
                int64_t document, Batch& batch);

// Refuses a model that has nothing to write, as encoders with heads.
Status CheckWrites(const nn::Blueprint& blueprint, const std::string& objective);

Status CheckEncoderDecoder(const nn::Blueprint& blueprint, const std::string& objective);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_OBJECTIVES_H_
