#ifndef PARVIS_MODELS_WEIGHT_TYPES_H_
#define PARVIS_MODELS_WEIGHT_TYPES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/tensor/dtype.h"

// In which types a model's matrices are written. Quantised files are mixes: some matrices are worth
// more bits. Which ones, and what stands in where rows do not fill a type's groups, is llama.cpp's
// choice (src/llama-quant.cpp), so that files of one name mean one thing.
namespace parvis::models {

struct WeightTypes {
  // All matrices in one type; but of a quantised file the output matrix in q6_K (unless the type is
  // q8_0), and learned positions as they are. Biases by distance (a few numbers) are f32 in any
  // file.
  WeightTypes(DType type) : dtype(type) {}  // NOLINT(google-explicit-constructor): it is one
  // With `more`, the "M" mixes: value and feed-forward down matrices of some blocks in q6_K, and
  // a fused query, key and value matrix in the next larger type.
  WeightTypes(DType type, bool more_bits) : dtype(type), more(more_bits) {}

  DType dtype;
  bool more = false;
};

// "f32" … "q6_K", "q4_K_M", "q5_K_M", in small letters or capitals; llama.cpp's "q4_K_S" and
// "q5_K_S" are not offered. None: no such name.
std::optional<WeightTypes> WeightTypesFromName(std::string_view name);
std::string WeightTypesNames();  // "f32, f16, …", for messages

// llama.cpp's number for such files ("general.file_type").
uint32_t GgufFileType(const WeightTypes& types);

// One matrix of a file.
struct MatrixPlace {
  std::vector<std::string> parameters;  // ours that it holds: one, or q, k and v
  int64_t row = 0;                      // numbers of a row
  int64_t layer = 0, num_layers = 0;    // layer: of the block, if it is in one
  bool is_output = false;               // the output matrix, or the embedding that serves as one
  DType stored = DType::kF32;           // as the model has it now
};

struct MatrixType {
  DType dtype;
  std::optional<DType> wanted;  // where rows do not fill its groups and `dtype` stands in for it
};
MatrixType TypeOf(const WeightTypes& types, const MatrixPlace& place);

}  // namespace parvis::models

#endif  // PARVIS_MODELS_WEIGHT_TYPES_H_
