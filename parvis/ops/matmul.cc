#include "parvis/ops/matmul.h"

#include <algorithm>

#include "parvis/ops/activation.h"
#include "parvis/ops/product.h"

namespace parvis::ops {
namespace {

using kernels::kLanes;
using kernels::MatMulArgs;

// Gradients of the products of one x. `grads[i]` belongs to `specs[i]`, undefined where nothing
// depends on that result.
void LinearsBackward(const Exec& exec, const Tensor& x, std::span<const LinearSpec> specs,
                     std::span<const Tensor> grads) {
  const size_t rows = static_cast<size_t>(x.dim(0)), k = static_cast<size_t>(x.dim(1));
  // Weights of a quantised model do not learn; what stands on them does, in f32.
  const Packing packing =
      specs[0].weight->packing == Packing::kBf16 ? Packing::kBf16 : Packing::kF32;
  Tensor x_panels;  // lanes: inputs, summed: rows
  Tensor grad_x;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (!grads[i].defined()) continue;
    Parameter& weight = *specs[i].weight;
    const size_t n = static_cast<size_t>(weight.shape[0]);
    const float* grad = grads[i].f32();

    // grad_x += grad · weight
    const Tensor panels = PackPanelOperand(exec, packing, weight.value.f32(), 1, k, k, n);
    const RowOperand grad_rows = PackRowOperand(exec, packing, grad, n, 1, rows, n);
    const bool first = !grad_x.defined();
    if (first) grad_x = Tensor::Empty(x.shape());
    RunProduct(exec, {.packing = packing,
                      .panels = panels.data(),
                      .n = k,
                      .k = n,
                      .rows = grad_rows.data,
                      .row_stride = grad_rows.stride,
                      .row_begin = 0,
                      .row_end = rows,
                      .bias = nullptr,
                      .y = grad_x.f32(),
                      .ldy = k,
                      .accumulate = !first});

    // weight.grad += gradᵀ · x
    if (weight.grad.defined()) {
      if (!x_panels.defined()) x_panels = PackPanelOperand(exec, packing, x.f32(), 1, k, k, rows);
      const RowOperand transposed = PackRowOperand(exec, packing, grad, 1, n, n, rows);
      RunProduct(exec, {.packing = packing,
                        .panels = x_panels.data(),
                        .n = k,
                        .k = rows,
                        .rows = transposed.data,
                        .row_stride = transposed.stride,
                        .row_begin = 0,
                        .row_end = n,
                        .bias = nullptr,
                        .y = weight.grad.f32(),
                        .ldy = k,
                        .accumulate = true});
    }
    if (specs[i].bias != nullptr && specs[i].bias->grad.defined()) {
      exec.pool().For(static_cast<int64_t>(n), kLanes, [&](int64_t begin, int64_t end) {
        exec.kernels().SumRows(grad, rows, n, static_cast<size_t>(begin), static_cast<size_t>(end),
                               specs[i].bias->grad.f32());
      });
    }
  }
  if (grad_x.defined()) exec.tape().AddGrad(x, grad_x);
}

// Adds the changes to `results`, by operations that are recorded themselves.
void AddChanges(const Exec& exec, const Tensor& x, std::span<const LinearSpec> specs,
                std::vector<Tensor>& results) {
  const LowRank* last = nullptr;
  Tensor narrow;  // scale · x · aᵀ of the last change
  for (size_t i = 0; i < specs.size(); ++i) {
    const LowRank& change = specs[i].change;
    if (change.a == nullptr) continue;
    if (last == nullptr || last->a != change.a || last->scale != change.scale) {
      narrow = Scale(exec, Linear(exec, x, {change.a}), change.scale);
      last = &change;
    }
    results[i] = Add(exec, results[i], Linear(exec, narrow, {change.b}));
  }
}

// Some rows of one product that get a change.
struct Piece {
  const LowRank* change;
  float* y;  // of row 0
  int64_t begin, end;
};

// Rows of a piece: so few that a long prompt is shared out, so many that narrow matrices stay in
// the cache.
constexpr int64_t kRowsOfPiece = 16;

// y = rows · matrixᵀ of `count` rows, by one thread.
void MultiplyRows(const Exec& exec, const Parameter& matrix, const float* rows, int64_t count,
                  float* y) {
  const auto n = static_cast<size_t>(matrix.shape[0]), k = static_cast<size_t>(matrix.shape[1]);
  exec.kernels().MatMul({.packing = matrix.packing,
                         .panels = matrix.panels.data(),
                         .n = n,
                         .k = k,
                         .rows = rows,
                         .row_stride = k * sizeof(float),
                         .row_begin = 0,
                         .row_end = static_cast<size_t>(count),
                         .tile_begin = 0,
                         .tile_end = (n + kLanes - 1) / kLanes,
                         .bias = nullptr,
                         .y = y,
                         .ldy = n,
                         .accumulate = false});
}

// Adds the changes that only some rows get, in one region for all of them: with the operations of
// AddChanges, so with its bits.
void AddRowChanges(const Exec& exec, const Tensor& x, std::span<const LinearSpec> specs,
                   std::span<Tensor> results) {
  std::vector<Piece> pieces;
  for (size_t i = 0; i < specs.size(); ++i) {
    for (const RowsChange& rows : specs[i].rows) {
      PARVIS_DCHECK(rows.begin >= 0 && rows.begin <= rows.end && rows.end <= x.dim(0));
      PARVIS_DCHECK(rows.change.a->packing == Packing::kF32 && rows.change.a->panels.defined());
      for (int64_t begin = rows.begin; begin < rows.end; begin += kRowsOfPiece) {
        pieces.push_back(
            {&rows.change, results[i].f32(), begin, std::min(begin + kRowsOfPiece, rows.end)});
      }
    }
  }
  if (pieces.empty()) return;
  PARVIS_CHECK(!exec.recording());
  exec.pool().Dynamic(static_cast<int64_t>(pieces.size()), 1, [&](int64_t first, int64_t last) {
    std::vector<float> product, narrow, wide;
    for (int64_t i = first; i < last; ++i) {
      const Piece& piece = pieces[static_cast<size_t>(i)];
      const Parameter &a = *piece.change->a, &b = *piece.change->b;
      const int64_t count = piece.end - piece.begin;
      product.resize(static_cast<size_t>(count * a.shape[0]));
      narrow.assign(product.size(), 0.0f);
      wide.resize(static_cast<size_t>(count * b.shape[0]));
      MultiplyRows(exec, a, x.f32() + piece.begin * x.dim(1), count, product.data());
      exec.kernels().AddTo(product.data(), piece.change->scale, product.size(), narrow.data());
      MultiplyRows(exec, b, narrow.data(), count, wide.data());
      float* y = piece.y + piece.begin * b.shape[0];
      exec.kernels().Add(y, wide.data(), wide.size(), y);
    }
  });
}

}  // namespace

