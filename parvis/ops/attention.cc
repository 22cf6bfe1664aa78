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
  Tensor q, k, v;
  AttentionSpec spec;
  // keys[i] says which rows of k and v segments[i] sees: its own, or another sequence's.
  std::vector<Segment> segments, keys;
};

const float* SlopesOf(const AttentionSpec& spec, int64_t head) {
  return spec.alibi_slopes.empty() ? nullptr : spec.alibi_slopes.data() + head;
}

// The number for distance 0 of a head, in the spec's bias or an array like it.
float* MiddleOf(const Tensor& bias, int64_t head) {
  return bias.defined() ? bias.f32() + head * bias.dim(1) + bias.dim(1) / 2 : nullptr;
}

size_t BiasStride(const AttentionSpec& spec) {
  return spec.bias.defined() ? static_cast<size_t>(spec.bias.dim(1)) : 0;
}

void Backward(const Exec& exec, const Inputs& in, const Tensor& out, const Tensor& log_sum_exp) {
  const Tensor grad_out = exec.tape().TakeGrad(out);
  if (!grad_out.defined()) return;
  const Tensor &q = in.q, &k = in.k, &v = in.v;
  const AttentionSpec& spec = in.spec;
  const Tensor grad_q = Tensor::Empty(q.shape());
  const Tensor grad_k = Tensor::Empty(k.shape());
  const Tensor grad_v = Tensor::Empty(v.shape());
  const auto num_segments = static_cast<int64_t>(in.segments.size());
  Tensor grad_bias;  // of each segment; they are summed in their order
  if (spec.bias.defined()) {
    grad_bias = Tensor::Zeros({num_segments * spec.num_heads, spec.bias.dim(1)});
  }
  const int64_t group = spec.num_heads / spec.num_kv_heads;
  const std::vector<Task> tasks = TasksOf(in.segments, spec.num_kv_heads, INT64_MAX / 4);
  exec.pool().Dynamic(static_cast<int64_t>(tasks.size()), 1, [&](int64_t begin, int64_t) {
    const Task& task = tasks[begin];
    const Segment &segment = in.segments[task.segment], &keys = in.keys[task.segment];
    const int64_t head = task.kv_head * group;
    const int64_t q_at = segment.begin * q.dim(1) + head * spec.head_dim;
    const int64_t kv_at = keys.begin * k.dim(1) + task.kv_head * spec.head_dim;
    AttentionBackwardArgs args{
        .q = q.f32() + q_at,
        .k = k.f32() + kv_at,
        .v = v.f32() + kv_at,
        .out = out.f32() + q_at,
        .grad_out = grad_out.f32() + q_at,
        .q_stride = static_cast<size_t>(q.dim(1)),
        .kv_stride = static_cast<size_t>(k.dim(1)),
        .num_rows = static_cast<size_t>(segment.count),
        .num_keys = static_cast<size_t>(keys.count),
        .heads = static_cast<size_t>(group),
        .head_dim = static_cast<size_t>(spec.head_dim),
        .causal = spec.causal,
        .window = static_cast<size_t>(spec.window),
        .scale = spec.scale,
        .alibi_slopes = SlopesOf(spec, head),
        .bias = MiddleOf(spec.bias, head),
        .bias_stride = BiasStride(spec),
        .log_sum_exp = log_sum_exp.f32() + segment.begin * spec.num_heads + head,
        .lse_stride = static_cast<size_t>(spec.num_heads),
        .grad_q = grad_q.f32() + q_at,
        .grad_k = grad_k.f32() + kv_at,
        .grad_v = grad_v.f32() + kv_at,
        .grad_bias =
            MiddleOf(grad_bias, static_cast<int64_t>(task.segment) * spec.num_heads + head),
        .scratch = nullptr};
    args.scratch = Scratch(kernels::AttentionBackwardScratch(args));
    exec.kernels().AttentionBackward(args);
  });
  exec.tape().AddGrad(q, grad_q);
  exec.tape().AddGrad(k, grad_k);
  exec.tape().AddGrad(v, grad_v);
  for (int64_t s = 0; grad_bias.defined() && s < num_segments; ++s) {
    exec.tape().AddGrad(spec.bias, grad_bias.Rows(s * spec.num_heads, (s + 1) * spec.num_heads));
  }
}

