#ifndef PARVIS_MODELS_INFILL_H_
#define PARVIS_MODELS_INFILL_H_

#include <optional>

#include "parvis/models/model.h"
#include "parvis/text/infill_marks.h"

namespace parvis::models {

// The marks by which a model is asked for the middle of a text: by the ids that its GGUF file
// names, else by their names. None: it has not all three, or no tokeniser.
std::optional<text::InfillMarks> InfillMarksOf(const Model& model);

// Whether the model wants the end of a text first, and the middle right behind the beginning: it
// was trained so (recipe key fim_suffix_first; Bavarian et al.'s second form of "SPM").
bool WantsSuffixFirst(const Model& model);
inline constexpr const char* kSuffixFirstKey = "parvis.fim_suffix_first";  // of Model::metadata

// GGUF's keys for them ("tokenizer.ggml.fim_pre_token_id", …), with what the model's file named.
Json InfillKeys(const Model& model);

}  // namespace parvis::models

#endif  // PARVIS_MODELS_INFILL_H_
