#ifndef PARVIS_CLI_MODEL_STORE_H_
#define PARVIS_CLI_MODEL_STORE_H_

#include <string>

#include "parvis/core/result.h"

namespace parvis::cli {

// Where models of our own are kept: PARVIS_HOME/models.
std::string OwnModelFolder();

// Whether a model can be called so: letters, digits, ".", "_", "-", ":"; no path.
bool IsModelName(const std::string& name);

// Copies the model of this name, or this file or folder, to a new name in PARVIS_HOME/models: it is
// there whole or not at all. Files are linked where the disk can do that; models are never written
// to. Refuses a name that there is, and files of folders that models do not have.
Status CopyModel(const std::string& from, const std::string& to);

// Removes a model from PARVIS_HOME/models, or from the cache of what was pulled. Others are not
// ours to remove.
Status RemoveModel(const std::string& name);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_MODEL_STORE_H_
