#ifndef PARVIS_TRAIN_RECIPE_TOKENIZER_H_
#define PARVIS_TRAIN_RECIPE_TOKENIZER_H_

#include "parvis/core/toml_reader.h"
#include "parvis/train/recipe.h"

namespace parvis::train {

// Reads the [tokenizer] table: a file, or what to train, and perhaps a chat template.
Status ReadTokenizerTable(const toml::table* table, Recipe& recipe);

// The same beside [model] from, whose tokenizer stays: only a chat template may be told.
Status ReadParentsTokenizer(const toml::table* table, Recipe& recipe);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_RECIPE_TOKENIZER_H_
