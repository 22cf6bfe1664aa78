#ifndef PARVIS_FORMATS_SAFETENSORS_H_
#define PARVIS_FORMATS_SAFETENSORS_H_

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "parvis/formats/tensor_source.h"

// safetensors (github.com/huggingface/safetensors, README): a u64 length, a JSON header of that
// length, then the bytes of the tensors without holes. docs/formats/safetensors.md.
namespace parvis::formats {

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;             // in the order of their bytes
  std::map<std::string, std::string> metadata;  // "__metadata__"
};

// Checks the whole file: header, no duplicate names, holes or overlaps, sizes that fit the shapes.
Result<SafetensorsHeader> ParseSafetensors(std::span<const std::byte> bytes);

struct SafetensorsModel {
  std::shared_ptr<TensorSource> tensors;
  std::map<std::string, std::string> metadata;  // of the first file
};

// One file.
Result<SafetensorsModel> OpenSafetensors(const std::string& path);
// The weights of a Hugging Face folder: model.safetensors, or the shards that
// model.safetensors.index.json names. Every tensor of the index must be in its shard.
Result<SafetensorsModel> OpenSafetensorsFolder(const std::string& folder);

// "weight_map" of an index, tensor to file name, checked: names stay inside the folder.
Result<std::map<std::string, std::string>> ParseSafetensorsIndex(std::string_view json);

// Writes one file, all or nothing, tensor by tensor. Types: f32, f16, bf16, i32, i64, u8.
Status WriteSafetensors(const std::string& path, std::span<const TensorPlan> plans,
                        const std::map<std::string, std::string>& metadata,
                        const TensorProducer& produce);

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_SAFETENSORS_H_
