#ifndef PARVIS_KERNELS_KERNELS_H_
#define PARVIS_KERNELS_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// The arithmetic of Parvis on raw pointers: no allocation, no errors, no threads of its own. Every
// function may be called from several threads at once on outputs that do not overlap.
//
// There is one source for all instruction sets (…-inl.h), written for vectors of 16 floats, and
// compiled as scalar code, for AVX2 and for AVX-512. AMX is AVX-512 but for products of bf16. The
// rule that all of it keeps: **an output is computed in one order that depends on its position
// only**, never on tile sizes, on how many rows are computed together or on who computes its
// neighbours (docs/design/same-numbers.md).
namespace parvis::kernels {

enum class Target { kScalar, kAvx2, kAvx512, kAmx };

std::string_view TargetName(Target target);  // "scalar", "avx2", "avx512", "amx"
std::optional<Target> TargetFromName(std::string_view name);
bool TargetSupported(Target target);  // compiled in, and this processor has it
Target BestTarget();

constexpr size_t kLanes = 16;       // rows of a panel tile; floats of a vector
constexpr size_t kPageTokens = 32;  // positions of a key/value page
constexpr size_t kQ8Group = 32;     // weights that share a scale in q8_0
constexpr size_t kAlignment = 64;   // bytes; of every packed buffer

// How numbers are stored in memory and files, as far as kernels read them.
// The quantised ones are ggml's (layout.h).
enum class Source { kF32, kF16, kBf16, kQ8_0, kQ4_0, kQ4_1, kQ5_0, kQ5_1, kQ4K, kQ5K, kQ6K };

// How the two sides of a matrix product are stored for computing.
//   kF32    f32 × f32
//   kF16    f16 weights, widened as they are read; else as kF32, bit for bit
//   kBf16   both sides rounded to bf16 (to nearest even), products and sums in f32
//   kQ8_0   weights int8 with an f16 scale for every 32 of a row, activations rounded to int8 with
//   an
//           f32 scale for every 32 of a row (amax/127); exact integer sums within the 32, then one
//           f32 sum over the groups in order. REQUIRES k % 32 == 0.
//   kQ4_0, kQ4K, kQ6K
//           the weights of that type as stored, activations as for kQ8_0. REQUIRES: k a multiple of
//           32, 256, 256, and that type as the source of the panels.
//   kQ5Wide q4_1, q5_1 and q5_K in a wider form without loss, activations as for kQ8_0.
enum class Packing { kF32, kF16, kBf16, kQ8_0, kQ4_0, kQ4K, kQ6K, kQ5Wide };
constexpr size_t kPackings = 8;

// The packing whose rows (activations) `packing` computes with: rows are packed once for several
// products.
[[gnu::always_inline]] constexpr Packing RowsOf(Packing packing) {
  switch (packing) {
    case Packing::kF32:
    case Packing::kF16:
      return Packing::kF32;
    case Packing::kBf16:
      return Packing::kBf16;
    case Packing::kQ8_0:
      return Packing::kQ8_0;
    default:
      return Packing::kQ4_0;
  }
}

// y[r][i] = bias[i] + sum over k of rows[r][k] * panels[i][k]         r: rows, i: lanes
//
// The panel side (weights) is stored in tiles of 16 of its rows, so that one vector holds one k (or
// 2 or 4) of 16 outputs and each output is summed in one lane, in the order of k. The sum starts
// from 0; bias, or y itself if `accumulate`, is added at the end.
struct MatMulArgs {
  Packing packing;
  const void* panels;  // PanelBytes(packing, n, k), from PackPanels*
  size_t n, k;         // panel rows (outputs of a row), summed length
  const void* rows;    // row r at rows + r * row_stride; from PackRows (kF32, kF16: any f32 rows)
  size_t row_stride;   // in bytes
  size_t row_begin, row_end;
  size_t tile_begin,
      tile_end;  // tiles of 16 outputs: computes y[.][16 * tile_begin .. min(n, 16 * tile_end))
  const float* bias;  // (n) or null
  float* y;           // y[r * ldy + i]
  size_t ldy;         // in floats
  bool accumulate;    // add to y instead of overwriting it
};

// One key/value head of one sequence, `heads` query heads that share it, a run of query rows.
//
// Keys and values lie in pages of 32 positions. In a page, for one layer and one head:
//   keys    (2, head_dim, 16): two groups of 16 positions, one vector per dimension
//   values  (32, head_dim)
// scores = scale * q·k (+ alibi_slope * (key position - query position))
//          (+ bias[head][key position - query position]); softmax; weighted values.
//
// A bias is an array of its own for each head, of which `bias` points to the number for distance 0:
// head h, distance d at bias[h * bias_stride + d]. Vectors of 16 keys are read whole, so it must
// have numbers for kLanes distances more on both sides than any key is away.
struct AttentionArgs {
  const float* q;   // row r, head h at q + r * q_stride + h * head_dim
  size_t q_stride;  // in floats
  size_t num_rows;
  size_t heads;
  size_t head_dim;
  const float* const* pages;
  size_t key_offset;  // in floats, from the page's start to this layer's and head's keys
  size_t value_offset;
  size_t num_keys;        // positions stored: [0, num_keys)
  size_t first_position;  // of row 0
  bool causal;            // row r sees positions [0, first_position + r]; else all
  size_t window;          // sees only the last `window` of these; 0: no window
  float scale;
  const float* alibi_slopes;    // (heads) or null
  const float* bias = nullptr;  // null: none
  size_t bias_stride = 0;
  float* out;  // row r, head h at out + r * out_stride + h * head_dim
  size_t out_stride;
  float* log_sum_exp;  // null, or (num_rows, lse_stride): log of the softmax's sum, for backward
  size_t lse_stride;
  float* weights;  // null, or (heads, num_rows, num_keys): the softmax itself, for `inspect`
  float* scratch;  // AttentionScratch(args) floats
};

// Gradients of the same attention for a whole sequence of `num_rows` positions that attends within
// itself, or (not causal, no window) to the `num_keys` of another. All arrays row-major by
// position. grad_q, grad_k, grad_v are overwritten.
struct AttentionBackwardArgs {
  const float *q, *k, *v, *out, *grad_out;
  size_t q_stride, kv_stride;  // floats from one position to the next: q, out, grad_out, grad_q |
                               // k, v, grad_k, grad_v
  size_t num_rows, num_keys, heads, head_dim;
  bool causal;
  size_t window;
  float scale;
  const float* alibi_slopes;
  const float* bias = nullptr;  // as in AttentionArgs
  size_t bias_stride = 0;
  const float* log_sum_exp;  // (num_rows, lse_stride)
  size_t lse_stride;
  float *grad_q, *grad_k, *grad_v;
  float* grad_bias = nullptr;  // null, or as bias: summed into
  float* scratch;              // AttentionBackwardScratch(args) floats
};

enum class Activation { kSilu, kGeluTanh, kGeluErf, kRelu, kTanh };

struct AdamWArgs {
  float *weight, *m, *v;  // (size): master weight, first and second moment
  const float* grad;
  size_t size;
  float grad_scale;  // multiplied into grad first (clipping, accumulation)
  float learning_rate, beta1, beta2, epsilon, weight_decay;
  float bias_correction1, bias_correction2;  // 1 - beta^step
};

// The functions of one instruction set. Rows and sizes in elements unless said.
struct Table {
  Target target;
  size_t tiles_together;  // panel tiles that products of many rows take at a time

