#ifndef PARVIS_TRAIN_RECIPE_OVERRIDES_H_
#define PARVIS_TRAIN_RECIPE_OVERRIDES_H_

#include <span>
#include <string>

#include "parvis/core/status.h"
#include "parvis/core/toml_reader.h"

namespace parvis::train {

// Puts each "table.key=value" in place of what `recipe` has there. A value that is not TOML is a
// text without its quotes. One of tokens, epochs and steps in [train] takes the others' place.
// Messages about these values name them instead of a line of the file.
Status Override(std::span<const std::string> overrides, toml::table& recipe);

// The recipe as a file would have to say it, after what was overridden.
std::string TextOf(const toml::table& recipe, std::span<const std::string> overrides);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_RECIPE_OVERRIDES_H_
