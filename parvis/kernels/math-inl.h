#ifndef PARVIS_KERNELS_MATH_INL_H_
#define PARVIS_KERNELS_MATH_INL_H_

#include <cstdint>

// Functions of one vector, of our own so that they give the same bits on every target and with
// every C library. math_test.cc bounds their errors over the whole range.
namespace parvis::kernels {

// e^x to about one unit in the last place. 0 below -104, infinity above 88.73.
template <class V>
V Exp(V x) {
  // x = n ln 2 + r with |r| <= ln(2)/2; ln 2 in two parts so that r is exact enough.
  x = V::Max(V::Set(-105.0f), V::Min(V::Set(89.0f), x));
  const V n = V::Round(V::Mul(x, V::Set(1.44269504f)));
  V r = V::Fma(n, V::Set(-0.693359375f), x);
  r = V::Fma(n, V::Set(2.12194440e-4f), r);
  V p = V::Set(1.0f / 5040.0f);
  p = V::Fma(p, r, V::Set(1.0f / 720.0f));
  p = V::Fma(p, r, V::Set(1.0f / 120.0f));
  p = V::Fma(p, r, V::Set(1.0f / 24.0f));
  p = V::Fma(p, r, V::Set(1.0f / 6.0f));
  p = V::Fma(p, r, V::Set(0.5f));
  p = V::Fma(p, r, V::Set(1.0f));
  p = V::Fma(p, r, V::Set(1.0f));
  // 2^n in two steps: n may be below the smallest normal exponent or one above the largest.
  const V half = V::Round(V::Mul(n, V::Set(0.5f)));
  return V::Mul(V::Mul(p, V::PowerOfTwo(half)), V::PowerOfTwo(V::Sub(n, half)));
}

// 1 / (1 + e^-x)
template <class V>
V Sigmoid(V x) {
  const V one = V::Set(1.0f);
  return V::Div(one, V::Add(one, Exp<V>(V::Sub(V::Zero(), x))));
}

// Odd, with a small relative error around 0 too: x + x³ p(x²) with p interpolated at Chebyshev
// points, and beyond 0.6 by e^2x.
template <class V>
V Tanh(V x) {
  const V square = V::Mul(x, x), one = V::Set(1.0f), two = V::Set(2.0f);
  V p = V::Set(0.0022695016240f);
  p = V::Fma(p, square, V::Set(-0.0083231869853f));
  p = V::Fma(p, square, V::Set(0.0217625028744f));
  p = V::Fma(p, square, V::Set(-0.0539584616207f));
  p = V::Fma(p, square, V::Set(0.1333330014613f));
  p = V::Fma(p, square, V::Set(-0.3333333314937f));
  const V inner = V::Fma(V::Mul(x, square), p, x);
  const V a = V::Abs(x);
  const V far = V::Sub(one, V::Div(two, V::Add(one, Exp<V>(V::Mul(two, a)))));
  const V outer = V::SelectLess(x, V::Zero(), V::Sub(V::Zero(), far), far);
  return V::SelectLess(a, V::Set(0.6f), inner, outer);
}

// The normal distribution's Φ(x) = (1 + erf(x / √2)) / 2, with a small relative error also far to
// the left. erf(z)/z in z² below 1; beyond, erfc(z) e^(z²) as a polynomial of 1/(1 + 0.4 z), the
// form of Abramowitz and Stegun 7.1.26. Both polynomials interpolate at Chebyshev points.
template <class V>
V NormalCdf(V x) {
  const V z = V::Mul(x, V::Set(0.707106781f));
  const V a = V::Min(V::Set(11.0f), V::Abs(z));  // the tail is 0 there
  const V square = V::Mul(z, z);

  V s = V::Set(7.875875050430342e-05f);
  s = V::Fma(s, square, V::Set(-0.0008016864283f));
  s = V::Fma(s, square, V::Set(0.0051890874230f));
  s = V::Fma(s, square, V::Set(-0.0268542120104f));
  s = V::Fma(s, square, V::Set(0.1128359471515f));
  s = V::Fma(s, square, V::Set(-0.3761262666672f));
  s = V::Fma(s, square, V::Set(1.1283791658484f));
  const V half = V::Set(0.5f);
  const V inner = V::Fma(V::Mul(z, s), half, half);

  const V one = V::Set(1.0f);
  const V t = V::Div(one, V::Fma(a, V::Set(0.4f), one));
  V q = V::Set(-0.1179533948111f);
  q = V::Fma(q, t, V::Set(0.2484255676780f));
  q = V::Fma(q, t, V::Set(0.0025943022404f));
  q = V::Fma(q, t, V::Set(0.2166078017049f));
  q = V::Fma(q, t, V::Set(0.1974998176951f));
  q = V::Fma(q, t, V::Set(0.2269573229576f));
  q = V::Fma(q, t, V::Set(0.2255981643291f));
  q = V::Fma(q, t, V::Set(1.2746943750915e-06f));
  const V tail = V::Mul(V::Mul(half, q), Exp<V>(V::Sub(V::Zero(), V::Mul(a, a))));
  const V outer = V::SelectLess(z, V::Zero(), tail, V::Sub(one, tail));
  return V::SelectLess(a, one, inner, outer);
}

// Natural logarithm of one positive number: in f64 by ln m = 2 atanh((m - 1) / (m + 1)).
// A template only so that each target has its own copy.
template <class V>
float Log(float x) {
  if (!(x > 0.0f) || x > 3.402823466e38f) {
    return x == 0.0f ? -__builtin_inff() : x > 0.0f ? x : __builtin_nanf("");
  }
  double m = x;
  uint64_t bits = __builtin_bit_cast(uint64_t, m);
  const int64_t exponent = static_cast<int64_t>((bits + 0x0009'5f61'9980'c433) >> 52) - 1023;
  bits -= static_cast<uint64_t>(exponent) << 52;
  m = __builtin_bit_cast(double, bits);  // in [√½, √2)
  const double s = (m - 1.0) / (m + 1.0);
  const double square = s * s;
  double sum = 0.0;
  for (int odd = 17; odd >= 1; odd -= 2) sum = sum * square + 1.0 / odd;
  return static_cast<float>(static_cast<double>(exponent) * 0.6931471805599453 + 2.0 * s * sum);
}

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_MATH_INL_H_