  // --- matrix products ---------------------------------------------------------------------
  // Row-major weights of any source into panels. kQ8_0 keeps q8_0, q5_0
  // and q4_0 exactly and quantises others; kF32, kF16 and kBf16 take any; the rest: see Packing.
  // Tiles [tile_begin, tile_end) of the n rows; rows past n are zero.
  void (*PackPanels)(Packing packing, Source source, const void* src, size_t row_bytes, size_t n,
                     size_t k, size_t tile_begin, size_t tile_end, void* panels);
  // The same from f32 with any strides (in floats): element (lane i, k) at src[i*lane_stride +
  // k*k_stride].
  void (*PackPanelsStrided)(Packing packing, const float* src, size_t lane_stride, size_t k_stride,
                            size_t n, size_t k, size_t tile_begin, size_t tile_end, void* panels);
  // Activations into rows of RowBytes(packing, k). Element (row r, k) at src[r*row_stride +
  // k*k_stride].
  void (*PackRows)(Packing packing, const float* src, size_t row_stride, size_t k_stride, size_t k,
                   size_t row_begin, size_t row_end, void* rows);
  void (*MatMul)(const MatMulArgs& args);

  // --- attention ---------------------------------------------------------------------------
  // Stores keys and values of one head, positions [position, position + count), into pages.
  // k, v: position p at k + p * kv_stride.
  void (*StoreKeyValue)(const float* k, const float* v, size_t kv_stride, size_t head_dim,
                        size_t position, size_t count, float* const* pages, size_t key_offset,
                        size_t value_offset);
  void (*Attention)(const AttentionArgs& args);
  void (*AttentionBackward)(const AttentionBackwardArgs& args);

