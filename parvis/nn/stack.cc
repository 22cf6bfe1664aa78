#include "parvis/nn/stack.h"

#include <algorithm>
#include <utility>

#include "parvis/ops/activation.h"
#include "parvis/ops/embedding.h"
#include "parvis/ops/relative_bias.h"

namespace parvis::nn {
namespace {

constexpr std::string_view kEncoder = "encoder.";

}  // namespace

Stack::Stack(Blueprint blueprint) : blueprint_(std::move(blueprint)) {
  for (ParameterSpec& spec : ParametersOf(blueprint_)) {
    Parameter parameter;
    parameter.name = std::move(spec.name);
    parameter.shape = std::move(spec.shape);
    parameters_.push_back(std::move(parameter));
    roles_.push_back(spec.role);
  }
  MakeBlocks();
  const std::string head = HeadName(blueprint_.head.kind);
  head_ = {.dense = LinearOf(head + ".dense"),
           .norm = NormOf(head + ".norm"),
           .out = LinearOf(head + ".out")};
  if (blueprint_.head.kind == Head::Kind::kLanguage) {
    head_.out = {Find(blueprint_.tied_embedding ? "embedding.weight" : "lm_head.weight"),
                 Find("lm_head.bias")};
  }
  if (const auto* rotary = std::get_if<RotaryPositions>(&blueprint_.positions)) {
    frequencies_ = FrequenciesOf(*rotary, blueprint_.context_length);
  }
  if (const auto* alibi = std::get_if<AlibiPositions>(&blueprint_.positions)) {
    alibi_slopes_ = AlibiSlopesOf(*alibi, blueprint_.attention.num_heads);
  }
}

void Stack::MakeBlocks() {
  encoder_.clear();
  blocks_.clear();
  for (int64_t layer = 0; layer < blueprint_.encoder_layers; ++layer) {
    encoder_.push_back(BlockOf("encoder." + std::to_string(layer)));
  }
  for (int64_t layer = 0; layer < blueprint_.num_layers; ++layer) {
    blocks_.push_back(BlockOf(std::to_string(layer)));
  }
}

Adapter Stack::NewAdapter(std::vector<AdapterLayer> layers) const {
  std::vector<const Parameter*> matrices;
  for (const AdapterLayer& layer : layers) {
    for (const std::string& weight : layer.weights) {
      const auto found =
          std::find_if(parameters_.begin(), parameters_.end(),
                       [&weight](const Parameter& parameter) { return parameter.name == weight; });
      PARVIS_CHECK(found != parameters_.end());
      matrices.push_back(&*found);
    }
  }
  return {std::move(layers), matrices};
}

bool Stack::Owns(const Adapter& adapter) const {
  return std::any_of(parameters_.begin(), parameters_.end(), [&adapter](const Parameter& matrix) {
    return adapter.ChangeOf(&matrix).a != nullptr;
  });
}

void Stack::Adapt(Adapter adapter) {
  PARVIS_CHECK(adapter_.layers().empty() && Owns(adapter));
  adapter_ = std::move(adapter);
  MakeBlocks();
}

void Stack::DropAdapter() {
  adapter_ = Adapter();
  MakeBlocks();
}

std::vector<Parameter*> Stack::Learned() {
  std::vector<Parameter*> learned;
  const bool adapted = !adapter().empty();
  for (Parameter& parameter : adapted ? adapter_.parameters() : parameters_) {
    learned.push_back(&parameter);
  }
  const Head::Kind kind = blueprint_.head.kind;
  if (!adapted || (kind != Head::Kind::kSequenceLabels && kind != Head::Kind::kTokenLabels &&
                   kind != Head::Kind::kSpan)) {
    return learned;
  }
  for (Parameter& parameter : parameters_) {
    if (parameter.name.starts_with(HeadName(kind) + ".")) learned.push_back(&parameter);
  }
  return learned;
}

std::string Stack::MarkOf(const Parameter& parameter) {
  std::string_view name = parameter.name;
  const std::string_view stack = name.starts_with(kEncoder) ? kEncoder : "";
  name.remove_prefix(stack.size());
  const std::string first(name.substr(0, name.find('.')));
  if (first.find_first_not_of("0123456789") == std::string::npos) return std::string(stack) + first;
  // The heads' names are their own; what else stands outside the blocks goes before them.
  for (const char* before :
       {"embedding", "position", "token_type", "embedding_norm", "relative_bias"}) {
    if (first == before) return "";
  }
  return std::string(stack) + "final";
}

BlockParameters Stack::BlockOf(const std::string& name) {
  const std::string attention = name + ".attention.", cross = name + ".cross_attention.";
  const std::string feed_forward = name + ".feed_forward.";
  return {.attention_norm = NormOf(attention + "norm"),
          .feed_forward_norm = NormOf(feed_forward + "norm"),
          .q_norm = Find(attention + "q_norm.weight"),
          .k_norm = Find(attention + "k_norm.weight"),
          .q = LinearOf(attention + "q"),
          .k = LinearOf(attention + "k"),
          .v = LinearOf(attention + "v"),
          .out = LinearOf(attention + "out"),
          .cross_norm = NormOf(cross + "norm"),
          .cross_q = LinearOf(cross + "q"),
          .cross_k = LinearOf(cross + "k"),
          .cross_v = LinearOf(cross + "v"),
          .cross_out = LinearOf(cross + "out"),
          .gate = LinearOf(feed_forward + "gate"),
          .up = LinearOf(feed_forward + "up"),
          .down = LinearOf(feed_forward + "down")};
}

Parameter* Stack::Find(std::string_view name) {
  for (Parameter& parameter : parameters_) {
    if (parameter.name == name) return &parameter;
  }
  return adapter_.Find(name);
}

ops::LinearSpec Stack::LinearOf(const std::string& name) {
  ops::LinearSpec linear{Find(name + ".weight"), Find(name + ".bias")};
  linear.change = adapter_.ChangeOf(linear.weight);
  return linear;
}

NormParameters Stack::NormOf(const std::string& name) {
  return {Find(name + ".weight"), Find(name + ".bias")};
}

void Stack::Pack(const Exec& exec, bool keep_values, std::optional<ops::Packing> packing) {
  for (Parameter& parameter : parameters_) Pack(exec, parameter, keep_values, packing);
  PackAdapter(exec);
}

void Stack::PackAdapter(const Exec& exec) { adapter_.Pack(exec, /*keep_values=*/true); }

void Stack::Pack(const Exec& exec, Parameter& parameter, bool keep_values,
                 std::optional<ops::Packing> packing) {
  const ParameterSpec::Role role = roles_[static_cast<size_t>(&parameter - parameters_.data())];
  if (role != ParameterSpec::Role::kMatrix && &parameter != head_.out.weight) return;
  // An embedding is looked up as well as multiplied with.
  const bool keep = keep_values || role == ParameterSpec::Role::kEmbedding;
  ops::Pack(exec, parameter, packing.value_or(ops::PackingOf(parameter.value.dtype())), keep);
}

Tensor Stack::Forward(const Exec& exec, const Step& step) {
  PARVIS_CHECK(encoder_.empty() || step.memories.size() == step.segments.size());
  return Run(exec, step, blocks_, "");
}

Tensor Stack::Encode(const Exec& exec, const Step& step) {
  PARVIS_CHECK(!encoder_.empty());
  for (const Segment& segment : step.segments) PARVIS_CHECK(segment.kv == nullptr);
  return Run(exec, step, encoder_, "encoder.");
}

void Stack::Remember(const Exec& exec, const Tensor& encoded, std::span<const Segment> segments,
                     std::span<const AdaptedRows> adapters) {
  for (int64_t layer = 0; layer < blueprint_.num_layers; ++layer) {
    const AdaptedBlock adapted(blocks_[layer], adapters);
    const std::vector<Tensor> kv = CrossKeysAndValues(exec, adapted.parameters(), encoded);
    ops::StoreKeyValues(exec, kv[0], kv[1], AttentionSpecOf(blueprint_.attention, layer), segments);
  }
}

// `stack`: "" or "encoder.", which its parameters' names begin with.
Tensor Stack::Run(const Exec& exec, const Step& step, std::vector<BlockParameters>& blocks,
                  const std::string& stack) {
  const std::vector<int32_t> positions = PositionsOf(step.segments);
  PARVIS_CHECK(positions.size() == step.tokens.size());
  PARVIS_CHECK(step.adapters.empty() || !step.encoded.defined() ||
               step.encoded.dim(0) == static_cast<int64_t>(step.tokens.size()));
  BlockInput input{.segments = step.segments,
                   .rotation = {},
                   .alibi_slopes = alibi_slopes_,
                   .encoder = !stack.empty(),
                   .memories = step.memories,
                   .encoded = step.encoded};

  Tensor x = ops::Embed(exec, step.tokens, *Find("embedding.weight"));  // (rows, hidden_size)
  if (blueprint_.embedding_scale != 1.0f) x = ops::Scale(exec, x, blueprint_.embedding_scale);
  if (blueprint_.num_token_types > 0) {
    std::vector<int32_t> types(step.token_types.begin(), step.token_types.end());
    types.resize(step.tokens.size());  // 0 where none are given
    x = ops::Add(exec, x, ops::Embed(exec, types, *Find("token_type.weight")));
  }
  if (const auto* learned = std::get_if<LearnedPositions>(&blueprint_.positions)) {
    std::vector<int32_t> rows = positions;
    for (int32_t& row : rows) row += static_cast<int32_t>(learned->unused_rows);
    x = ops::Add(exec, x, ops::Embed(exec, rows, *Find("position.weight")));
  }
  if (std::holds_alternative<RotaryPositions>(blueprint_.positions)) {
    input.rotation = RotationOf(exec, frequencies_, positions);
  }
  if (const auto* relative = std::get_if<RelativePositions>(&blueprint_.positions)) {
    const ops::RelativeBuckets buckets{relative->buckets, relative->max_distance, input.encoder};
    int64_t reach = 0;
    for (const int32_t position : positions) reach = std::max<int64_t>(reach, position + 1);
    input.bias = ops::RelativeBias(exec, *Find(stack + "relative_bias.weight"), buckets, reach);
  }
  if (blueprint_.embedding_norm) {
    x = Normalise(exec, blueprint_.norm, NormOf("embedding_norm"), x);
  }
  exec.Observe(stack + "hidden.0", x);
  for (size_t layer = 0; layer < blocks.size(); ++layer) {
    if (exec.recording()) exec.tape().Mark(stack + std::to_string(layer));
    const auto run = exec.recording() && exec.recomputing() ? RecomputedBlock : Block;
    if (step.adapters.empty()) {
      x = run(exec, blueprint_, blocks[layer], input, static_cast<int64_t>(layer), x);
    } else {
      const AdaptedBlock adapted(blocks[layer], step.adapters);
      x = run(exec, blueprint_, adapted.parameters(), input, static_cast<int64_t>(layer), x);
    }
    exec.Observe(stack + "hidden." + std::to_string(layer + 1), x);
  }
  if (exec.recording()) exec.tape().Mark(stack + "final");
  if (blueprint_.norm_place == NormPlace::kBefore) {
    x = Normalise(exec, blueprint_.norm, NormOf(stack + "final_norm"), x);
  }
  exec.Observe(stack + "hidden.final", x);
  return x;
}

Tensor Stack::Logits(const Exec& exec, const Tensor& hidden) {
  return ApplyHead(exec, blueprint_, head_, hidden);
}

ops::Loss Stack::Loss(const Exec& exec, const Tensor& hidden, std::span<const int32_t> targets,
                      float grad_scale, std::span<float> each) {
  const Tensor x = BeforeOutput(exec, blueprint_, head_, hidden);
  return ops::LinearCrossEntropy(exec, x, head_.out, targets, grad_scale, each);
}

ops::Loss Stack::Loss(const Exec& exec, const Tensor& hidden, std::span<const int32_t> targets,
                      std::span<const float> grad_scales, std::span<float> each) {
  const Tensor x = BeforeOutput(exec, blueprint_, head_, hidden);
  return ops::LinearCrossEntropy(exec, x, head_.out, targets, grad_scales, each);
}

}  // namespace parvis::nn