// Where the keys of each segment lie.
struct Places {
  std::vector<KvView> views;
  std::vector<size_t> layers;
};

void Store(const Exec& exec, const Tensor& k, const Tensor& v, const AttentionSpec& spec,
           std::span<const Segment> keys, const Places& places) {
  const auto num_segments = static_cast<int64_t>(keys.size());
  exec.pool().For(num_segments * spec.num_kv_heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t s = i / spec.num_kv_heads, head = i % spec.num_kv_heads;
      if (keys[s].count == 0) continue;
      const int64_t at = keys[s].begin * k.dim(1) + head * spec.head_dim;
      const KvView& view = places.views[s];
      exec.kernels().StoreKeyValue(k.f32() + at, v.f32() + at, k.dim(1), spec.head_dim,
                                   keys[s].position, keys[s].count, view.pages.data(),
                                   view.layout.key_offset(places.layers[s], head),
                                   view.layout.value_offset(places.layers[s], head));
    }
  });
}

Places PlacesOf(const Exec& exec, const AttentionSpec& spec, std::span<const Segment> keys,
                TransientPages& transient) {
  Places places;
  for (const Segment& s : keys) {
    PARVIS_CHECK(s.kv == nullptr || !exec.recording());
    PARVIS_CHECK(s.kv != nullptr || s.position == 0);
    places.views.push_back(s.kv != nullptr ? *s.kv : transient.Take(s.count));
    places.layers.push_back(s.kv != nullptr ? static_cast<size_t>(spec.layer) : 0);
    PARVIS_CHECK((s.position + s.count + kPageTokens - 1) / kPageTokens <=
                 places.views.back().pages.size());
  }
  return places;
}

// Every distance that the kernel reads has a number.
void CheckReach(const Inputs& in) {
  if (!in.spec.bias.defined()) return;
  PARVIS_CHECK(in.spec.bias.dim(0) == in.spec.num_heads && in.spec.bias.dim(1) % 2 == 1);
  for (const Segment& s : in.segments) {
    PARVIS_CHECK(s.position + s.count + static_cast<int64_t>(kernels::kLanes) <=
                 in.spec.bias.dim(1) / 2);
  }
}

// What the kernel writes.
struct Results {
  Tensor out;
  Tensor log_sum_exp;  // (rows, num_heads), for the way back; else undefined
  Tensor weights;      // (num_heads, rows, keys), of a single sequence that is observed
};

Results ResultsOf(const Exec& exec, const Inputs& in) {
  Results r{.out = Tensor::Empty(in.q.shape()), .log_sum_exp = {}, .weights = {}};
  const int64_t heads = in.spec.num_heads;
  if (exec.recording()) r.log_sum_exp = Tensor::Empty({in.q.dim(0), heads});
  if (exec.observed() && in.segments.size() == 1) {
    r.weights =
        Tensor::Zeros({heads, in.segments[0].count, in.keys[0].position + in.keys[0].count});
  }
  return r;
}

