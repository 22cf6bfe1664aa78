#ifndef PARVIS_TRAIN_RECIPE_OBJECTIVE_H_
#define PARVIS_TRAIN_RECIPE_OBJECTIVE_H_

#include "parvis/core/toml_reader.h"
#include "parvis/train/objective_settings.h"

namespace parvis::train {

// The keys of [train] that say what is taught. What is wrong is left to the reader.
void ReadObjective(TomlReader& reader, ObjectiveSettings& objective);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_RECIPE_OBJECTIVE_H_
