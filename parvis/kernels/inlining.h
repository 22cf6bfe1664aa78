#ifndef PARVIS_KERNELS_INLINING_H_
#define PARVIS_KERNELS_INLINING_H_

// Vectors are fast only in registers: what works on them is inlined, however large.
//   PARVIS_INLINE   into its callers
//   PARVIS_FLATTEN  everything that the function calls, into it
// Not in the scalar code, whose vectors are arrays: it would only become ten times larger.
#ifdef PARVIS_SCALAR_KERNELS
#define PARVIS_INLINE inline
#define PARVIS_FLATTEN
#else
#define PARVIS_INLINE inline __attribute__((always_inline))
#define PARVIS_FLATTEN __attribute__((flatten))
#endif

#endif  // PARVIS_KERNELS_INLINING_H_
