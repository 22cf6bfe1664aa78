#ifndef PARVIS_KERNELS_BLOCK_DOT_H_
#define PARVIS_KERNELS_BLOCK_DOT_H_

namespace parvis::kernels {

// The integer products of quantised panels (layout.h) for vectors of type V; one specialisation for
// each instruction set, beside its vector (block_dot_scalar.h says what each does).
//
// All weights are codes that are not negative, and activations lie within [-127, 127]: what
// vpdpbusd and vpmaddubsw want. Sums are exact, so every instruction set gives the same.
template <class V>
struct BlockDot;

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_BLOCK_DOT_H_
