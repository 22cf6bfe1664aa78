#ifndef PARVIS_FORMATS_HF_CONFIG_H_
#define PARVIS_FORMATS_HF_CONFIG_H_

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "parvis/core/json.h"
#include "parvis/formats/model_file.h"

// A model as Hugging Face lays it out: a folder of config.json, tokeniser files and safetensors.
namespace parvis::formats {

// config.json from untrusted bytes: an object with a "model_type".
Result<Json> ParseHfConfig(std::string_view json);

// `folder` holds config.json, weights and, as it may be, tokenizer.json (+ tokenizer_config.json)
// or vocab.json + merges.txt.
Result<ModelFile> OpenHuggingFaceFolder(const std::string& folder);

// Writes config.json, model.safetensors and, with a tokeniser, tokenizer.json,
// tokenizer_config.json and generation_config.json into a new folder: written beside and renamed,
// all or nothing. Refuses a folder that exists and is not empty. `metadata` goes into the
// safetensors header.
Status WriteHuggingFaceFolder(const std::string& folder, const Json& config,
                              const text::Tokenizer* tokenizer, std::span<const TensorPlan> plans,
                              const std::map<std::string, std::string>& metadata,
                              const TensorProducer& produce);

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_HF_CONFIG_H_
