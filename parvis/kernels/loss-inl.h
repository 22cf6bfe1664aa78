#ifndef PARVIS_KERNELS_LOSS_INL_H_
#define PARVIS_KERNELS_LOSS_INL_H_

#include <cstddef>

#include "parvis/kernels/inlining.h"
#include "parvis/kernels/kernels.h"
#include "parvis/kernels/math-inl.h"
#include "parvis/kernels/vectors-inl.h"

// Softmax, cross-entropy, norms of gradients and AdamW.
namespace parvis::kernels {

template <class V>
PARVIS_FLATTEN float LargestOf(const float* x, size_t size) {
  const float infinity = __builtin_inff();
  V largest = V::Set(-infinity);
  size_t i = 0;
  for (; i + 16 <= size; i += 16) largest = V::Max(largest, V::Load(x + i));
  if (i < size) {
    const V rest = V::LoadPartial(x + i, size - i);
    largest = V::Max(largest, V::Keep(rest, 0, static_cast<int64_t>(size - i), -infinity));
  }
  return V::ReduceMax(largest);
}

// The sum of e^(x - largest); if kStore, x becomes its terms.
template <class V, bool kStore, class X>
PARVIS_FLATTEN float SumOfExp(X* x, size_t size, float largest) {
  V sum = V::Zero();
  ForSpans<V>(0, size, [&](auto at) {
    const V term = at.Existing(Exp<V>(V::Sub(at.Load(x), V::Set(largest))));
    sum = V::Add(sum, term);
    if constexpr (kStore) at.Store(term, x);
  });
  return V::ReduceAdd(sum);
}

template <class V>
PARVIS_FLATTEN void Scale(float scale, size_t size, float* x) {
  ForSpans<V>(0, size, [&](auto at) { at.Store(V::Mul(at.Load(x), V::Set(scale)), x); });
}

template <class V>
void Softmax(float* x, size_t size) {
  const float sum = SumOfExp<V, true>(x, size, LargestOf<V>(x, size));
  Scale<V>(1.0f / sum, size, x);
}

template <class V>
float LogSumExp(const float* x, size_t size) {
  const float largest = LargestOf<V>(x, size);
  return largest + Log<V>(SumOfExp<V, false>(x, size, largest));
}

template <class V>
float CrossEntropy(float* logits, size_t size, size_t target, float scale) {
  const float largest = LargestOf<V>(logits, size);
  const float distance = largest - logits[target];
  if (scale == 0.0f) return distance + Log<V>(SumOfExp<V, false>(logits, size, largest));
  const float sum = SumOfExp<V, true>(logits, size, largest);
  Scale<V>(scale / sum, size, logits);
  logits[target] -= scale;
  return distance + Log<V>(sum);
}

template <class V>
double SumOfSquares(const float* x, size_t size) {
  double lane[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) {
      const double value = x[i + j];
      lane[j] += value * value;
    }
  }
  for (size_t j = 0; i + j < size; ++j) {
    const double value = x[i + j];
    lane[j] += value * value;
  }
  double sum = 0.0;
  for (size_t j = 0; j < kLanes; ++j) sum += lane[j];
  return sum;
}

// Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019.
template <class V>
PARVIS_FLATTEN void AdamW(const AdamWArgs& args) {
  const V keep = V::Set(1.0f - args.learning_rate * args.weight_decay);
  const V minus_step = V::Set(-(args.learning_rate / args.bias_correction1));
  const V inverse_root = V::Set(1.0f / __builtin_sqrtf(args.bias_correction2));
  const V beta1 = V::Set(args.beta1);
  const V beta2 = V::Set(args.beta2);
  const V rest1 = V::Set(1.0f - args.beta1);
  const V rest2 = V::Set(1.0f - args.beta2);
  const V epsilon = V::Set(args.epsilon);
  const V grad_scale = V::Set(args.grad_scale);
  ForSpans<V>(0, args.size, [&](auto at) {
    const V g = V::Mul(at.Load(args.grad), grad_scale);
    const V m = V::Fma(beta1, at.Load(args.m), V::Mul(rest1, g));
    const V v = V::Fma(beta2, at.Load(args.v), V::Mul(rest2, V::Mul(g, g)));
    const V root = V::Fma(V::Sqrt(v), inverse_root, epsilon);
    const V kept = V::Mul(at.Load(args.weight), keep);
    at.Store(m, args.m);
    at.Store(v, args.v);
    at.Store(V::Fma(minus_step, V::Div(m, root), kept), args.weight);
  });
}

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_LOSS_INL_H_