// Some rows of one segment, the query heads of one key/value head.
AttentionArgs ArgsOf(const Inputs& in, const Places& places, const Task& task, Results& r) {
  const AttentionSpec& spec = in.spec;
  const Segment &segment = in.segments[task.segment], &keys = in.keys[task.segment];
  const KvView& view = places.views[task.segment];
  const size_t layer = places.layers[task.segment];
  const int64_t group = spec.num_heads / spec.num_kv_heads, width = in.q.dim(1);
  const int64_t row = segment.begin + task.row_begin, head = task.kv_head * group;
  const int64_t at = row * width + head * spec.head_dim;
  float* log_sum_exp = nullptr;
  if (r.log_sum_exp.defined()) log_sum_exp = r.log_sum_exp.f32() + row * spec.num_heads + head;
  float* weights = nullptr;
  if (r.weights.defined()) {
    weights = r.weights.f32() + head * r.weights.dim(1) * r.weights.dim(2);
  }
  return {.q = in.q.f32() + at,
          .q_stride = static_cast<size_t>(width),
          .num_rows = static_cast<size_t>(task.row_end - task.row_begin),
          .heads = static_cast<size_t>(group),
          .head_dim = static_cast<size_t>(spec.head_dim),
          .pages = view.pages.data(),
          .key_offset = view.layout.key_offset(layer, task.kv_head),
          .value_offset = view.layout.value_offset(layer, task.kv_head),
          .num_keys = static_cast<size_t>(keys.position + keys.count),
          .first_position = static_cast<size_t>(segment.position + task.row_begin),
          .causal = spec.causal,
          .window = static_cast<size_t>(spec.window),
          .scale = spec.scale,
          .alibi_slopes = SlopesOf(spec, head),
          .bias = MiddleOf(spec.bias, head),
          .bias_stride = BiasStride(spec),
          .out = r.out.f32() + at,
          .out_stride = static_cast<size_t>(width),
          .log_sum_exp = log_sum_exp,
          .lse_stride = static_cast<size_t>(spec.num_heads),
          .weights = weights,
          .scratch = nullptr};
}

Tensor Attend(const Exec& exec, const Inputs& in, const std::string& name) {
  const AttentionSpec& spec = in.spec;
  PARVIS_DCHECK(in.q.dim(1) == spec.num_heads * spec.head_dim);
  PARVIS_DCHECK(!in.k.defined() || in.k.dim(1) == spec.num_kv_heads * spec.head_dim);
  TransientPages transient(in.keys, spec);
  const Places places = PlacesOf(exec, spec, in.keys, transient);
  CheckReach(in);
  Store(exec, in.k, in.v, spec, in.keys, places);

  Results results = ResultsOf(exec, in);
  const int64_t row_block = results.weights.defined() ? INT64_MAX / 4 : kQueryRows;
  const std::vector<Task> tasks = TasksOf(in.segments, spec.num_kv_heads, row_block);
  exec.pool().Dynamic(static_cast<int64_t>(tasks.size()), 1, [&](int64_t begin, int64_t) {
    AttentionArgs args = ArgsOf(in, places, tasks[begin], results);
    args.scratch = Scratch(kernels::AttentionScratch(args));
    exec.kernels().Attention(args);
  });
  if (results.weights.defined()) exec.Observe(name + std::to_string(spec.layer), results.weights);

  if (exec.recording()) {
    exec.tape().Record([&exec, in, out = results.out, log_sum_exp = results.log_sum_exp] {
      Backward(exec, in, out, log_sum_exp);
    });
  }
  return results.out;
}

}  // namespace

Tensor Attention(const Exec& exec, const Tensor& q, const Tensor& k, const Tensor& v,
                 const AttentionSpec& spec, std::span<const Segment> segments) {
  const std::vector<Segment> all(segments.begin(), segments.end());
  return Attend(exec, {q, k, v, spec, all, all}, spec.name + "attention.");
}

Tensor CrossAttention(const Exec& exec, const Tensor& q, const Tensor& k, const Tensor& v,
                      const AttentionSpec& spec, std::span<const Segment> segments,
                      std::span<const Segment> memories) {
  PARVIS_CHECK(segments.size() == memories.size());
  PARVIS_CHECK(!spec.causal && spec.window == 0 && spec.alibi_slopes.empty() &&
               !spec.bias.defined());
  return Attend(
      exec, {q, k, v, spec, {segments.begin(), segments.end()}, {memories.begin(), memories.end()}},
      spec.name + "cross_attention.");
}

void StoreKeyValues(const Exec& exec, const Tensor& k, const Tensor& v, const AttentionSpec& spec,
                    std::span<const Segment> segments) {
  TransientPages none({}, spec);
  for (const Segment& s : segments) PARVIS_CHECK(s.kv != nullptr);
  Store(exec, k, v, spec, segments, PlacesOf(exec, spec, segments, none));
}

}  // namespace parvis::ops
