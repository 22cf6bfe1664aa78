#ifndef PARVIS_MODELS_TENSOR_MAP_H_
#define PARVIS_MODELS_TENSOR_MAP_H_

#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/models/family.h"
#include "parvis/tensor/tensor.h"

namespace parvis::models {

enum class FileKind { kHuggingFace, kGguf };

// One tensor of a file and the parameters that its rows are: one, or those of a fused tensor.
struct FileTensor {
  std::string name;                     // in the file
  std::vector<std::string> parameters;  // ours, in the order of the rows
  Layout layout;
};

// Every tensor that a file of `blueprint` may hold for its parameters, in the family's order. The
// parameters that a blueprint does not have (biases, an untied output matrix) are left out.
std::vector<FileTensor> FileTensors(const Family& family, const nn::Blueprint& blueprint,
                                    FileKind kind);

// The shape of `tensor` in the file.
Shape FileShape(const FileTensor& tensor, const nn::Blueprint& blueprint, FileKind kind);

// From the file's bytes to the parameters' values, in the order of `tensor.parameters`, and back.
// Values share the file's bytes where rows stand as they are. REQUIRES: the right shapes.
std::vector<Tensor> Split(const FileTensor& tensor, const nn::Blueprint& blueprint, FileKind kind,
                          const Tensor& value);
Tensor Join(const FileTensor& tensor, const nn::Blueprint& blueprint, FileKind kind,
            const std::vector<Tensor>& values);

}  // namespace parvis::models

#endif  // PARVIS_MODELS_TENSOR_MAP_H_
