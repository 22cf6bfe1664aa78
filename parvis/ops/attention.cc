#include "parvis/ops/attention.h"

#include <algorithm>
#include <vector>

namespace parvis::ops {
namespace {

using kernels::AttentionArgs;
using kernels::AttentionBackwardArgs;

// Query rows that one task computes: enough to use keys again while they are in the cache.
constexpr int64_t kQueryRows = 32;

float* Scratch(size_t floats) {
  static thread_local std::vector<float> scratch;
  if (scratch.size() < floats) scratch.resize(floats);
  return scratch.data();
}

// Pages for sequences whose keys and values nobody keeps.
class TransientPages {
 public:
  TransientPages(std::span<const Segment> segments, const AttentionSpec& spec)
      : layout_{1, static_cast<size_t>(spec.num_kv_heads), static_cast<size_t>(spec.head_dim)} {
    size_t count = 0;
    for (const Segment& s : segments) {
      if (s.kv == nullptr) count += (s.count + kPageTokens - 1) / kPageTokens;
    }
    if (count == 0) return;
    const size_t floats = layout_.page_floats();
    memory_ = Tensor::Empty({static_cast<int64_t>(count * floats)});
    for (size_t i = 0; i < count; ++i) pages_.push_back(memory_.f32() + i * floats);
  }

  // The next sequence's pages.
  KvView Take(int64_t count) {
    const size_t pages = (count + kPageTokens - 1) / kPageTokens;
    const KvView view{std::span<float* const>(pages_).subspan(next_, pages), layout_};
    next_ += pages;
    return view;
  }

