#ifndef PARVIS_KERNELS_TABLE_INL_H_
#define PARVIS_KERNELS_TABLE_INL_H_

#include "parvis/kernels/attention-inl.h"
#include "parvis/kernels/attention_backward-inl.h"
#include "parvis/kernels/convert-inl.h"
#include "parvis/kernels/elementwise-inl.h"
#include "parvis/kernels/kernels.h"
#include "parvis/kernels/loss-inl.h"
#include "parvis/kernels/matmul-inl.h"
#include "parvis/kernels/norm-inl.h"
#include "parvis/kernels/pack-inl.h"

namespace parvis::kernels {

// All kernels for vectors of type V.
template <class V>
constexpr Table MakeTable(Target target) {
  return Table{
      .target = target,
      .tiles_together = V::kTiles,
      .PackPanels = PackPanels<V>,
      .PackPanelsStrided = PackPanelsStrided<V>,
      .PackRows = PackRows<V>,
      .MatMul = MatMul<V>,
      .StoreKeyValue = StoreKeyValue<V>,
      .Attention = Attention<V>,
      .AttentionBackward = AttentionBackward<V>,
      .RmsNorm = RmsNorm<V>,
      .RmsNormBackward = RmsNormBackward<V>,
      .LayerNorm = LayerNorm<V>,
      .LayerNormBackward = LayerNormBackward<V>,
      .NormWeightGrad = NormWeightGrad<V>,
      .Rope = Rope<V>,
      .Add = Add<V>,
      .AddTo = AddTo<V>,
      .Activate = Activate<V>,
      .ActivateBackward = ActivateBackward<V>,
      .Gated = Gated<V>,
      .GatedBackward = GatedBackward<V>,
      .SumRows = SumRows<V>,
      .Softmax = Softmax<V>,
      .LogSumExp = LogSumExp<V>,
      .CrossEntropy = CrossEntropy<V>,
      .SumOfSquares = SumOfSquares<V>,
      .AdamW = AdamW<V>,
      .ToF32 = ToF32<V>,
      .FromF32 = FromF32<V>,
  };
}

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_TABLE_INL_H_
