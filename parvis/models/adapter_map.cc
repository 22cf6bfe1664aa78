#include "parvis/models/adapter_map.h"

#include <cctype>
#include <string_view>

namespace parvis::models {
namespace {

constexpr std::string_view kEncoder = "encoder.", kWeight = ".weight";

bool IsBlockMatrix(const std::string& parameter) {
  const size_t at = parameter.starts_with(kEncoder) ? kEncoder.size() : 0;
  return std::isdigit(static_cast<unsigned char>(parameter[at])) != 0 &&
         parameter.ends_with(kWeight);
}

Layout OfRows(Layout layout) {
  if (layout == Layout::kTransposedInHf) return Layout::kSame;
  return layout == Layout::kQkvTransposedInHf ? Layout::kQkv : layout;
}

std::string WithoutWeight(const std::string& name) {
  return name.substr(0, name.size() - kWeight.size());
}

}  // namespace

std::vector<FileTensor> AdaptableTensors(const Family& family, const nn::Blueprint& blueprint,
                                         FileKind kind) {
  std::vector<FileTensor> found;
  for (FileTensor& tensor : FileTensors(family, blueprint, kind)) {
    if (!IsBlockMatrix(tensor.parameters[0])) continue;
    if (FileShape(tensor, blueprint, kind).size() != 2) continue;
    tensor.layout = OfRows(tensor.layout);
    found.push_back(std::move(tensor));
  }
  return found;
}

std::string LayerName(const FileTensor& tensor) {
  std::string first = WithoutWeight(tensor.parameters[0]);
  if (tensor.parameters.size() == 1) return first;
  return first.substr(0, first.size() - 1) + "qkv";
}

std::string ModuleName(const FileTensor& tensor) { return WithoutWeight(tensor.name); }

std::map<std::string, FileTensor> ByModule(const Family& family, const nn::Blueprint& blueprint,
                                           FileKind kind) {
  std::map<std::string, FileTensor> found;
  for (const FileTensor& tensor : AdaptableTensors(family, blueprint, kind)) {
    std::vector<std::string> names = {ModuleName(tensor)};
    if (kind == FileKind::kHuggingFace) {
      for (const NameAlias& alias : family.hf_aliases) {
        const size_t at = names[0].find(alias.part);
        if (at == std::string::npos) continue;
        names.push_back(std::string(names[0]).replace(at, alias.part.size(), alias.other));
      }
      for (size_t i = 0, count = names.size(); i < count; ++i) {
        if (!names[i].starts_with(family.hf_prefix)) continue;
        names.push_back(names[i].substr(family.hf_prefix.size()));
      }
    }
    for (const std::string& name : names) found.emplace(name, tensor);
  }
  return found;
}

}  // namespace parvis::models
