#ifndef PARVIS_CLI_MODEL_PATH_H_
#define PARVIS_CLI_MODEL_PATH_H_

#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"

namespace parvis::cli {

// Folders in which a model's name is looked for, first to last: PARVIS_MODELS (several, separated
// by colons), `models` of the source tree that the program was built in, ../share/parvis/models
// beside the program, and PARVIS_HOME/models.
std::vector<std::string> ModelFolders();

// $PARVIS_HOME, else $XDG_DATA_HOME/parvis, else ~/.local/share/parvis.
std::string HomeFolder();

// A model that a name finds: NAME.gguf, a folder NAME with config.json, ORG/NAME of a hub's cache.
struct ModelEntry {
  std::string name, path;
};
std::vector<ModelEntry> ListModels();  // by name; of two with one name, the one that is found

// The file or folder of a model: a path that exists, hf:ORG/NAME[@REVISION], a name (or its end).
Result<std::string> FindModel(const std::string& name);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_MODEL_PATH_H_
