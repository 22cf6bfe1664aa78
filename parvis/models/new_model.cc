#include <cmath>
#include <numbers>
#include <utility>
#include <variant>
#include <vector>

#include "parvis/core/random.h"
#include "parvis/models/model.h"

namespace parvis::models {
namespace {

// How far matrices and embeddings are drawn from 0. Scores that are not divided by the square root
// of head_dim want small queries, as T5's published code has them: each product keeps the size of
// what it is given, and scores are as large as divided ones.
//
// Sums that nothing norms grow with the layers, so what is added begins smaller (GPT-2). Where a
// norm follows each sum, as in BERT, this would only hide what attention finds.
double DeviationOf(const nn::ParameterSpec& spec, const nn::Blueprint& b, double deviation) {
  if (b.attention.scaled) {
    return spec.residual && b.norm_place == nn::NormPlace::kBefore
               ? deviation / std::sqrt(2.0 * static_cast<double>(b.num_layers))
               : deviation;
  }
  if (spec.name == "embedding.weight") return 1.0;
  double inputs = static_cast<double>(spec.shape.back());
  if (spec.role == nn::ParameterSpec::Role::kEmbedding) {  // of distances
    inputs = static_cast<double>(b.hidden_size);
  } else if (spec.name.ends_with("attention.q.weight")) {
    inputs *= static_cast<double>(b.attention.head_dim);
  }
  return 1.0 / std::sqrt(inputs);
}

Tensor InitialValue(const nn::ParameterSpec& spec, double deviation, Random& random) {
  using Role = nn::ParameterSpec::Role;
  Tensor value = Tensor::Empty(spec.shape);
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
               uint64_t seed, double deviation) {
  const std::vector<nn::ParameterSpec> specs = nn::ParametersOf(blueprint);
  std::vector<double> deviations;
  for (const nn::ParameterSpec& spec : specs) {
    deviations.push_back(DeviationOf(spec, blueprint, deviation));
  }
  Model model{.name = "",
              .path = "",
              .format = "memory",
              .dtype = DType::kF32,
              .stack = nn::Stack(std::move(blueprint)),
              .tokenizer = std::move(tokenizer),
              .metadata = Json::object()};
  for (size_t i = 0; i < specs.size(); ++i) {
    Random random(seed, /*stream=*/i);  // so that a tensor does not depend on the ones before it
    model.stack.parameters()[i].value = InitialValue(specs[i], deviations[i], random);
  }
  return model;
}

void BeginPositionsAsSines(Model& model, double deviation) {
  const auto& positions = std::get<nn::LearnedPositions>(model.stack.blueprint().positions);
  const Tensor& table = model.stack.Find("position.weight")->value;
  const int64_t rows = table.shape()[0], size = table.shape()[1];
  for (int64_t row = positions.unused_rows; row < rows; ++row) {
    for (int64_t i = 0; i < size; ++i) {
      const double wave =
          std::pow(1e4, -static_cast<double>(i / 2 * 2) / static_cast<double>(size));
      const double angle = static_cast<double>(row - positions.unused_rows) * wave;
      table.f32()[row * size + i] = static_cast<float>(
          deviation * std::numbers::sqrt2 * (i % 2 == 0 ? std::sin(angle) : std::cos(angle)));
    }
  }
}

}  // namespace parvis::models
