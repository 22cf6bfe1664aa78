#ifndef PARVIS_MODELS_ADAPTER_MAP_H_
#define PARVIS_MODELS_ADAPTER_MAP_H_

#include <map>
#include <string>
#include <vector>

#include "parvis/models/tensor_map.h"
#include "parvis/nn/stack.h"

namespace parvis::models {

// The matrices of a file that an adapter may change: those of the blocks. B's rows are those of
// the matrix as products want it, so `layout` says nothing of transposing.
std::vector<FileTensor> AdaptableTensors(const Family& family, const nn::Blueprint& blueprint,
                                         FileKind kind);

// "3.attention.q", "3.attention.qkv": what the stack calls such a matrix.
std::string LayerName(const FileTensor& tensor);

// A matrix's name in the file without ".weight".
std::string ModuleName(const FileTensor& tensor);

// By every name that checkpoints have for the module, see TakeTensor in loader.cc.
std::map<std::string, FileTensor> ByModule(const Family& family, const nn::Blueprint& blueprint,
                                           FileKind kind);

}  // namespace parvis::models

#endif  // PARVIS_MODELS_ADAPTER_MAP_H_