 private:
  PageLayout layout_;
  Tensor memory_;
  std::vector<float*> pages_;
  size_t next_ = 0;
};

struct Task {
  size_t segment;
  int64_t kv_head, row_begin, row_end;  // rows within the segment
};

// Longest first, so that the last tasks are short.
std::vector<Task> TasksOf(std::span<const Segment> segments, int64_t num_kv_heads, int64_t rows) {
  std::vector<Task> tasks;
  for (size_t s = 0; s < segments.size(); ++s) {
    for (int64_t begin = 0; begin < segments[s].count; begin += rows) {
      for (int64_t head = 0; head < num_kv_heads; ++head) {
        tasks.push_back({s, head, begin, std::min(begin + rows, segments[s].count)});
      }
    }
  }
  std::stable_sort(tasks.begin(), tasks.end(), [&](const Task& a, const Task& b) {
    return (a.row_end - a.row_begin) * (segments[a.segment].position + a.row_end) >
           (b.row_end - b.row_begin) * (segments[b.segment].position + b.row_end);
  });
  return tasks;
}

struct Inputs {
  const Tensor &q, &k, &v;
  const AttentionSpec& spec;
  std::span<const Segment> segments;
};

void Backward(const Exec& exec, const Inputs& in, const Tensor& out, const Tensor& log_sum_exp) {
  const Tensor grad_out = exec.tape().TakeGrad(out);
  if (!grad_out.defined()) return;
  const Tensor &q = in.q, &k = in.k, &v = in.v;
  const AttentionSpec& spec = in.spec;
  const std::span<const Segment> segments = in.segments;
  const Tensor grad_q = Tensor::Empty(q.shape());
  const Tensor grad_k = Tensor::Empty(k.shape());
  const Tensor grad_v = Tensor::Empty(v.shape());
  const int64_t group = spec.num_heads / spec.num_kv_heads;
  const std::vector<Task> tasks = TasksOf(segments, spec.num_kv_heads, INT64_MAX / 4);
  exec.pool().Dynamic(static_cast<int64_t>(tasks.size()), 1, [&](int64_t begin, int64_t) {
    const Task& task = tasks[begin];
    const Segment& segment = segments[task.segment];
    const int64_t q_at = segment.begin * q.dim(1) + task.kv_head * group * spec.head_dim;
    const int64_t kv_at = segment.begin * k.dim(1) + task.kv_head * spec.head_dim;
    AttentionBackwardArgs args{
        .q = q.f32() + q_at,
        .k = k.f32() + kv_at,
        .v = v.f32() + kv_at,
        .out = out.f32() + q_at,
        .grad_out = grad_out.f32() + q_at,
        .q_stride = static_cast<size_t>(q.dim(1)),
        .kv_stride = static_cast<size_t>(k.dim(1)),
        .num_rows = static_cast<size_t>(segment.count),
        .heads = static_cast<size_t>(group),
        .head_dim = static_cast<size_t>(spec.head_dim),
        .causal = spec.causal,
        .window = static_cast<size_t>(spec.window),
        .scale = spec.scale,
        .alibi_slopes =
            spec.alibi_slopes.empty() ? nullptr : spec.alibi_slopes.data() + task.kv_head * group,
        .log_sum_exp = log_sum_exp.f32() + segment.begin * spec.num_heads + task.kv_head * group,
        .lse_stride = static_cast<size_t>(spec.num_heads),
        .grad_q = grad_q.f32() + q_at,
        .grad_k = grad_k.f32() + kv_at,
        .grad_v = grad_v.f32() + kv_at,
        .scratch = nullptr};
    args.scratch = Scratch(kernels::AttentionBackwardScratch(args));
    exec.kernels().AttentionBackward(args);
  });
  exec.tape().AddGrad(q, grad_q);
  exec.tape().AddGrad(k, grad_k);
  exec.tape().AddGrad(v, grad_v);
}

}  // namespace

Tensor Attention(const Exec& exec, const Tensor& q, const Tensor& k, const Tensor& v,
                 const AttentionSpec& spec, std::span<const Segment> segments) {
  PARVIS_DCHECK(q.dim(1) == spec.num_heads * spec.head_dim);
  PARVIS_DCHECK(k.dim(1) == spec.num_kv_heads * spec.head_dim);
  const int64_t group = spec.num_heads / spec.num_kv_heads;
  TransientPages transient(segments, spec);
  std::vector<KvView> views;
  std::vector<size_t> layers;
  for (const Segment& s : segments) {
    PARVIS_CHECK(s.kv == nullptr || !exec.recording());
    PARVIS_CHECK(s.kv != nullptr || s.position == 0);
    views.push_back(s.kv != nullptr ? *s.kv : transient.Take(s.count));
    layers.push_back(s.kv != nullptr ? static_cast<size_t>(spec.layer) : 0);
    PARVIS_CHECK((s.position + s.count + kPageTokens - 1) / kPageTokens <=
                 views.back().pages.size());
  }

  const auto num_segments = static_cast<int64_t>(segments.size());
  exec.pool().For(num_segments * spec.num_kv_heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t s = i / spec.num_kv_heads, head = i % spec.num_kv_heads;
      const int64_t at = segments[s].begin * k.dim(1) + head * spec.head_dim;
      exec.kernels().StoreKeyValue(k.f32() + at, v.f32() + at, k.dim(1), spec.head_dim,
                                   segments[s].position, segments[s].count, views[s].pages.data(),
                                   views[s].layout.key_offset(layers[s], head),
                                   views[s].layout.value_offset(layers[s], head));
    }
  });

  Tensor out = Tensor::Empty(q.shape());
  const Tensor log_sum_exp =
      exec.recording() ? Tensor::Empty({q.dim(0), spec.num_heads}) : Tensor();
  Tensor weights;  // (num_heads, rows, keys), of a single sequence
  if (exec.observed() && segments.size() == 1) {
    weights = Tensor::Zeros(
        {spec.num_heads, segments[0].count, segments[0].position + segments[0].count});
  }

  const int64_t row_block = weights.defined() ? INT64_MAX / 4 : kQueryRows;
  const std::vector<Task> tasks = TasksOf(segments, spec.num_kv_heads, row_block);
  exec.pool().Dynamic(static_cast<int64_t>(tasks.size()), 1, [&](int64_t begin, int64_t) {
    const Task& task = tasks[begin];
    const Segment& segment = segments[task.segment];
    const KvView& view = views[task.segment];
    const int64_t row = segment.begin + task.row_begin;
    const int64_t at = row * q.dim(1) + task.kv_head * group * spec.head_dim;
    AttentionArgs args{
        .q = q.f32() + at,
        .q_stride = static_cast<size_t>(q.dim(1)),
        .num_rows = static_cast<size_t>(task.row_end - task.row_begin),
        .heads = static_cast<size_t>(group),
        .head_dim = static_cast<size_t>(spec.head_dim),
        .pages = view.pages.data(),
        .key_offset = view.layout.key_offset(layers[task.segment], task.kv_head),
        .value_offset = view.layout.value_offset(layers[task.segment], task.kv_head),
        .num_keys = static_cast<size_t>(segment.position + segment.count),
        .first_position = static_cast<size_t>(segment.position + task.row_begin),
        .causal = spec.causal,
        .window = static_cast<size_t>(spec.window),
        .scale = spec.scale,
        .alibi_slopes =
            spec.alibi_slopes.empty() ? nullptr : spec.alibi_slopes.data() + task.kv_head * group,
        .out = out.f32() + at,
        .out_stride = static_cast<size_t>(q.dim(1)),
        .log_sum_exp = log_sum_exp.defined()
                           ? log_sum_exp.f32() + row * spec.num_heads + task.kv_head * group
                           : nullptr,
        .lse_stride = static_cast<size_t>(spec.num_heads),
        .weights = weights.defined()
                       ? weights.f32() + task.kv_head * group * weights.dim(1) * weights.dim(2)
                       : nullptr,
        .scratch = nullptr};
    args.scratch = Scratch(kernels::AttentionScratch(args));
    exec.kernels().Attention(args);
  });
  if (weights.defined()) exec.Observe("attention." + std::to_string(spec.layer), weights);

  if (exec.recording()) {
    exec.tape().Record([&exec, q, k, v, spec, out, log_sum_exp,
                        segments = std::vector<Segment>(segments.begin(), segments.end())] {
      Backward(exec, {q, k, v, spec, segments}, out, log_sum_exp);
    });
  }
  return out;
}

}  // namespace parvis::ops
