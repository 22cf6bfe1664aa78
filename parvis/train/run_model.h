#ifndef PARVIS_TRAIN_RUN_MODEL_H_
#define PARVIS_TRAIN_RUN_MODEL_H_

#include <memory>
#include <optional>
#include <string>

#include "parvis/models/model.h"
#include "parvis/train/labels.h"
#include "parvis/train/prepare.h"
#include "parvis/train/recipe.h"

namespace parvis::train {

// The model that a run goes on from.
struct Parent {
  models::Model model;
  ParentName name;
};

// [model] from: all values in f32, ready to be trained. None: the recipe has no such model.
Result<std::optional<Parent>> LoadParent(const ops::Exec& exec, const Recipe& recipe);

// A new model as the recipe describes it, or the parent, with the head that the objective teaches.
// Refuses a row length that the model cannot take.
Result<models::Model> ModelOf(const Recipe& recipe, std::optional<Parent> parent,
                              std::shared_ptr<const text::Tokenizer> tokenizer,
                              const LabelSet& labels);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_RUN_MODEL_H_
