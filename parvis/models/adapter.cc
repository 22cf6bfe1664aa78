// An adapter of its own: made, and merged. adapter_load.cc and adapter_save.cc know the files.

#include "parvis/models/adapter.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "parvis/core/random.h"
#include "parvis/formats/quantize.h"
#include "parvis/models/adapter_map.h"
#include "parvis/models/family.h"

namespace parvis::models {
namespace {

// Away from the streams of NewModel's tensors.
constexpr uint64_t kStream = 1'000'000;

bool Matches(const std::string& module, const std::string& target) {
  return module == target || module.ends_with("." + target);
}

// The last words of the modules, for messages: "k_proj, o_proj, q_proj".
std::string LastWords(const std::vector<FileTensor>& tensors) {
  std::set<std::string> words;
  for (const FileTensor& tensor : tensors) {
    const std::string module = ModuleName(tensor);
    words.insert(module.substr(module.rfind('.') + 1));
  }
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

Status NewAdapter(const AdapterSettings& settings, uint64_t seed, Model& model) {
  nn::Stack& stack = model.stack;
  const Family* family = FindFamily(stack.blueprint().family);
  PARVIS_CHECK(family != nullptr && settings.rank > 0);
  const auto tensors = AdaptableTensors(*family, stack.blueprint(), FileKind::kHuggingFace);
  for (const std::string& target : settings.targets) {
    if (std::none_of(tensors.begin(), tensors.end(), [&target](const FileTensor& tensor) {
          return Matches(ModuleName(tensor), target);
        })) {
      return InvalidArgument("targets: no matrix of this model (" + stack.blueprint().family +
                             ") is called \"" + target + "\"; there are " + LastWords(tensors));
    }
  }
  std::vector<nn::AdapterLayer> layers;
  for (const FileTensor& tensor : tensors) {
    const std::string module = ModuleName(tensor);
    if (!settings.targets.empty() &&
        std::none_of(settings.targets.begin(), settings.targets.end(),
                     [&module](const std::string& target) { return Matches(module, target); })) {
      continue;
    }
    layers.push_back({LayerName(tensor), tensor.parameters, settings.rank,
                      static_cast<float>(settings.alpha / static_cast<double>(settings.rank))});
  }
  stack.Adapt(stack.NewAdapter(std::move(layers)));
  uint64_t stream = kStream;
  for (ops::Parameter* parameter : stack.Learned()) {
    parameter->value = Tensor::Zeros(parameter->shape);
    if (!parameter->name.ends_with(".lora_a")) continue;
    Random random(seed, stream++);
    const double bound = 1.0 / std::sqrt(static_cast<double>(parameter->shape[1]));
    for (int64_t i = 0; i < parameter->value.size(); ++i) {
      parameter->value.f32()[i] = static_cast<float>((2.0 * random.Uniform() - 1.0) * bound);
    }
  }
  return {};
}

Status MergeAdapter(const ops::Exec& exec, Model& model) {
  nn::Stack& stack = model.stack;
  for (const nn::AdapterLayer& layer : stack.adapter()) {
    const Tensor& a = stack.Find(layer.name + ".lora_a")->value;
    for (const std::string& weight : layer.weights) {
      const std::string matrix = weight.substr(0, weight.size() - std::string(".weight").size());
      const Tensor& b = stack.Find(matrix + ".lora_b")->value;
      ops::Parameter& parameter = *stack.Find(weight);
      PARVIS_CHECK(parameter.value.defined());
      PARVIS_ASSIGN_OR_RETURN(const Tensor value,
                              formats::ConvertTensor(parameter.value, DType::kF32, exec.pool()));
      const Tensor merged = value.Clone();
      const int64_t columns = a.dim(1);
      exec.pool().For(b.dim(0), 4, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          float* to = merged.f32() + row * columns;
          for (int64_t i = 0; i < layer.rank; ++i) {
            exec.kernels().AddTo(a.f32() + i * columns, layer.scale * b.f32()[row * layer.rank + i],
                                 columns, to);
          }
        }
      });
      parameter.value = merged;
    }
  }
  stack.DropAdapter();
  return {};
}

}  // namespace parvis::models
