#ifndef PARVIS_OPS_MATMUL_H_
#define PARVIS_OPS_MATMUL_H_

#include <span>
#include <vector>

#include "parvis/ops/exec.h"
#include "parvis/ops/parameter.h"

namespace parvis::ops {

// Copies `matrix.value` into the panels that products read, with `packing`'s numbers; see kernels.h
// for what the quantised ones require (PackingOf keeps to it; kQ8_0: columns a multiple of 32).
// With keep_value = false the value is released (its mapped pages too), so that a model that only
// runs holds its weights once.
void Pack(const Exec& exec, Parameter& matrix, Packing packing, bool keep_value = true);

// The packing that computes `dtype`'s numbers as stored (kernels.h).
Packing PackingOf(DType dtype);

// A change of a matrix by a product of two narrow ones, which are learned instead of it: LoRA (Hu
// et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021).
struct LowRank {
  Parameter* a = nullptr;  // (rank, inputs), packed; null: no change
  Parameter* b = nullptr;  // (outputs, rank), packed
  float scale = 1.0f;
};

// A change that only the rows [begin, end) of a product get.
struct RowsChange {
  int64_t begin = 0, end = 0;
  LowRank change;
};

struct LinearSpec {
  Parameter* weight;          // (outputs, inputs), packed
  Parameter* bias = nullptr;  // (outputs), f32
  LowRank change = {};        // several specs of one call may share `a`
  // Of some rows, none of them twice. REQUIRES: not recording, where there are any.
  std::span<const RowsChange> rows = {};
};

// y = x · weightᵀ + bias        x: (rows, inputs)   y: (rows, outputs)
// and, with a change:  y += (scale · x · aᵀ) · bᵀ
// A change of some rows has the same bits there as one of all rows.
Tensor Linear(const Exec& exec, const Tensor& x, const LinearSpec& spec);

// Several products of one x, prepared once and computed in one parallel region.
std::vector<Tensor> Linears(const Exec& exec, const Tensor& x, std::span<const LinearSpec> specs);

}  // namespace parvis::ops

#endif  // PARVIS_OPS_MATMUL_H_
