#include "parvis/runtime/encoder.h"

#include <cmath>
#include <cstring>

#include "fmt/format.h"
#include "parvis/models/model.h"
#include "parvis/ops/embedding.h"

namespace parvis::runtime {
namespace {

void PoolRows(const Tensor& hidden, Pooling pooling, float* out) {
  const int64_t rows = hidden.dim(0), size = hidden.dim(1);
  if (pooling != Pooling::kMean) {
    const float* row = hidden.f32() + (pooling == Pooling::kCls ? 0 : (rows - 1) * size);
    std::memcpy(out, row, static_cast<size_t>(size) * sizeof(float));
    return;
  }
  for (int64_t i = 0; i < size; ++i) {
    double sum = 0;
    for (int64_t r = 0; r < rows; ++r) sum += double{hidden.f32()[r * size + i]};
    out[i] = static_cast<float>(sum / static_cast<double>(rows));
  }
}

void Normalise(std::span<float> x) {
  double square = 0;
  for (const float value : x) square += double{value} * double{value};
  if (square == 0) return;
  for (float& value : x) value = static_cast<float>(double{value} / std::sqrt(square));
}

}  // namespace

struct Encoder::Batch {
  Batch(size_t index, const nn::Adapter* adapter) : first(index), rows{adapter, 0, 0} {}

  void Add(const EncoderInput& input) {
    segments.push_back(
        {static_cast<int64_t>(tokens.size()), static_cast<int64_t>(input.tokens.size())});
    tokens.insert(tokens.end(), input.tokens.begin(), input.tokens.end());
    types.insert(types.end(), input.types.begin(), input.types.end());
    types.resize(tokens.size());
    rows.end = static_cast<int64_t>(tokens.size());
  }
  nn::Step step(bool with_types) const {
    return {.tokens = tokens,
            .segments = segments,
            .token_types = with_types ? std::span<const int32_t>(types) : std::span<int32_t>(),
            .adapters = adapted()};
  }
  // All rows, if there is an adapter.
  std::span<const nn::AdaptedRows> adapted() const {
    return {&rows, rows.adapter == nullptr ? size_t{0} : size_t{1}};
  }

  // The decoder's hidden states of the same tokens, each sequence moved by its start token.
  Tensor ReadTwice(const ops::Exec& exec, nn::Stack& stack) const {
    std::vector<int32_t> moved;
    for (const ops::Segment& segment : segments) {
      const auto begin = tokens.begin() + segment.begin;
      moved.push_back(static_cast<int32_t>(stack.blueprint().decoder_start_token));
      moved.insert(moved.end(), begin, begin + segment.count - 1);
    }
    const Tensor encoded = stack.Encode(exec, step(/*with_types=*/false));
    return stack.Forward(exec, {moved, segments, {}, segments, encoded, adapted()});
  }

