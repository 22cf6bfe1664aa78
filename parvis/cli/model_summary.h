#ifndef PARVIS_CLI_MODEL_SUMMARY_H_
#define PARVIS_CLI_MODEL_SUMMARY_H_

#include <cstdint>
#include <string>

#include "parvis/core/json.h"
#include "parvis/models/model.h"

namespace parvis::cli {

// Bytes of a file, or of all files in a folder; 0 if there is none.
int64_t SizeOnDisk(const std::string& path);

// A model without packed weights: enough to say what it is.
Result<models::Model> OpenModel(const std::string& path);

// What list, show and doctor say of a model, for --json.
OrderedJson ModelFacts(const models::Model& model);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_MODEL_SUMMARY_H_
