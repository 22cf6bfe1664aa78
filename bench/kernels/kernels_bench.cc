#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "bench/machine/limits.h"
#include "parvis/kernels/kernels.h"

// Speed of the kernels on one core, by processor time, as a share of what the core can do at most
// (`of_peak`: f32 peak of the target; `of_read`: sequential read rate). Operands lie in 2 MiB
// pages.
namespace parvis::bench {
namespace {

using namespace kernels;  // NOLINT: a benchmark of nothing else

double peak_gflops = 0.0;
double read_gigabytes = 0.0;

const Table& Kernels() { return TableOf(BestTarget()); }

// Anonymous memory in large pages, filled with small numbers.
class Memory {
 public:
  explicit Memory(size_t bytes) : size_((bytes + kHuge - 1) / kHuge * kHuge + kHuge) {
    base_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const uintptr_t address = reinterpret_cast<uintptr_t>(base_);
    data_ = reinterpret_cast<float*>((address + kHuge - 1) / kHuge * kHuge);
    madvise(data_, size_ - kHuge, MADV_HUGEPAGE);
    for (size_t i = 0; i < bytes / sizeof(float); ++i) {
      data_[i] = static_cast<float>(i * 2654435761u % 1024) * 0x1p-10f - 0.5f;
    }
  }
  ~Memory() { munmap(base_, size_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  float* get() const { return data_; }

 private:
  static constexpr size_t kHuge = size_t{2} << 20;
  size_t size_;
  void* base_;
  float* data_;
};

// What work() does a second at best, if it returns how much it did. By the processor time of this
// thread, so that neighbours count little.
template <class Work>
double BestRate(int runs, Work&& work) {
  const auto seconds = [] {
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  };
  double best = 0.0;
  for (int i = 0; i < runs; ++i) {
    const double begin = seconds();
    const double done = work();
    best = std::max(best, done / (seconds() - begin));
  }
  return best;
}

// f32 multiply-adds in registers, in GFLOP/s.
double PeakGflops(Target target) {
  const std::string name = "f32 " + std::string(TargetName(target));
  for (const Arithmetic& arithmetic : ArithmeticOfThisMachine()) {
    if (arithmetic.name != name || !arithmetic.available) continue;
    constexpr int64_t kRounds = 2'000'000;
    return 1e-9 * BestRate(20, [&] {
             arithmetic.run(kRounds);
             return arithmetic.operations_per_round * kRounds;
           });
  }
  return 0.0;
}

// Sequential reads of far more than any cache, in GB/s.
double ReadGigabytes() {
  constexpr size_t kBytes = size_t{512} << 20;
  const Memory memory(kBytes);
  return 1e-9 * BestRate(7, [&] {
           benchmark::DoNotOptimize(ReadAll(memory.get(), kBytes));
           return static_cast<double>(kBytes);
         });
}

void ReportFlops(benchmark::State& state, double flops) {
  const double total = flops * 1e-9 * static_cast<double>(state.iterations());
  state.counters["gflops"] = benchmark::Counter(total, benchmark::Counter::kIsRate);
  state.counters["of_peak"] = benchmark::Counter(total / peak_gflops, benchmark::Counter::kIsRate);
}

void ReportBytes(benchmark::State& state, double bytes) {
  const double total = bytes * 1e-9 * static_cast<double>(state.iterations());
  state.counters["gbytes"] = benchmark::Counter(total, benchmark::Counter::kIsRate);
  state.counters["of_read"] =
      benchmark::Counter(total / read_gigabytes, benchmark::Counter::kIsRate);
}

// rows × n × k over packed operands. The weights are as large as asked, but `copies` of them lie
// one after the other and are used in turn, so that few rows read memory and not a cache.
void BM_MatMul(benchmark::State& state, Packing packing, Source source = Source::kF32) {
  const size_t rows = static_cast<size_t>(state.range(0));
  const size_t n = static_cast<size_t>(state.range(1)), k = static_cast<size_t>(state.range(2));
  const size_t panel_bytes = PanelBytes(packing, n, k);
  const size_t copies = rows > 16 ? 1 : (size_t{400} << 20) / panel_bytes + 1;
  Memory weights(n * k * sizeof(float)), x(rows * k * sizeof(float));
  Memory panels(panel_bytes * copies), packed(rows * RowBytes(packing, k)), y(rows * n * 4);
  char* first = reinterpret_cast<char*>(panels.get());
  if (source != Source::kF32) std::memset(weights.get(), 0x31, n * k);  // finite scales
  Kernels().PackPanels(packing, source, weights.get(), SourceBytes(source, k), n, k, 0,
                       (n + 15) / 16, first);
  for (size_t i = 1; i < copies; ++i) std::memcpy(first + i * panel_bytes, first, panel_bytes);
  Kernels().PackRows(packing, x.get(), k, 1, k, 0, rows, packed.get());
  size_t copy = 0;
  for (auto _ : state) {
    Kernels().MatMul({.packing = packing,
                      .panels = first + copy * panel_bytes,
                      .n = n,
                      .k = k,
                      .rows = packed.get(),
                      .row_stride = RowBytes(packing, k),
                      .row_begin = 0,
                      .row_end = rows,
                      .tile_begin = 0,
                      .tile_end = (n + 15) / 16,
                      .y = y.get(),
                      .ldy = n});
    copy = (copy + 1) % copies;
  }
  ReportFlops(state, 2.0 * static_cast<double>(rows * n * k));
  if (rows <= 16) ReportBytes(state, static_cast<double>(panel_bytes));
}

void MatMulShapes(benchmark::internal::Benchmark* b) {
  for (const int rows : {1, 2, 4, 8, 16}) b->Args({rows, 2048, 2048});
  b->Args({64, 768, 288})->Args({2048, 768, 288})->Args({2048, 288, 768})->Args({512, 2048, 2048});
  b->Args({768, 288, 2048})->Args({288, 768, 2048})->Args({256, 4096, 1024});
}
BENCHMARK_CAPTURE(BM_MatMul, f32, Packing::kF32)->Apply(MatMulShapes);
BENCHMARK_CAPTURE(BM_MatMul, bf16, Packing::kBf16)->Apply(MatMulShapes);
BENCHMARK_CAPTURE(BM_MatMul, q8_0, Packing::kQ8_0)->Apply(MatMulShapes);
BENCHMARK_CAPTURE(BM_MatMul, f16, Packing::kF16)->Apply(MatMulShapes);
// K types: k a multiple of 256.
void BlockShapes(benchmark::internal::Benchmark* b) {
  for (const int64_t rows : {1, 2, 4, 8, 16, 512}) b->Args({rows, 2048, 2048});
}
BENCHMARK_CAPTURE(BM_MatMul, q4_0, Packing::kQ4_0, Source::kQ4_0)->Apply(BlockShapes);
BENCHMARK_CAPTURE(BM_MatMul, q4_K, Packing::kQ4K, Source::kQ4K)->Apply(BlockShapes);
BENCHMARK_CAPTURE(BM_MatMul, q6_K, Packing::kQ6K, Source::kQ6K)->Apply(BlockShapes);
BENCHMARK_CAPTURE(BM_MatMul, q5_K, Packing::kQ5Wide, Source::kQ5K)->Apply(BlockShapes);

// Packing, in bytes read.
void BM_PackPanels(benchmark::State& state, Packing packing) {
  const size_t n = 2048, k = 768;
  Memory x(n * k * 4), panels(PanelBytes(packing, n, k));
  const bool transposed = state.range(0) != 0;
  for (auto _ : state) {
    Kernels().PackPanelsStrided(packing, x.get(), transposed ? 1 : k, transposed ? n : 1, n, k, 0,
                                n / 16, panels.get());
  }
  ReportBytes(state, n * k * 4);
}
BENCHMARK_CAPTURE(BM_PackPanels, f32, Packing::kF32)->Arg(0)->Arg(1);
BENCHMARK_CAPTURE(BM_PackPanels, bf16, Packing::kBf16)->Arg(0)->Arg(1);
BENCHMARK_CAPTURE(BM_PackPanels, q8_0, Packing::kQ8_0)->Arg(0);

// Stored weights into panels, in bytes of the file: what loading a model costs.
void BM_PackStored(benchmark::State& state, Packing packing, Source source) {
  const size_t n = 2048, k = 2048;
  Memory stored(n * k * 4), panels(PanelBytes(packing, n, k));
  std::memset(stored.get(), 0x31, n * k);
  for (auto _ : state) {
    Kernels().PackPanels(packing, source, stored.get(), SourceBytes(source, k), n, k, 0, n / 16,
                         panels.get());
  }
  ReportBytes(state, n * SourceBytes(source, k));
}
BENCHMARK_CAPTURE(BM_PackStored, f16, Packing::kF16, Source::kF16);
BENCHMARK_CAPTURE(BM_PackStored, q8_0, Packing::kQ8_0, Source::kQ8_0);
BENCHMARK_CAPTURE(BM_PackStored, q4_0, Packing::kQ4_0, Source::kQ4_0);
BENCHMARK_CAPTURE(BM_PackStored, q4_K, Packing::kQ4K, Source::kQ4K);
BENCHMARK_CAPTURE(BM_PackStored, q6_K, Packing::kQ6K, Source::kQ6K);

void BM_PackRows(benchmark::State& state, Packing packing) {
  const size_t rows = 2048, k = 768;
  Memory x(rows * k * 4), packed(RowBytes(packing, k) * rows);
  const bool transposed = state.range(0) != 0;
  for (auto _ : state) {
    Kernels().PackRows(packing, x.get(), transposed ? 1 : k, transposed ? rows : 1, k, 0, rows,
                       packed.get());
  }
  ReportBytes(state, rows * k * 4);
}
BENCHMARK_CAPTURE(BM_PackRows, f32, Packing::kF32)->Arg(1);
BENCHMARK_CAPTURE(BM_PackRows, bf16, Packing::kBf16)->Arg(0)->Arg(1);
BENCHMARK_CAPTURE(BM_PackRows, q8_0, Packing::kQ8_0)->Arg(0);
BENCHMARK_CAPTURE(BM_PackRows, q4_0, Packing::kQ4_0)->Arg(0);

// A whole causal sequence of `rows` (range 0) positions, or one row after that many (range 1 = 1).
void BM_Attention(benchmark::State& state) {
  const size_t keys = static_cast<size_t>(state.range(0)),
               dim = static_cast<size_t>(state.range(2));
  const size_t rows = state.range(1) ? 1 : keys;
  const size_t heads = static_cast<size_t>(state.range(3));
  const PageLayout layout = {1, 1, dim};
  const size_t num_pages = (keys + kPageTokens - 1) / kPageTokens;
  Memory pages(num_pages * layout.page_floats() * 4), q(keys * heads * dim * 4),
      out(keys * heads * dim * 4), lse(keys * heads * 4);
  std::vector<float*> page(num_pages);
  for (size_t i = 0; i < num_pages; ++i) page[i] = pages.get() + i * layout.page_floats();
  AttentionArgs args = {.q = q.get(),
                        .q_stride = heads * dim,
                        .num_rows = rows,
                        .heads = heads,
                        .head_dim = dim,
                        .pages = page.data(),
                        .key_offset = 0,
                        .value_offset = layout.value_offset(0, 0),
                        .num_keys = keys,
                        .first_position = keys - rows,
                        .causal = true,
                        .window = 0,
                        .scale = 0.125f,
                        .out = out.get(),
                        .out_stride = heads * dim,
                        .log_sum_exp = lse.get(),
                        .lse_stride = heads};
  Memory scratch(AttentionScratch(args) * 4);
  args.scratch = scratch.get();
  for (auto _ : state) Kernels().Attention(args);
  const double scores = static_cast<double>(rows == 1 ? keys : keys * (keys + 1) / 2);
  ReportFlops(state, 4.0 * scores * static_cast<double>(dim * heads));
  if (rows == 1) ReportBytes(state, static_cast<double>(2 * keys * dim * 4));
}
BENCHMARK(BM_Attention)
    ->ArgNames({"keys", "decode", "dim", "heads"})
    ->Args({256, 0, 48, 1})
    ->Args({1024, 0, 64, 1})
    ->Args({1024, 0, 128, 4})
    ->Args({1024, 1, 64, 1})
    ->Args({1024, 1, 64, 4})
    ->Args({65536, 1, 128, 1});

void BM_AttentionBackward(benchmark::State& state) {
  const size_t rows = static_cast<size_t>(state.range(0)),
               dim = static_cast<size_t>(state.range(1));
  const size_t size = rows * dim;
  Memory all(8 * size * 4), lse(rows * 4);
  float* x = all.get();
  for (size_t i = 0; i < rows; ++i) lse.get()[i] = 8.0f;
  AttentionBackwardArgs args = {.q = x,
                                .k = x + size,
                                .v = x + 2 * size,
                                .out = x + 3 * size,
                                .grad_out = x + 4 * size,
                                .q_stride = dim,
                                .kv_stride = dim,
                                .num_rows = rows,
                                .num_keys = rows,
                                .heads = 1,
                                .head_dim = dim,
                                .causal = true,
                                .window = 0,
                                .scale = 0.125f,
                                .log_sum_exp = lse.get(),
                                .lse_stride = 1,
                                .grad_q = x + 5 * size,
                                .grad_k = x + 6 * size,
                                .grad_v = x + 7 * size};
  Memory scratch(AttentionBackwardScratch(args) * 4);
  args.scratch = scratch.get();
  for (auto _ : state) Kernels().AttentionBackward(args);
  ReportFlops(state, 10.0 * static_cast<double>(rows * (rows + 1) / 2 * dim));
}
BENCHMARK(BM_AttentionBackward)->Args({256, 48})->Args({1024, 64});

void BM_RmsNorm(benchmark::State& state) {
  const size_t rows = 256, size = 768;
  Memory x(rows * size * 4), y(rows * size * 4), weight(size * 4);
  for (auto _ : state) {
    Kernels().RmsNorm(x.get(), weight.get(), 1e-5f, rows, size, y.get(), nullptr);
  }
  ReportBytes(state, rows * size * 8);
}
BENCHMARK(BM_RmsNorm);

void BM_RmsNormBackward(benchmark::State& state) {
  const size_t rows = 256, size = 768;
  Memory x(rows * size * 4), y(rows * size * 4), weight(size * 4), inverse(rows * 4),
      grad(rows * size * 4);
  for (auto _ : state) {
    Kernels().RmsNormBackward(x.get(), weight.get(), inverse.get(), y.get(), rows, size,
                              grad.get());
    Kernels().NormWeightGrad(x.get(), nullptr, inverse.get(), y.get(), rows, size, 0, size,
                             weight.get(), nullptr);
  }
  ReportBytes(state, rows * size * 12);
}
BENCHMARK(BM_RmsNormBackward);

void BM_Gated(benchmark::State& state, Activation activation) {
  const size_t size = 65536;
  Memory gate(size * 4), up(size * 4), y(size * 4), g1(size * 4), g2(size * 4);
  for (auto _ : state) {
    if (state.range(0)) {
      Kernels().GatedBackward(activation, gate.get(), up.get(), y.get(), size, g1.get(), g2.get());
    } else {
      Kernels().Gated(activation, gate.get(), up.get(), size, y.get());
    }
  }
  ReportBytes(state, size * (state.range(0) ? 20 : 12));
}
BENCHMARK_CAPTURE(BM_Gated, silu, Activation::kSilu)->Arg(0)->Arg(1);
BENCHMARK_CAPTURE(BM_Gated, gelu_erf, Activation::kGeluErf)->Arg(0)->Arg(1);

void BM_CrossEntropy(benchmark::State& state) {
  const size_t size = 32000;
  Memory logits(size * 4);
  for (auto _ : state) {
    benchmark::DoNotOptimize(Kernels().CrossEntropy(logits.get(), size, 7, 1.0f));
  }
  ReportBytes(state, size * 8);
}
BENCHMARK(BM_CrossEntropy);

void BM_AdamW(benchmark::State& state) {
  const size_t size = size_t{1} << 24;
  Memory w(size * 4), m(size * 4), v(size * 4), g(size * 4);
  for (size_t i = 0; i < size; ++i) v.get()[i] = 1.0f;
  const AdamWArgs args = {.weight = w.get(),
                          .m = m.get(),
                          .v = v.get(),
                          .grad = g.get(),
                          .size = size,
                          .grad_scale = 1.0f,
                          .learning_rate = 1e-6f,
                          .beta1 = 0.9f,
                          .beta2 = 0.95f,
                          .epsilon = 1e-8f,
                          .weight_decay = 0.1f,
                          .bias_correction1 = 1.0f,
                          .bias_correction2 = 1.0f};
  for (auto _ : state) Kernels().AdamW(args);
  ReportBytes(state, static_cast<double>(size) * 28);
}
BENCHMARK(BM_AdamW);

}  // namespace

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  peak_gflops = PeakGflops(BestTarget());
  read_gigabytes = ReadGigabytes();
  std::printf("target %s, one core: f32 peak %.1f GFLOP/s, sequential read %.1f GB/s\n",
              std::string(TargetName(BestTarget())).c_str(), peak_gflops, read_gigabytes);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace parvis::bench

int main(int argc, char** argv) { return parvis::bench::Main(argc, argv); }
