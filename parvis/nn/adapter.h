#ifndef PARVIS_NN_ADAPTER_H_
#define PARVIS_NN_ADAPTER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "parvis/nn/block.h"
#include "parvis/ops/exec.h"
#include "parvis/ops/matmul.h"

namespace parvis::nn {

// What an adapter says of one matrix of a file: W += scale · B · A. The matrix may be several of
// ours, one below the other (q, k and v of a fused one): they share A.
struct AdapterLayer {
  std::string name;                  // "3.attention.q", "3.attention.qkv"
  std::vector<std::string> weights;  // "3.attention.q.weight", …
  int64_t rank = 0;
  float scale = 1.0f;
};

// Low-rank changes of matrices of one stack (Stack::NewAdapter makes it): parameters NAME.lora_a
// (rank, inputs) of each layer and, of each of its matrices, "….lora_b" (outputs, rank). They are
// always computed in f32. A stack may have one of its own, which training changes; any number of
// others may change rows of a forward pass (Step::adapters).
class Adapter {
 public:
  Adapter() = default;  // changes nothing
  // `matrices`: of each layer's weights, in order. REQUIRES: none of them twice.
  Adapter(std::vector<AdapterLayer> layers, std::span<const ops::Parameter* const> matrices);
  Adapter(Adapter&&) = default;
  Adapter& operator=(Adapter&&) = default;
  Adapter(const Adapter&) = delete;
  Adapter& operator=(const Adapter&) = delete;

  const std::vector<AdapterLayer>& layers() const { return layers_; }
  std::vector<ops::Parameter>& parameters() { return parameters_; }
  ops::Parameter* Find(std::string_view name);  // null: no such parameter
  // What it adds to that matrix; `a` is null: nothing.
  ops::LowRank ChangeOf(const ops::Parameter* matrix) const;
  void Pack(const ops::Exec& exec, bool keep_values);
  size_t packed_bytes() const;
  // Never the same for two adapters of a process; 0: of one that changes nothing.
  uint64_t number() const { return number_; }

 private:
  std::vector<AdapterLayer> layers_;
  std::vector<ops::Parameter> parameters_;  // never grows after construction: pointers into it hold
  std::unordered_map<const ops::Parameter*, ops::LowRank> changes_;
  uint64_t number_ = 0;
};

// Rows of a forward pass that an adapter changes.
struct AdaptedRows {
  const Adapter* adapter;
  int64_t begin, end;
};

// A block's parameters with what adapters change of some rows.
class AdaptedBlock {
 public:
  AdaptedBlock(const BlockParameters& block, std::span<const AdaptedRows> rows);
  AdaptedBlock(const AdaptedBlock&) = delete;
  AdaptedBlock& operator=(const AdaptedBlock&) = delete;

  const BlockParameters& parameters() const { return parameters_; }

 private:
  BlockParameters parameters_;                         // that look at
  std::vector<std::vector<ops::RowsChange>> changes_;  // of each of its matrices
};

}  // namespace parvis::nn

#endif  // PARVIS_NN_ADAPTER_H_