  size_t first;  // its first input
  std::vector<int32_t> tokens, types;
  std::vector<ops::Segment> segments;  // one for each input
  nn::AdaptedRows rows;                // all of them
};

std::optional<Pooling> PoolingFromName(std::string_view name) {
  for (const Pooling pooling : {Pooling::kMean, Pooling::kCls, Pooling::kLast}) {
    if (PoolingName(pooling) == name) return pooling;
  }
  return std::nullopt;
}

Result<Pooling> PoolingOf(const models::Model& model) {
  const std::string& name = model.task.pooling;
  if (name.empty()) {
    const nn::Blueprint& blueprint = model.stack.blueprint();
    const bool decoder = blueprint.attention.causal && blueprint.encoder_layers == 0;
    return decoder ? Pooling::kLast : Pooling::kMean;
  }
  if (const auto pooling = PoolingFromName(name)) return *pooling;
  return Unimplemented(
      fmt::format("this model's embeddings are made by \"{}\", which Parvis does not compute; "
                  "mean, cls or last can be asked for",
                  name));
}

std::string_view PoolingName(Pooling pooling) {
  switch (pooling) {
    case Pooling::kMean:
      return "mean";
    case Pooling::kCls:
      return "cls";
    case Pooling::kLast:
      return "last";
  }
  return "";
}

int64_t Encoder::context_length() const { return model_.stack.blueprint().context_length; }

Status Encoder::Check(const EncoderInput& input) const {
  const nn::Blueprint& blueprint = model_.stack.blueprint();
  const auto size = static_cast<int64_t>(input.tokens.size());
  if (size == 0) return InvalidArgument("there is no token in it");
  if (size > blueprint.context_length) {
    return InvalidArgument(fmt::format("{} tokens are more than the {} that the model can take",
                                       size, blueprint.context_length));
  }
  if (!input.types.empty() && input.types.size() != input.tokens.size()) {
    return InvalidArgument(fmt::format("{} token types for {} tokens", input.types.size(), size));
  }
  for (const int32_t token : input.tokens) {
    if (token < 0 || token >= blueprint.vocab_size) {
      return InvalidArgument(
          fmt::format("there is no token {}; the vocabulary has {}", token, blueprint.vocab_size));
    }
  }
  if (blueprint.num_token_types < 2) return {};
  for (const int32_t type : input.types) {
    if (type < 0 || type >= blueprint.num_token_types) {
      return InvalidArgument(fmt::format("there is no token type {}; the model has {}", type,
                                         blueprint.num_token_types));
    }
  }
  return {};
}

Status Encoder::ForBatches(std::span<const EncoderInput> inputs,
                           const std::function<void(const Batch&)>& use) const {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Status status = Check(inputs[i]);
    if (!status.ok()) return inputs.size() == 1 ? status : status.In(fmt::format("text {}", i + 1));
  }
  for (size_t i = 0; i < inputs.size();) {
    Batch batch(i, options_.adapter);
    do {
      batch.Add(inputs[i++]);
    } while (i < inputs.size() &&
             static_cast<int64_t>(batch.tokens.size() + inputs[i].tokens.size()) <=
                 options_.max_rows);
    use(batch);
  }
  return {};
}

Status Encoder::Hidden(std::span<const EncoderInput> inputs, const UseHidden& use) const {
  const bool with_types = model_.stack.blueprint().num_token_types > 1;
  return ForBatches(inputs, [&](const Batch& batch) {
    const nn::Step step = batch.step(with_types);
    const Tensor hidden = model_.stack.blueprint().encoder_layers > 0
                              ? model_.stack.Encode(exec_, step)
                              : model_.stack.Forward(exec_, step);
    for (size_t i = 0; i < batch.segments.size(); ++i) {
      const ops::Segment& segment = batch.segments[i];
      use(batch.first + i, hidden.Rows(segment.begin, segment.begin + segment.count));
    }
  });
}

Status Encoder::Scores(std::span<const EncoderInput> inputs, const RowsOf& rows_of,
                       const UseHidden& use) const {
  const bool with_types = model_.stack.blueprint().num_token_types > 1;
  const bool two_stacks = model_.stack.blueprint().encoder_layers > 0;
  return ForBatches(inputs, [&](const Batch& batch) {
    std::vector<int64_t> rows, ends;
    for (size_t i = 0; i < batch.segments.size(); ++i) {
      for (const int64_t row : rows_of(batch.first + i)) {
        rows.push_back(batch.segments[i].begin + row);
      }
      ends.push_back(static_cast<int64_t>(rows.size()));
    }
    const Tensor hidden = two_stacks ? batch.ReadTwice(exec_, model_.stack)
                                     : model_.stack.Forward(exec_, batch.step(with_types));
    const Tensor scores = model_.stack.Logits(exec_, ops::SelectRows(exec_, hidden, rows));
    for (size_t i = 0; i < ends.size(); ++i) {
      use(batch.first + i, scores.Rows(i == 0 ? 0 : ends[i - 1], ends[i]));
    }
  });
}

Result<Tensor> Encoder::Embed(std::span<const EncoderInput> inputs, Pooling pooling,
                              bool normalize) const {
  const int64_t size = model_.stack.blueprint().hidden_size;
  const Tensor embeddings = Tensor::Empty({static_cast<int64_t>(inputs.size()), size});
  PARVIS_RETURN_IF_ERROR(Hidden(inputs, [&](size_t index, const Tensor& hidden) {
    float* out = embeddings.f32() + static_cast<int64_t>(index) * size;
    PoolRows(hidden, pooling, out);
    if (normalize) Normalise({out, static_cast<size_t>(size)});
  }));
  return embeddings;
}

}  // namespace parvis::runtime
