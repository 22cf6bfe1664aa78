#include "parvis/nn/adapter.h"

#include <atomic>
#include <iterator>
#include <utility>

#include "parvis/core/check.h"

namespace parvis::nn {
namespace {

constexpr std::string_view kWeight = ".weight";

constexpr ops::LinearSpec BlockParameters::*kMatrices[] = {
    &BlockParameters::q,       &BlockParameters::k,         &BlockParameters::v,
    &BlockParameters::out,     &BlockParameters::cross_q,   &BlockParameters::cross_k,
    &BlockParameters::cross_v, &BlockParameters::cross_out, &BlockParameters::gate,
    &BlockParameters::up,      &BlockParameters::down};

}  // namespace

Adapter::Adapter(std::vector<AdapterLayer> layers, std::span<const ops::Parameter* const> matrices)
    : layers_(std::move(layers)) {
  static std::atomic<uint64_t> made{0};
  number_ = ++made;
  const auto add = [this](const std::string& name, Shape shape) {
    ops::Parameter parameter;
    parameter.name = name;
    parameter.shape = std::move(shape);
    parameters_.push_back(std::move(parameter));
  };
  size_t next = 0;
  for (const AdapterLayer& layer : layers_) {
    PARVIS_CHECK(next + layer.weights.size() <= matrices.size() && !layer.weights.empty());
    add(layer.name + ".lora_a", {layer.rank, matrices[next]->shape[1]});
    for (const std::string& weight : layer.weights) {
      const ops::Parameter* matrix = matrices[next++];
      PARVIS_CHECK(matrix != nullptr && matrix->shape.size() == 2);
      add(weight.substr(0, weight.size() - kWeight.size()) + ".lora_b",
          {matrix->shape[0], layer.rank});
    }
  }
  // Once the parameters stay where they are.
  next = 0;
  size_t parameter = 0;
  for (const AdapterLayer& layer : layers_) {
    ops::Parameter* a = &parameters_[parameter++];
    for (size_t i = 0; i < layer.weights.size(); ++i) {
      const ops::LowRank change{a, &parameters_[parameter++], layer.scale};
      PARVIS_CHECK(changes_.emplace(matrices[next++], change).second);
    }
  }
}

ops::Parameter* Adapter::Find(std::string_view name) {
  for (ops::Parameter& parameter : parameters_) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

ops::LowRank Adapter::ChangeOf(const ops::Parameter* matrix) const {
  const auto found = changes_.find(matrix);
  return found == changes_.end() ? ops::LowRank() : found->second;
}

void Adapter::Pack(const ops::Exec& exec, bool keep_values) {
  for (ops::Parameter& parameter : parameters_) {
    ops::Pack(exec, parameter, ops::Packing::kF32, keep_values);
  }
}

size_t Adapter::packed_bytes() const {
  size_t bytes = 0;
  for (const ops::Parameter& parameter : parameters_) bytes += parameter.panels.bytes();
  return bytes;
}

AdaptedBlock::AdaptedBlock(const BlockParameters& block, std::span<const AdaptedRows> rows)
    : parameters_(block), changes_(std::size(kMatrices)) {
  for (size_t i = 0; i < std::size(kMatrices); ++i) {
    ops::LinearSpec& matrix = parameters_.*kMatrices[i];
    if (matrix.weight == nullptr) continue;
    for (const AdaptedRows& some : rows) {
      const ops::LowRank change = some.adapter->ChangeOf(matrix.weight);
      if (change.a != nullptr) changes_[i].push_back({some.begin, some.end, change});
    }
    matrix.rows = changes_[i];
  }
}

}  // namespace parvis::nn