Packing PackingOf(DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return Packing::kF16;
    case DType::kBf16:
      return Packing::kBf16;
    case DType::kQ8_0:
    case DType::kQ5_0:  // its codes and scales fit
      return Packing::kQ8_0;
    case DType::kQ4_0:
      return Packing::kQ4_0;
    case DType::kQ4K:
      return Packing::kQ4K;
    case DType::kQ6K:
      return Packing::kQ6K;
    case DType::kQ4_1:
    case DType::kQ5_1:
    case DType::kQ5K:
      return Packing::kQ5Wide;
    default:
      return Packing::kF32;
  }
}

void Pack(const Exec& exec, Parameter& matrix, Packing packing, bool keep_value) {
  const size_t n = static_cast<size_t>(matrix.shape[0]), k = static_cast<size_t>(matrix.shape[1]);
  const auto bytes = static_cast<int64_t>(kernels::PanelBytes(packing, n, k));
  if (!matrix.panels.defined() || matrix.panels.size() != bytes) {
    matrix.panels = Tensor::Empty({bytes}, DType::kU8);
  }
  matrix.packing = packing;
  const Tensor& value = matrix.value;
  exec.pool().For(static_cast<int64_t>((n + kLanes - 1) / kLanes), 1,
                  [&](int64_t begin, int64_t end) {
                    exec.kernels().PackPanels(packing, SourceOf(value.dtype()), value.data(),
                                              value.row_bytes(), n, k, static_cast<size_t>(begin),
                                              static_cast<size_t>(end), matrix.panels.data());
                  });
  if (!keep_value) matrix.value = {};
}

std::vector<Tensor> Linears(const Exec& exec, const Tensor& x, std::span<const LinearSpec> specs) {
  const size_t rows = static_cast<size_t>(x.dim(0)), k = static_cast<size_t>(x.dim(1));
  RowOperand operands[kernels::kPackings];  // x as each packing wants it
  std::vector<Tensor> results;
  std::vector<MatMulArgs> products;
  for (const LinearSpec& spec : specs) {
    const Parameter& weight = *spec.weight;
    PARVIS_DCHECK(weight.panels.defined() && weight.shape[1] == x.dim(1));
    RowOperand& operand = operands[static_cast<int>(kernels::RowsOf(weight.packing))];
    if (operand.data == nullptr) {
      operand = PackRowOperand(exec, weight.packing, x.f32(), k, 1, rows, k);
    }
    const size_t n = static_cast<size_t>(weight.shape[0]);
    results.push_back(Tensor::Empty({x.dim(0), weight.shape[0]}));
    products.push_back({.packing = weight.packing,
                        .panels = weight.panels.data(),
                        .n = n,
                        .k = k,
                        .rows = operand.data,
                        .row_stride = operand.stride,
                        .row_begin = 0,
                        .row_end = rows,
                        .bias = spec.bias != nullptr ? spec.bias->value.f32() : nullptr,
                        .y = results.back().f32(),
                        .ldy = n,
                        .accumulate = false});
  }
  RunProducts(exec, products);

  if (exec.recording()) {
    exec.tape().Record(
        [&exec, x, specs = std::vector<LinearSpec>(specs.begin(), specs.end()), results] {
          std::vector<Tensor> grads;
          grads.reserve(results.size());
          for (const Tensor& y : results) grads.push_back(exec.tape().TakeGrad(y));
          LinearsBackward(exec, x, specs, grads);
        });
  }
  AddChanges(exec, x, specs, results);
  AddRowChanges(exec, x, specs, results);
  return results;
}

Tensor Linear(const Exec& exec, const Tensor& x, const LinearSpec& spec) {
  return Linears(exec, x, {&spec, 1})[0];
}

}  // namespace parvis::ops
