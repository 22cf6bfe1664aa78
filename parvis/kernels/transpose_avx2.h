#ifndef PARVIS_KERNELS_TRANSPOSE_AVX2_H_
#define PARVIS_KERNELS_TRANSPOSE_AVX2_H_

#include <immintrin.h>

#include <cstddef>

namespace parvis::kernels {
namespace {

// 8 × 8 words of 32 bits: to[i][j] = from[j][i].
inline void Transpose8(const float* from, size_t from_stride, float* to, size_t to_stride) {
  __m256 halves[8];  // rows j and j+4, columns 0-3 (the first four) or 4-7
  for (size_t j = 0; j < 4; ++j) {
    const float* row = from + j * from_stride;
    const float* below = row + 4 * from_stride;
    halves[j] =
        _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(row)), _mm_loadu_ps(below), 1);
    halves[j + 4] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(row + 4)),
                                         _mm_loadu_ps(below + 4), 1);
  }
  for (size_t half = 0; half < 8; half += 4) {  // 4 × 4 within each 128 bits
    const __m256* row = halves + half;
    const __m256 low01 = _mm256_unpacklo_ps(row[0], row[1]);
    const __m256 low23 = _mm256_unpacklo_ps(row[2], row[3]);
    const __m256 high01 = _mm256_unpackhi_ps(row[0], row[1]);
    const __m256 high23 = _mm256_unpackhi_ps(row[2], row[3]);
    float* out = to + half * to_stride;
    _mm256_storeu_ps(out, _mm256_shuffle_ps(low01, low23, 0x44));
    _mm256_storeu_ps(out + to_stride, _mm256_shuffle_ps(low01, low23, 0xee));
    _mm256_storeu_ps(out + 2 * to_stride, _mm256_shuffle_ps(high01, high23, 0x44));
    _mm256_storeu_ps(out + 3 * to_stride, _mm256_shuffle_ps(high01, high23, 0xee));
  }
}

}  // namespace
}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_TRANSPOSE_AVX2_H_
