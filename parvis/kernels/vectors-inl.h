#ifndef PARVIS_KERNELS_VECTORS_INL_H_
#define PARVIS_KERNELS_VECTORS_INL_H_

#include <cstddef>

// Walks over arrays of any size in vectors of 16; the lanes past the end read as 0.
namespace parvis::kernels {

// 16 elements from `at` on, or the last `count` of an array.
template <class V, bool kFull>
struct Span16 {
  size_t at;
  size_t count;
  V Load(const float* p) const {
    if constexpr (kFull) return V::Load(p + at);
    return V::LoadPartial(p + at, count);
  }
  void Store(V v, float* p) const {
    if constexpr (kFull) {
      v.Store(p + at);
    } else {
      v.StorePartial(p + at, count);
    }
  }
  // v with 0 in the lanes that do not exist.
  V Existing(V v) const {
    if constexpr (kFull) return v;
    return V::Keep(v, 0, static_cast<int64_t>(count), 0.0f);
  }
};

// f(span) for every 16 elements of [begin, end), in order.
template <class V, class F>
inline void ForSpans(size_t begin, size_t end, const F& f) {
  size_t i = begin;
  for (; i + 16 <= end; i += 16) f(Span16<V, true>{i, 16});
  if (i < end) f(Span16<V, false>{i, end - i});
}

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_VECTORS_INL_H_
