#ifndef PARVIS_MODELS_LOAD_PROGRESS_H_
#define PARVIS_MODELS_LOAD_PROGRESS_H_

#include <functional>
#include <string>

#include "parvis/models/model.h"

namespace parvis::models {

// Told after each tensor which part of all numbers of the model has been read.
using LoadProgress = std::function<void(double part)>;

// LoadModel of model.h for those who tell somebody how far it is.
Result<Model> LoadModel(const ops::Exec& exec, const std::string& path, const LoadOptions& options,
                        const LoadProgress& progress);

}  // namespace parvis::models

#endif  // PARVIS_MODELS_LOAD_PROGRESS_H_
