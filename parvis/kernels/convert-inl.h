#ifndef PARVIS_KERNELS_CONVERT_INL_H_
#define PARVIS_KERNELS_CONVERT_INL_H_

#include <cstddef>
#include <cstdint>

#include "parvis/kernels/inlining.h"
#include "parvis/kernels/kernels.h"
#include "parvis/kernels/layout.h"
#include "parvis/kernels/stored-inl.h"

// Number formats: stored arrays to and from f32, and the two quantisers.
namespace parvis::kernels {

// Largest |x| of a group of 32; NaN if any is NaN.
template <class V>
float MaxAbs32(const float* x) {
  typename V::MaxBits largest;
  largest.Add(V::Load(x));
  largest.Add(V::Load(x + 16));
  return largest.Get();
}

// q = x * inverse rounded to nearest even, kept within [-127, 127].
template <class V>
void Quantise32(const float* x, float inverse, int8_t* q) {
  for (int h = 0; h < 32; h += 16) {
    const V scaled = V::Mul(V::Load(x + h), V::Set(inverse));
    V::Max(V::Set(-127.0f), V::Min(V::Set(127.0f), V::Round(scaled))).StoreInt8(q + h);
  }
}

// A group of weights: the f16 scale, and 32 int8. A group too small for an f16 scale becomes 0.
template <class V>
PARVIS_FLATTEN uint16_t QuantiseWeights32(const float* x, int8_t* q) {
  constexpr float kLargestHalf = 65504.0f;
  const float amax = MaxAbs32<V>(x);
  float scale = amax / 127.0f;
  if (scale > kLargestHalf) scale = kLargestHalf;
  uint16_t half[16];
  V::Set(scale).StoreF16(half);
  float rounded[16];
  V::LoadF16(half).Store(rounded);
  if (rounded[0] > 0.0f) {
    Quantise32<V>(x, 1.0f / rounded[0], q);
  } else {  // zero, or NaN, which the scale carries on
    for (int i = 0; i < 32; ++i) q[i] = 0;
  }
  return half[0];
}

// A group of activations: the f32 scale amax/127, and 32 int8. Numbers that are not finite make the
// scale NaN.
template <class V>
PARVIS_FLATTEN float QuantiseActivations32(const float* x, int8_t* q) {
  constexpr float kSmallest = 1e-30f;  // below, 127 / amax could overflow
  constexpr float kLargest = 3.402823466e38f;
  const float amax = MaxAbs32<V>(x);
  if (amax >= kSmallest && amax <= kLargest) {
    Quantise32<V>(x, 127.0f / amax, q);
    return amax / 127.0f;
  }
  for (int i = 0; i < 32; ++i) q[i] = 0;
  return amax < kSmallest ? 0.0f : __builtin_nanf("");
}

// f(vector, offset, lanes) over 2-byte elements, the last vector through a zero-filled copy.
template <class V, class Load>
PARVIS_FLATTEN void WidenAll(const void* src, size_t size, float* dst, const Load& load) {
  const uint16_t* from = static_cast<const uint16_t*>(src);
  size_t i = 0;
  for (; i + 16 <= size; i += 16) load(from + i).Store(dst + i);
  if (i < size) {
    uint16_t rest[16] = {};
    __builtin_memcpy(rest, from + i, (size - i) * sizeof(uint16_t));
    load(rest).StorePartial(dst + i, size - i);
  }
}

template <class V>
void ToF32(Source source, const void* src, size_t size, float* dst) {
  switch (source) {
    case Source::kF32:
      __builtin_memcpy(dst, src, size * sizeof(float));
      return;
    case Source::kF16:
      WidenAll<V>(src, size, dst, [](const uint16_t* p) { return V::LoadF16(p); });
      return;
    case Source::kBf16:
      WidenAll<V>(src, size, dst, [](const uint16_t* p) { return V::LoadBf16(p); });
      return;
    case Source::kQ8_0: {
      const unsigned char* from = static_cast<const unsigned char*>(src);
      for (size_t i = 0; i < size; i += kQ8Group, from += kQ8SourceBytes) {
        uint16_t half[16] = {};
        __builtin_memcpy(half, from, sizeof(uint16_t));
        float scale[16];
        V::LoadF16(half).Store(scale);
        int8_t q[32];
        __builtin_memcpy(q, from + sizeof(uint16_t), sizeof(q));
        V::Mul(V::LoadInt8(q), V::Set(scale[0])).Store(dst + i);
        V::Mul(V::LoadInt8(q + 16), V::Set(scale[0])).Store(dst + i + 16);
      }
      return;
    }
    default:
      for (size_t i = 0; i < size; i += kQ8Group) {
        ReadGroup<V>(source, src, i / kQ8Group, dst + i);
      }
      return;
  }
}

// Numbers [first, first + size) of a stored row. first % 32 == 0, as far as the type has groups.
template <class V>
void RowToF32(Source source, const void* row, size_t first, size_t size, float* dst) {
  const StoredBlock block = BlockOf<V>(source);
  if (block.elements <= kQ8Group) {
    ToF32<V>(source, static_cast<const unsigned char*>(row) + first / block.elements * block.bytes,
             size, dst);
    return;
  }
  for (size_t i = 0; i < size; i += kQ8Group) {
    ReadGroup<V>(source, row, (first + i) / kQ8Group, dst + i);
  }
}

template <class V, class Store>
PARVIS_FLATTEN void NarrowAll(const float* src, size_t size, void* dst, const Store& store) {
  uint16_t* to = static_cast<uint16_t*>(dst);
  size_t i = 0;
  for (; i + 16 <= size; i += 16) store(V::Load(src + i), to + i);
  if (i < size) {
    uint16_t rest[16];
    store(V::LoadPartial(src + i, size - i), rest);
    __builtin_memcpy(to + i, rest, (size - i) * sizeof(uint16_t));
  }
}

template <class V>
void FromF32(const float* src, size_t size, Source target, void* dst) {
  switch (target) {
    case Source::kF32:
      __builtin_memcpy(dst, src, size * sizeof(float));
      return;
    case Source::kF16:
      NarrowAll<V>(src, size, dst, [](V v, uint16_t* p) { v.StoreF16(p); });
      return;
    case Source::kBf16:
      NarrowAll<V>(src, size, dst, [](V v, uint16_t* p) { v.StoreBf16(p); });
      return;
    case Source::kQ8_0: {
      unsigned char* to = static_cast<unsigned char*>(dst);
      for (size_t i = 0; i < size; i += kQ8Group, to += kQ8SourceBytes) {
        int8_t q[32];
        const uint16_t scale = QuantiseWeights32<V>(src + i, q);
        __builtin_memcpy(to, &scale, sizeof(scale));
        __builtin_memcpy(to + sizeof(scale), q, sizeof(q));
      }
      return;
    }
    default:  // made by parvis/formats
      return;
  }
}

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_CONVERT_INL_H_
