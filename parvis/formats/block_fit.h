#ifndef PARVIS_FORMATS_BLOCK_FIT_H_
#define PARVIS_FORMATS_BLOCK_FIT_H_

#include <cstddef>

// The search behind the quantised types: for a few numbers x[0..n) the scale (and the minimum) with
// which whole codes come nearest to them, in the sense of least squares: rounded to the codes of
// some trial scale, then the scale that is best for these codes, by its formula; the best of all
// trials is kept.
//
// Plain functions of their arguments. REQUIRES: x finite, n a multiple of 8 and at most 32.
namespace parvis::formats {

// x ≈ scale * code, codes from -half to half - 1. The scale has any sign; 0 if all x are 0.
float FitScale(const float* x, size_t n, int half);

// x ≈ scale * code - minimum, codes from 0 to top; scale ≥ 0.
// With `from_zero` the minimum is not negative, as q4_K and q5_K can store it.
struct Affine {
  float scale, minimum;
};
Affine FitAffine(const float* x, size_t n, int top, bool from_zero);

// code = (x + minimum) / scale rounded to the nearest of [low, high]; 0 (or low) where scale is 0.
// Returns the sum of the squared differences from x.
float Encode(const float* x, size_t n, Affine fit, int low, int high, int* code);

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_BLOCK_FIT_H_
