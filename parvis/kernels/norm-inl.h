#ifndef PARVIS_KERNELS_NORM_INL_H_
#define PARVIS_KERNELS_NORM_INL_H_

#include <cstddef>

#include "parvis/kernels/inlining.h"
#include "parvis/kernels/vectors-inl.h"

// RMS and layer normalisation (formulas: kernels.h). A row's sums run over its vectors in order,
// lane by lane, and end in one fixed tree.
namespace parvis::kernels {

template <class V>
PARVIS_FLATTEN void RmsNorm(const float* x, const float* weight, float epsilon, size_t rows,
                            size_t size, float* y, float* inverse) {
  for (size_t r = 0; r < rows; ++r, x += size, y += size) {
    V squares = V::Zero();
    ForSpans<V>(0, size, [&](auto at) {
      const V v = at.Load(x);
      squares = V::Fma(v, v, squares);
    });
    const float mean = V::ReduceAdd(squares) / static_cast<float>(size);
    const float scale = 1.0f / __builtin_sqrtf(mean + epsilon);
    if (inverse) inverse[r] = scale;
    ForSpans<V>(0, size, [&](auto at) {
      at.Store(V::Mul(V::Mul(at.Load(x), V::Set(scale)), at.Load(weight)), y);
    });
  }
}

// With g = grad_y * weight:  grad_x = inverse * g - x * inverse³ * mean(g x)
template <class V>
PARVIS_FLATTEN void RmsNormBackward(const float* x, const float* weight, const float* inverse,
                                    const float* grad_y, size_t rows, size_t size, float* grad_x) {
  for (size_t r = 0; r < rows; ++r, x += size, grad_y += size, grad_x += size) {
    V products = V::Zero();
    ForSpans<V>(0, size, [&](auto at) {
      products = V::Fma(V::Mul(at.Load(grad_y), at.Load(weight)), at.Load(x), products);
    });
    const float scale = inverse[r];
    const float mean = V::ReduceAdd(products) / static_cast<float>(size);
    const V minus = V::Set(-(mean * scale * scale));
    ForSpans<V>(0, size, [&](auto at) {
      const V g = V::Mul(at.Load(grad_y), at.Load(weight));
      at.Store(V::Mul(V::Fma(at.Load(x), minus, g), V::Set(scale)), grad_x);
    });
  }
}

template <class V>
PARVIS_FLATTEN void LayerNorm(const float* x, const float* weight, const float* bias, float epsilon,
                              size_t rows, size_t size, float* y, float* mean, float* inverse) {
  for (size_t r = 0; r < rows; ++r, x += size, y += size) {
    V sum = V::Zero();
    ForSpans<V>(0, size, [&](auto at) { sum = V::Add(sum, at.Load(x)); });
    const float middle = V::ReduceAdd(sum) / static_cast<float>(size);
    V squares = V::Zero();
    ForSpans<V>(0, size, [&](auto at) {
      const V v = at.Existing(V::Sub(at.Load(x), V::Set(middle)));
      squares = V::Fma(v, v, squares);
    });
    const float variance = V::ReduceAdd(squares) / static_cast<float>(size);
    const float scale = 1.0f / __builtin_sqrtf(variance + epsilon);
    if (mean) mean[r] = middle;
    if (inverse) inverse[r] = scale;
    ForSpans<V>(0, size, [&](auto at) {
      const V normal = V::Mul(V::Sub(at.Load(x), V::Set(middle)), V::Set(scale));
      const V offset = bias ? at.Load(bias) : V::Zero();
      at.Store(V::Fma(normal, at.Load(weight), offset), y);
    });
  }
}

// With g = grad_y * weight and n = (x - mean) * inverse:
//   grad_x = inverse * (g - mean(g) - n * mean(g n))
template <class V>
PARVIS_FLATTEN void LayerNormBackward(const float* x, const float* weight, const float* mean,
                                      const float* inverse, const float* grad_y, size_t rows,
                                      size_t size, float* grad_x) {
  for (size_t r = 0; r < rows; ++r, x += size, grad_y += size, grad_x += size) {
    const V middle = V::Set(mean[r]);
    const V scale = V::Set(inverse[r]);
    V sum = V::Zero();
    V products = V::Zero();
    ForSpans<V>(0, size, [&](auto at) {
      const V g = V::Mul(at.Load(grad_y), at.Load(weight));
      sum = V::Add(sum, g);
      products = V::Fma(g, V::Mul(V::Sub(at.Load(x), middle), scale), products);
    });
    const V mean_g = V::Set(V::ReduceAdd(sum) / static_cast<float>(size));
    const V minus_mean_gn = V::Set(-(V::ReduceAdd(products) / static_cast<float>(size)));
    ForSpans<V>(0, size, [&](auto at) {
      const V g = V::Mul(at.Load(grad_y), at.Load(weight));
      const V n = V::Mul(V::Sub(at.Load(x), middle), scale);
      at.Store(V::Mul(V::Fma(n, minus_mean_gn, V::Sub(g, mean_g)), scale), grad_x);
    });
  }
}

template <class V>
PARVIS_FLATTEN void NormWeightGrad(const float* x, const float* mean, const float* inverse,
                                   const float* grad_y, size_t rows, size_t size, size_t begin,
                                   size_t end, float* grad_weight, float* grad_bias) {
  ForSpans<V>(begin, end, [&](auto at) {
    V weight_sum = V::Zero();
    V bias_sum = V::Zero();
    for (size_t r = 0; r < rows; ++r) {
      const V g = at.Load(grad_y + r * size);
      const V middle = V::Set(mean ? mean[r] : 0.0f);
      const V n = V::Mul(V::Sub(at.Load(x + r * size), middle), V::Set(inverse[r]));
      weight_sum = V::Fma(g, n, weight_sum);
      bias_sum = V::Add(bias_sum, g);
    }
    at.Store(V::Add(at.Load(grad_weight), weight_sum), grad_weight);
    if (grad_bias) at.Store(V::Add(at.Load(grad_bias), bias_sum), grad_bias);
  });
}

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_NORM_INL_H_
