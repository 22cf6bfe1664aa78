#ifndef PARVIS_KERNELS_ELEMENTWISE_INL_H_
#define PARVIS_KERNELS_ELEMENTWISE_INL_H_

#include <cstddef>

#include "parvis/kernels/inlining.h"
#include "parvis/kernels/kernels.h"
#include "parvis/kernels/math-inl.h"
#include "parvis/kernels/vectors-inl.h"

// Additions, rotations and activations. All work element by element: the same bits however an
// array is cut.
namespace parvis::kernels {

template <class V>
PARVIS_FLATTEN void Add(const float* a, const float* b, size_t size, float* y) {
  ForSpans<V>(0, size, [&](auto at) { at.Store(V::Add(at.Load(a), at.Load(b)), y); });
}

template <class V>
PARVIS_FLATTEN void AddTo(const float* x, float scale, size_t size, float* y) {
  ForSpans<V>(0, size,
              [&](auto at) { at.Store(V::Fma(V::Set(scale), at.Load(x), at.Load(y)), y); });
}

template <class V>
PARVIS_FLATTEN void SumRows(const float* x, size_t rows, size_t stride, size_t begin, size_t end,
                            float* y) {
  ForSpans<V>(begin, end, [&](auto at) {
    V sum = V::Zero();
    for (size_t r = 0; r < rows; ++r) sum = V::Add(sum, at.Load(x + r * stride));
    at.Store(V::Add(at.Load(y), sum), y);
  });
}

template <class V>
PARVIS_FLATTEN void Rope(float* x, size_t rows, size_t stride, size_t heads, size_t head_dim,
                         size_t rotary_dim, const float* cosine, const float* sine, bool inverse) {
  const size_t half = rotary_dim / 2;
  for (size_t r = 0; r < rows; ++r, x += stride, cosine += half, sine += half) {
    for (size_t h = 0; h < heads; ++h) {
      float* first = x + h * head_dim;
      float* second = first + half;
      ForSpans<V>(0, half, [&](auto at) {
        const V a = at.Load(first);
        const V b = at.Load(second);
        const V c = at.Load(cosine);
        const V s = inverse ? V::Sub(V::Zero(), at.Load(sine)) : at.Load(sine);
        const V minus_s = V::Sub(V::Zero(), s);
        at.Store(V::Fma(a, c, V::Mul(b, minus_s)), first);
        at.Store(V::Fma(b, c, V::Mul(a, s)), second);
      });
    }
  }
}

// 2u with u = √(2/π) (x + 0.044715 x³):  (1 + tanh u) / 2 = sigmoid(2u).
template <class V>
V GeluTanhArgument(V x) {
  const V inner = V::Fma(V::Mul(x, x), V::Set(0.044715f), V::Set(1.0f));
  return V::Mul(V::Mul(x, V::Set(1.5957691216f)), inner);
}

template <class V, Activation kActivation>
V ActivationOf(V x) {
  if constexpr (kActivation == Activation::kSilu) return V::Mul(x, Sigmoid<V>(x));
  if constexpr (kActivation == Activation::kGeluTanh) {
    return V::Mul(x, Sigmoid<V>(GeluTanhArgument<V>(x)));
  }
  if constexpr (kActivation == Activation::kGeluErf) return V::Mul(x, NormalCdf<V>(x));
  if constexpr (kActivation == Activation::kRelu) return V::Max(V::Zero(), x);
  if constexpr (kActivation == Activation::kTanh) return Tanh<V>(x);
}

template <class V, Activation kActivation>
V SlopeOf(V x) {
  const V one = V::Set(1.0f);
  if constexpr (kActivation == Activation::kSilu) {
    const V s = Sigmoid<V>(x);
    return V::Mul(s, V::Fma(x, V::Sub(one, s), one));
  }
  if constexpr (kActivation == Activation::kGeluTanh) {
    x = V::Max(V::Set(-30.0f), V::Min(V::Set(30.0f), x));  // flat beyond; x² must not overflow
    const V s = Sigmoid<V>(GeluTanhArgument<V>(x));
    const V inner = V::Fma(V::Mul(x, x), V::Set(3.0f * 0.044715f), one);
    const V slope = V::Mul(V::Mul(x, V::Set(1.5957691216f)), inner);
    return V::Fma(V::Mul(s, V::Sub(one, s)), slope, s);
  }
  if constexpr (kActivation == Activation::kGeluErf) {
    const V density = V::Mul(V::Set(0.3989422804f), Exp<V>(V::Mul(V::Mul(x, x), V::Set(-0.5f))));
    return V::Fma(x, density, NormalCdf<V>(x));
  }
  if constexpr (kActivation == Activation::kRelu) {
    return V::SelectLess(V::Zero(), x, one, V::Zero());
  }
  if constexpr (kActivation == Activation::kTanh) {
    const V t = Tanh<V>(x);
    return V::Mul(V::Sub(one, t), V::Add(one, t));
  }
}

// f.template operator()<activation>()
template <class F>
void WithActivation(Activation activation, const F& f) {
  switch (activation) {
    case Activation::kSilu:
      return f.template operator()<Activation::kSilu>();
    case Activation::kGeluTanh:
      return f.template operator()<Activation::kGeluTanh>();
    case Activation::kGeluErf:
      return f.template operator()<Activation::kGeluErf>();
    case Activation::kRelu:
      return f.template operator()<Activation::kRelu>();
    case Activation::kTanh:
      return f.template operator()<Activation::kTanh>();
  }
}

template <class V>
PARVIS_FLATTEN void Activate(Activation activation, const float* x, size_t size, float* y) {
  WithActivation(activation, [&]<Activation kKind>() {
    ForSpans<V>(0, size, [&](auto at) { at.Store(ActivationOf<V, kKind>(at.Load(x)), y); });
  });
}

template <class V>
PARVIS_FLATTEN void ActivateBackward(Activation activation, const float* x, const float* grad_y,
                                     size_t size, float* grad_x) {
  WithActivation(activation, [&]<Activation kKind>() {
    ForSpans<V>(0, size, [&](auto at) {
      at.Store(V::Mul(at.Load(grad_y), SlopeOf<V, kKind>(at.Load(x))), grad_x);
    });
  });
}

template <class V>
PARVIS_FLATTEN void Gated(Activation activation, const float* gate, const float* up, size_t size,
                          float* y) {
  WithActivation(activation, [&]<Activation kKind>() {
    ForSpans<V>(0, size, [&](auto at) {
      at.Store(V::Mul(ActivationOf<V, kKind>(at.Load(gate)), at.Load(up)), y);
    });
  });
}

template <class V>
PARVIS_FLATTEN void GatedBackward(Activation activation, const float* gate, const float* up,
                                  const float* grad_y, size_t size, float* grad_gate,
                                  float* grad_up) {
  WithActivation(activation, [&]<Activation kKind>() {
    ForSpans<V>(0, size, [&](auto at) {
      const V g = at.Load(grad_y);
      const V x = at.Load(gate);
      const V u = at.Load(up);
      at.Store(V::Mul(V::Mul(g, u), SlopeOf<V, kKind>(x)), grad_gate);
      at.Store(V::Mul(g, ActivationOf<V, kKind>(x)), grad_up);
    });
  });
}

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_ELEMENTWISE_INL_H_
