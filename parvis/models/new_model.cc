#include <cmath>
#include <utility>

#include "parvis/core/random.h"
#include "parvis/models/model.h"

namespace parvis::models {
namespace {

constexpr double kDeviation = 0.02;

Tensor InitialValue(const nn::ParameterSpec& spec, int64_t num_layers, Random& random) {
  using Role = nn::ParameterSpec::Role;
  Tensor value = Tensor::Empty(spec.shape);
  double deviation = kDeviation;
  if (spec.residual) deviation /= std::sqrt(2.0 * static_cast<double>(num_layers));
  for (int64_t i = 0; i < value.size(); ++i) {
    switch (spec.role) {
      case Role::kGain:
        value.f32()[i] = 1.0f;
        break;
      case Role::kBias:
        value.f32()[i] = 0.0f;
        break;
      default:
        value.f32()[i] = static_cast<float>(random.Normal() * deviation);
    }
  }
  return value;
}

}  // namespace

Model NewModel(nn::Blueprint blueprint, std::shared_ptr<const text::Tokenizer> tokenizer,
               uint64_t seed) {
  const std::vector<nn::ParameterSpec> specs = nn::ParametersOf(blueprint);
  const int64_t num_layers = blueprint.num_layers;
  Model model{.name = "",
              .path = "",
              .format = "memory",
              .dtype = DType::kF32,
              .stack = nn::Stack(std::move(blueprint)),
              .tokenizer = std::move(tokenizer),
              .metadata = Json::object()};
  for (size_t i = 0; i < specs.size(); ++i) {
    Random random(seed, /*stream=*/i);  // so that a tensor does not depend on the ones before it
    model.stack.parameters()[i].value = InitialValue(specs[i], num_layers, random);
  }
  return model;
}

}  // namespace parvis::models
