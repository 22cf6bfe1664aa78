// gcc 12 warns of undefined values that its own headers make on purpose (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include "parvis/kernels/block_dot_avx512.h"
#include "parvis/kernels/matmul_amx.h"
#include "parvis/kernels/simd_avx512.h"
#include "parvis/kernels/table-inl.h"
#include "parvis/kernels/tables.h"

namespace parvis::kernels {

namespace {

void MatMulAmx(const MatMulArgs& args) {
  args.packing == Packing::kBf16 ? MultiplyBf16Amx(args) : MatMul<Avx512Vec>(args);
}

constexpr Table MakeAmxTable() {
  Table table = MakeTable<Avx512Vec>(Target::kAmx);
  table.MatMul = MatMulAmx;
  return table;
}

}  // namespace

constinit const Table kAvx512Table = MakeTable<Avx512Vec>(Target::kAvx512);
constinit const Table kAmxTable = MakeAmxTable();

}  // namespace parvis::kernels
