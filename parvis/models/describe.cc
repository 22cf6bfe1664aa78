// The forward pass of a blueprint, unrolled in words: what nn/stack.cc and nn/block.cc will do.

#include <fmt/format.h>

#include "parvis/models/model.h"

namespace parvis::models {
namespace {

using nn::Blueprint;

std::string_view ActivationName(nn::Activation activation) {
  switch (activation) {
    case nn::Activation::kSilu:
      return "silu";
    case nn::Activation::kGeluTanh:
      return "gelu (tanh)";
    case nn::Activation::kGeluErf:
      return "gelu (erf)";
    case nn::Activation::kRelu:
      return "relu";
    case nn::Activation::kTanh:
      return "tanh";
  }
  return "";
}

class Writer {
 public:
  void Line(const std::string& name, const std::string& operation, const Shape& shape) {
    text_ += fmt::format("{:<28} {:<58} {}\n", name, operation, Rows(shape));
  }
  void Title(const std::string& title) { text_ += title + "\n"; }
  std::string Take() { return std::move(text_); }

 private:
  static std::string Rows(const Shape& shape) {
    std::string text = "(rows";
    for (const int64_t dim : shape) text += fmt::format(", {}", dim);
    return text + ")";
  }
  std::string text_;
};

std::string NormText(const nn::Norm& norm, const std::string& of) {
  return fmt::format("{}({}), epsilon {:g}{}",
                     norm.kind == nn::Norm::Kind::kRmsNorm ? "rms_norm" : "layer_norm", of,
                     norm.epsilon, norm.bias ? ", gain and bias" : ", gain");
}

std::string LinearText(const std::string& of, int64_t outputs, int64_t inputs, bool bias) {
  return fmt::format("{} · weight({}, {})ᵀ{}", of, outputs, inputs, bias ? " + bias" : "");
}

std::string RotaryText(const nn::RotaryPositions& rotary) {
  using Kind = nn::RopeScaling::Kind;
  std::string text =
      fmt::format("rotate {} of each head, theta {:g}", rotary.rotary_dim, rotary.theta);
  const char* kind = rotary.scaling.kind == Kind::kLinear     ? "linear"
                     : rotary.scaling.kind == Kind::kLlama3   ? "llama3"
                     : rotary.scaling.kind == Kind::kYarn     ? "yarn"
                     : rotary.scaling.kind == Kind::kDivisors ? "by divisors"
                                                              : nullptr;
  if (kind != nullptr) text += fmt::format(", scaling {} × {:g}", kind, rotary.scaling.factor);
  return text;
}

// The scores of a query and a key, and what is added to them.
std::string ScoresText(const Blueprint& b) {
  std::string text = "q·k";
  if (b.attention.scaled) text += fmt::format(" / √{}", b.attention.head_dim);
  if (std::holds_alternative<nn::AlibiPositions>(b.positions)) text += " - slope · distance";
  if (const auto* relative = std::get_if<nn::RelativePositions>(&b.positions)) {
    text += fmt::format(" + bias of distance, {} to {}", relative->buckets, relative->max_distance);
  }
  return text;
}

// q, k and v of one block, and what they make.
void DescribeAttention(const Blueprint& b, const std::string& in, bool causal, Writer& out) {
  const nn::Attention& a = b.attention;
  const int64_t q_size = a.num_heads * a.head_dim, kv_size = a.num_kv_heads * a.head_dim;
  out.Line("  q", LinearText(in, q_size, b.hidden_size, a.qkv_bias), {a.num_heads, a.head_dim});
  out.Line("  k", LinearText(in, kv_size, b.hidden_size, a.qkv_bias), {a.num_kv_heads, a.head_dim});
  out.Line("  v", LinearText(in, kv_size, b.hidden_size, a.qkv_bias), {a.num_kv_heads, a.head_dim});
  if (a.qk_norm) {
    out.Line("  q, k", fmt::format("rms_norm of each head, epsilon {:g}, gain", b.norm.epsilon),
             {a.num_heads, a.head_dim});
  }
  if (const auto* rotary = std::get_if<nn::RotaryPositions>(&b.positions)) {
    out.Line("  q, k", RotaryText(*rotary), {a.num_heads, a.head_dim});
  }
  out.Line(
      "  attended",
      fmt::format("{}softmax({}) · v{}, {} query heads on each k, v", causal ? "causal " : "",
                  ScoresText(b), a.window > 0 ? fmt::format(", last {} positions", a.window) : "",
                  a.num_heads / a.num_kv_heads),
      {a.num_heads, a.head_dim});
}

// A decoder's block looks at what the encoder yields.
void DescribeCrossAttention(const Blueprint& b, Writer& out) {
  const nn::Attention& a = b.attention;
  const int64_t q_size = a.num_heads * a.head_dim, kv_size = a.num_kv_heads * a.head_dim;
  const std::string once = ", once a prompt";
  out.Line("  c", NormText(b.norm, "x"), {b.hidden_size});
  out.Line("  q", LinearText("c", q_size, b.hidden_size, a.qkv_bias), {a.num_heads, a.head_dim});
  out.Line("  k", LinearText("memory", kv_size, b.hidden_size, a.qkv_bias) + once,
           {a.num_kv_heads, a.head_dim});
  out.Line("  v", LinearText("memory", kv_size, b.hidden_size, a.qkv_bias) + once,
           {a.num_kv_heads, a.head_dim});
  out.Line("  attended",
           a.scaled ? fmt::format("softmax(q·k / √{}) · v", a.head_dim) : "softmax(q·k) · v",
           {a.num_heads, a.head_dim});
  out.Line("  x", "x + " + LinearText("attended", b.hidden_size, q_size, a.out_bias),
           {b.hidden_size});
}

void DescribeBlock(const Blueprint& b, int64_t layer, bool encoder, Writer& out) {
  const Shape hidden{b.hidden_size};
  out.Title((encoder ? "encoder block " : "block ") + std::to_string(layer));
  const bool after = b.norm_place == nn::NormPlace::kAfter;
  if (!after) out.Line("  a", NormText(b.norm, "x"), hidden);
  DescribeAttention(b, after ? "x" : "a", b.attention.causal && !encoder, out);
  const nn::Attention& a = b.attention;
  const nn::FeedForward& f = b.feed_forward;
  const Shape wide{f.size};
  const std::string attended =
      LinearText("attended", b.hidden_size, a.num_heads * a.head_dim, a.out_bias);
  const bool sequential = b.residual == nn::Residual::kSequential;
  const bool shared = b.residual == nn::Residual::kParallelSharedNorm;
  if (sequential) {
    out.Line("  x", "x + " + attended, hidden);
  } else {
    out.Line("  y", attended, hidden);
  }
  if (b.encoder_layers > 0 && !encoder) DescribeCrossAttention(b, out);
  const std::string in = after ? "x" : shared ? "a" : "b";
  if (after) {
    out.Line("  x", NormText(b.norm, "x"), hidden);
  } else if (!shared) {
    out.Line("  b", NormText(b.norm, "x"), hidden);
  }
  if (f.gated) out.Line("  gate", LinearText(in, f.size, b.hidden_size, f.bias), wide);
  out.Line("  up", LinearText(in, f.size, b.hidden_size, f.bias), wide);
  out.Line("  wide",
           f.gated ? fmt::format("{}(gate) * up", ActivationName(f.activation))
                   : fmt::format("{}(up)", ActivationName(f.activation)),
           wide);
  out.Line("  x",
           (sequential ? "x + " : "x + y + ") + LinearText("wide", b.hidden_size, f.size, f.bias),
           hidden);
  if (after) out.Line("  x", NormText(b.norm, "x"), hidden);
}

std::string_view HeadTitle(const Blueprint& b) {
  switch (b.head.kind) {
    case nn::Head::Kind::kNone:
      return "no head";
    case nn::Head::Kind::kLanguage:
      return "head: language model";
    case nn::Head::Kind::kPooler:
      return "head: pooler, of the first row of each sequence";
    case nn::Head::Kind::kSequenceLabels:
      return b.attention.causal ? "head: labels of a sequence, of its last row"
                                : "head: labels of a sequence, of its first row";
    case nn::Head::Kind::kTokenLabels:
      return "head: labels of each token";
    case nn::Head::Kind::kSpan:
      return "head: first and last token of an answer";
  }
  return "";
}

// Tokens to the rows that the first block is given.
void DescribeEmbedding(const Blueprint& b, Writer& out) {
  const std::string scale =
      b.embedding_scale != 1.0f ? fmt::format("{:g} * ", b.embedding_scale) : "";
  out.Line(
      "x",
      fmt::format("{}row of embedding({}, {}) for each token", scale, b.vocab_size, b.hidden_size),
      {b.hidden_size});
  if (b.num_token_types > 0) {
    out.Line("x",
             fmt::format("x + row of token_type({}, {}) for each token", b.num_token_types,
                         b.hidden_size),
             {b.hidden_size});
  }
  if (const auto* learned = std::get_if<nn::LearnedPositions>(&b.positions)) {
    out.Line(
        "x",
        fmt::format("x + row of position({}, {}) for each position{}",
                    learned->unused_rows + b.context_length, b.hidden_size,
                    learned->unused_rows > 0 ? fmt::format(" + {}", learned->unused_rows) : ""),
        {b.hidden_size});
  }
  if (b.embedding_norm) out.Line("x", NormText(b.norm, "x"), {b.hidden_size});
}

// Decoders have their output matrix and no more to say.
void DescribeHead(const Blueprint& b, Writer& out) {
  using Kind = nn::Head::Kind;
  const Kind kind = b.head.kind;
  if (kind != Kind::kLanguage || b.head.dense) out.Title(std::string(HeadTitle(b)));
  std::string in = "hidden";
  if (b.head.dense) {
    in = "h";
    out.Line(in,
             fmt::format("{}({})", ActivationName(b.head.activation),
                         LinearText("hidden", b.hidden_size, b.hidden_size, true)),
             {b.hidden_size});
    if (kind == Kind::kLanguage) out.Line(in, NormText(b.norm, "h"), {b.hidden_size});
  }
  if (kind == Kind::kNone || kind == Kind::kPooler) return;
  const bool language = kind == Kind::kLanguage;
  if (b.output_scale != 1.0f) in = fmt::format("{:g} * {}", b.output_scale, in);
  out.Line(
      "logits",
      LinearText(in, nn::NumOutputs(b), b.hidden_size, language ? b.output_bias : b.head.out_bias) +
          (language && b.tied_embedding ? ", the embedding again" : ""),
      {nn::NumOutputs(b)});
}

}  // namespace

std::string Describe(const nn::Blueprint& b) {
  Writer out;
  const bool encoder = b.encoder_layers > 0;
  out.Title(fmt::format(
      "family {}: {}{} layers, hidden size {}, vocabulary {}, context length {}, {} parameters, "
      "{} multiplied per token{}",
      b.family, encoder ? fmt::format("{} encoder layers, ", b.encoder_layers) : "", b.num_layers,
      b.hidden_size, b.vocab_size, b.context_length, nn::NumParameters(b), nn::NumMultiplied(b),
      encoder ? fmt::format(" of the answer, {} of the prompt", nn::NumMultipliedByPrompt(b))
              : ""));
  if (encoder) {
    DescribeEmbedding(b, out);
    for (int64_t layer = 0; layer < b.encoder_layers; ++layer) DescribeBlock(b, layer, true, out);
    out.Line("memory", NormText(b.norm, "x"), {b.hidden_size});
  }
  DescribeEmbedding(b, out);
  for (int64_t layer = 0; layer < b.num_layers; ++layer) DescribeBlock(b, layer, false, out);
  if (b.norm_place == nn::NormPlace::kBefore) {
    out.Line("hidden", NormText(b.norm, "x"), {b.hidden_size});
  } else {
    out.Line("hidden", "x", {b.hidden_size});
  }
  DescribeHead(b, out);
  return out.Take();
}

}  // namespace parvis::models
