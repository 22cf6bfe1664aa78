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

void DescribeBlock(const Blueprint& b, int64_t layer, Writer& out) {
  const nn::Attention& a = b.attention;
  const int64_t q_size = a.num_heads * a.head_dim, kv_size = a.num_kv_heads * a.head_dim;
  const std::string n = std::to_string(layer);
  const Shape hidden{b.hidden_size};
  out.Title("block " + n);
  out.Line("  a", NormText(b.norm, "x"), hidden);
  out.Line("  q", LinearText("a", q_size, b.hidden_size, a.qkv_bias), {a.num_heads, a.head_dim});
  out.Line("  k", LinearText("a", kv_size, b.hidden_size, a.qkv_bias),
           {a.num_kv_heads, a.head_dim});
  out.Line("  v", LinearText("a", kv_size, b.hidden_size, a.qkv_bias),
           {a.num_kv_heads, a.head_dim});
  if (a.qk_norm) {
    out.Line("  q, k", fmt::format("rms_norm of each head, epsilon {:g}, gain", b.norm.epsilon),
             {a.num_heads, a.head_dim});
  }
  if (const auto* rotary = std::get_if<nn::RotaryPositions>(&b.positions)) {
    out.Line("  q, k", RotaryText(*rotary), {a.num_heads, a.head_dim});
  }
  const bool alibi = std::holds_alternative<nn::AlibiPositions>(b.positions);
  out.Line("  attended",
           fmt::format("causal softmax(q·k / √{}{}) · v{}, {} query heads on each k, v", a.head_dim,
                       alibi ? " - slope · distance" : "",
                       a.window > 0 ? fmt::format(", last {} positions", a.window) : "",
                       a.num_heads / a.num_kv_heads),
           {a.num_heads, a.head_dim});
  const nn::FeedForward& f = b.feed_forward;
  const Shape wide{f.size};
  const std::string attended = LinearText("attended", b.hidden_size, q_size, a.out_bias);
  const bool sequential = b.residual == nn::Residual::kSequential;
  const bool shared = b.residual == nn::Residual::kParallelSharedNorm;
  if (sequential) {
    out.Line("  x", "x + " + attended, hidden);
  } else {
    out.Line("  y", attended, hidden);
  }
  const std::string in = shared ? "a" : "b";
  if (!shared) out.Line("  b", NormText(b.norm, "x"), hidden);
  if (f.gated) out.Line("  gate", LinearText(in, f.size, b.hidden_size, f.bias), wide);
  out.Line("  up", LinearText(in, f.size, b.hidden_size, f.bias), wide);
  out.Line("  wide",
           f.gated ? fmt::format("{}(gate) * up", ActivationName(f.activation))
                   : fmt::format("{}(up)", ActivationName(f.activation)),
           wide);
  out.Line("  x",
           (sequential ? "x + " : "x + y + ") + LinearText("wide", b.hidden_size, f.size, f.bias),
           hidden);
}

}  // namespace

std::string Describe(const nn::Blueprint& b) {
  Writer out;
  out.Title(fmt::format(
      "family {}: {} layers, hidden size {}, vocabulary {}, context length {}, {} parameters, "
      "{} multiplied per token",
      b.family, b.num_layers, b.hidden_size, b.vocab_size, b.context_length, nn::NumParameters(b),
      nn::NumMultiplied(b)));
  out.Line("x", fmt::format("row of embedding({}, {}) for each token", b.vocab_size, b.hidden_size),
           {b.hidden_size});
  if (std::holds_alternative<nn::LearnedPositions>(b.positions)) {
    out.Line("x",
             fmt::format("x + row of position({}, {}) for each position", b.context_length,
                         b.hidden_size),
             {b.hidden_size});
  }
  if (b.embedding_norm) out.Line("x", NormText(b.norm, "x"), {b.hidden_size});
  for (int64_t layer = 0; layer < b.num_layers; ++layer) DescribeBlock(b, layer, out);
  out.Line("hidden", NormText(b.norm, "x"), {b.hidden_size});
  out.Line("logits",
           LinearText("hidden", b.vocab_size, b.hidden_size, b.output_bias) +
               (b.tied_embedding ? ", the embedding again" : ""),
           {b.vocab_size});
  return out.Take();
}

}  // namespace parvis::models