  // --- norms: x, y (rows, size); inverse (rows): saved for backward (may be null in forward) -----
  // y = x * weight / sqrt(mean(x²) + epsilon)
  void (*RmsNorm)(const float* x, const float* weight, float epsilon, size_t rows, size_t size,
                  float* y, float* inverse);
  // grad_x overwritten. grad_weight: see NormWeightGrad.
  void (*RmsNormBackward)(const float* x, const float* weight, const float* inverse,
                          const float* grad_y, size_t rows, size_t size, float* grad_x);
  // y = (x - mean) / sqrt(var + epsilon) * weight + bias (bias may be null)
  void (*LayerNorm)(const float* x, const float* weight, const float* bias, float epsilon,
                    size_t rows, size_t size, float* y, float* mean, float* inverse);
  void (*LayerNormBackward)(const float* x, const float* weight, const float* mean,
                            const float* inverse, const float* grad_y, size_t rows, size_t size,
                            float* grad_x);
  // Columns [begin, end): grad_weight[i] += sum over rows, in order, of grad_y * (x - mean) *
  // inverse; grad_bias[i] += sum of grad_y. mean, grad_bias may be null. begin % 16 == 0.
  void (*NormWeightGrad)(const float* x, const float* mean, const float* inverse,
                         const float* grad_y, size_t rows, size_t size, size_t begin, size_t end,
                         float* grad_weight, float* grad_bias);

  // --- elementwise ---------------------------------------------------------------------------
  // Rotates pairs (i, i + rotary_dim/2) of each head by position angle; rows x (rows, stride).
  // cosine, sine: (rows, rotary_dim/2), already chosen for each row. inverse rotates back.
  void (*Rope)(float* x, size_t rows, size_t stride, size_t heads, size_t head_dim,
               size_t rotary_dim, const float* cosine, const float* sine, bool inverse);
  void (*Add)(const float* a, const float* b, size_t size, float* y);  // y may be a or b
  void (*AddTo)(const float* x, float scale, size_t size, float* y);   // y += scale * x
  void (*Activate)(Activation activation, const float* x, size_t size, float* y);
  void (*ActivateBackward)(Activation activation, const float* x, const float* grad_y, size_t size,
                           float* grad_x);
  // y = activation(gate) * up
  void (*Gated)(Activation activation, const float* gate, const float* up, size_t size, float* y);
  void (*GatedBackward)(Activation activation, const float* gate, const float* up,
                        const float* grad_y, size_t size, float* grad_gate, float* grad_up);
  // Columns [begin, end): y[i] += sum over rows, in order, of x[r][i]. begin % 16 == 0.
  void (*SumRows)(const float* x, size_t rows, size_t stride, size_t begin, size_t end, float* y);

  // --- softmax, loss, optimiser ----------------------------------------------------------------
  void (*Softmax)(float* x, size_t size);  // in place, one row
  float (*LogSumExp)(const float* x, size_t size);
  // Cross-entropy of one row of logits. Returns the loss; if `scale` is not 0 logits become
  // scale * d loss / d logits. REQUIRES target < size.
  float (*CrossEntropy)(float* logits, size_t size, size_t target, float scale);
  double (*SumOfSquares)(const float* x, size_t size);  // 16 lane sums in f64, added in order
  void (*AdamW)(const AdamWArgs& args);

  // --- conversions -----------------------------------------------------------------------------
  // Whole blocks of a quantised type.
  void (*ToF32)(Source source, const void* src, size_t size, float* dst);
  // To f32, f16, bf16 or q8_0; rounds to nearest even.
  void (*FromF32)(const float* src, size_t size, Source target, void* dst);
};

// The table of `target`. REQUIRES: TargetSupported(target).
const Table& TableOf(Target target);

// Sizes of packed buffers, the same for every target. Buffers are aligned to kAlignment.
size_t PanelBytes(Packing packing, size_t n, size_t k);
size_t RowBytes(Packing packing, size_t k);          // one packed activation row
size_t SourceBytes(Source source, size_t size);      // stored bytes of `size` elements
size_t AttentionScratch(const AttentionArgs& args);  // floats
size_t AttentionBackwardScratch(const AttentionBackwardArgs& args);  // floats

// Floats of one page for a model, and where a layer's head begins in it.
struct PageLayout {
  size_t num_layers, num_kv_heads, head_dim;
  size_t key_offset(size_t layer, size_t head) const {
    return (layer * num_kv_heads + head) * 2 * kPageTokens * head_dim;
  }
  size_t value_offset(size_t layer, size_t head) const {
    return key_offset(layer, head) + kPageTokens * head_dim;
  }
  size_t page_floats() const { return num_layers * num_kv_heads * 2 * kPageTokens * head_dim; }
};

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_KERNELS_H_
