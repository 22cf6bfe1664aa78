#include "parvis/ops/loss.h"

#include <algorithm>
#include <vector>

#include "parvis/ops/product.h"

namespace parvis::ops {
namespace {

// Rows whose logits are held at a time.
constexpr int64_t kChunkRows = 256;

// The loss of a row; when learning, turns its logits into their gradients.
float Score(const Exec& exec, std::span<float> logits, int32_t target, float grad_scale) {
  PARVIS_CHECK(target < static_cast<int64_t>(logits.size()));
  float loss = 0.0f;
  if (target >= 0) {
    loss = exec.kernels().CrossEntropy(logits.data(), logits.size(), target, grad_scale);
  }
  if (exec.recording() && (target < 0 || grad_scale == 0.0f)) {
    std::fill(logits.begin(), logits.end(), 0.0f);
  }
  return loss;
}

// `scale_of`: of a row's loss.
template <typename ScaleOf>
Loss Compute(const Exec& exec, const Tensor& hidden, const LinearSpec& output,
             std::span<const int32_t> targets, const ScaleOf& scale_of, std::span<float> each) {
  Parameter& weight = *output.weight;
  const int64_t rows = hidden.dim(0), size = hidden.dim(1), vocab_size = weight.shape[0];
  PARVIS_CHECK(static_cast<int64_t>(targets.size()) == rows);
  std::vector<float> own_each;
  if (each.empty()) {
    own_each.resize(rows);
    each = own_each;
  }
  const bool learn = exec.recording();
  const Packing forward = weight.packing;
  const Packing backward = forward == Packing::kBf16 ? Packing::kBf16 : Packing::kF32;
  Tensor grad_hidden, columns;  // columns: panels of the weight for grad · weight
  if (learn) {
    grad_hidden = Tensor::Empty(hidden.shape());
    columns = PackPanelOperand(exec, backward, weight.value.f32(), 1, size, size, vocab_size);
  }

  for (int64_t first = 0; first < rows; first += kChunkRows) {
    const auto count = static_cast<size_t>(std::min(kChunkRows, rows - first));
    const float* x = hidden.f32() + first * size;
    const Tensor logits = Tensor::Empty({static_cast<int64_t>(count), vocab_size});
    const RowOperand x_rows = PackRowOperand(exec, forward, x, size, 1, count, size);
    RunProduct(exec, {.packing = forward,
                      .panels = weight.panels.data(),
                      .n = static_cast<size_t>(vocab_size),
                      .k = static_cast<size_t>(size),
                      .rows = x_rows.data,
                      .row_stride = x_rows.stride,
                      .row_begin = 0,
                      .row_end = count,
                      .bias = output.bias != nullptr ? output.bias->value.f32() : nullptr,
                      .y = logits.f32(),
                      .ldy = static_cast<size_t>(vocab_size),
                      .accumulate = false});
    const auto score = [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const std::span<float> row(logits.f32() + r * vocab_size, static_cast<size_t>(vocab_size));
        each[first + r] = Score(exec, row, targets[first + r], learn ? scale_of(first + r) : 0.0f);
      }
    };
    if (!learn) {
      exec.pool().For(static_cast<int64_t>(count), 4, score);
      continue;
    }

    const RowOperand grad_rows =
        PackRowOperand(exec, backward, logits.f32(), vocab_size, 1, count, vocab_size, score);
    RunProduct(exec, {.packing = backward,
                      .panels = columns.data(),
                      .n = static_cast<size_t>(size),
                      .k = static_cast<size_t>(vocab_size),
                      .rows = grad_rows.data,
                      .row_stride = grad_rows.stride,
                      .row_begin = 0,
                      .row_end = count,
                      .bias = nullptr,
                      .y = grad_hidden.f32() + first * size,
                      .ldy = static_cast<size_t>(size),
                      .accumulate = false});
    if (output.bias != nullptr && output.bias->grad.defined()) {
      exec.pool().For(vocab_size, kernels::kLanes, [&](int64_t begin, int64_t end) {
        exec.kernels().SumRows(logits.f32(), count, vocab_size, begin, end,
                               output.bias->grad.f32());
      });
    }
    if (!weight.grad.defined()) continue;
    const Tensor x_panels = PackPanelOperand(exec, backward, x, 1, size, size, count);
    const RowOperand transposed =
        PackRowOperand(exec, backward, logits.f32(), 1, vocab_size, vocab_size, count);
    RunProduct(exec, {.packing = backward,
                      .panels = x_panels.data(),
                      .n = static_cast<size_t>(size),
                      .k = count,
                      .rows = transposed.data,
                      .row_stride = transposed.stride,
                      .row_begin = 0,
                      .row_end = static_cast<size_t>(vocab_size),
                      .bias = nullptr,
                      .y = weight.grad.f32(),
                      .ldy = static_cast<size_t>(size),
                      .accumulate = true});
  }
  if (learn) exec.tape().AddGrad(hidden, grad_hidden);

  Loss loss;
  for (int64_t r = 0; r < rows; ++r) {
    if (targets[r] < 0) continue;
    loss.sum += each[r];
    ++loss.count;
  }
  return loss;
}

}  // namespace

Loss LinearCrossEntropy(const Exec& exec, const Tensor& hidden, const LinearSpec& output,
                        std::span<const int32_t> targets, float grad_scale, std::span<float> each) {
  return Compute(
      exec, hidden, output, targets, [grad_scale](int64_t) { return grad_scale; }, each);
}

Loss LinearCrossEntropy(const Exec& exec, const Tensor& hidden, const LinearSpec& output,
                        std::span<const int32_t> targets, std::span<const float> grad_scales,
                        std::span<float> each) {
  PARVIS_CHECK(exec.recording() && grad_scales.size() == targets.size());
  return Compute(
      exec, hidden, output, targets, [grad_scales](int64_t row) { return grad_scales[row]; }, each);
}

}  // namespace parvis::ops
