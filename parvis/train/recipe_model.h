#ifndef PARVIS_TRAIN_RECIPE_MODEL_H_
#define PARVIS_TRAIN_RECIPE_MODEL_H_

#include "parvis/core/toml_reader.h"
#include "parvis/train/recipe.h"

namespace parvis::train {

// A path of a recipe is seen from its folder.
std::string Resolve(const std::string& recipe_path, const std::string& path);
bool Exists(const std::string& path);

// Reads the [model] table: `from`, or the keys of its family, sizes that models/ would refuse as
// well (but with the line of the key), and the context length where it is not told.
Status ReadModelTable(const toml::table* table, Recipe& recipe);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_RECIPE_MODEL_H_
