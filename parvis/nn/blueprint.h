#ifndef PARVIS_NN_BLUEPRINT_H_
#define PARVIS_NN_BLUEPRINT_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "parvis/ops/activation.h"

namespace parvis::nn {

using ops::Activation;

// A blueprint is a model without its weights: which blocks, of which sizes. Families
// (parvis/models) yield one from a configuration; stack.cc walks it. Words are Hugging Face's
// (docs/glossary.md).

struct Norm {
  enum class Kind { kLayerNorm, kRmsNorm };
  Kind kind = Kind::kRmsNorm;
  float epsilon = 1e-5f;
  bool bias = false;  // LayerNorm only
};

// How rotary frequencies are changed for contexts longer than the original one. Fields as in
// Hugging Face's rope_scaling.
struct RopeScaling {
  enum class Kind { kNone, kLinear, kLlama3, kYarn, kDivisors };
  Kind kind = Kind::kNone;
  float factor = 1.0f;
  float low_freq_factor = 1.0f;   // llama3
  float high_freq_factor = 4.0f;  // llama3
  float beta_fast = 32.0f;        // yarn
  float beta_slow = 1.0f;         // yarn
  float attention_factor = 0.0f;  // yarn; 0: computed from factor
  int64_t original_context_length = 0;
  std::vector<float> divisors;  // divisors: one per rotated pair, as in GGUF's rope_freqs tensor
};

struct RotaryPositions {
  float theta = 10000.0f;
  int64_t rotary_dim = 0;  // ≤ head_dim
  RopeScaling scaling;
};
// A table "position.weight" (unused_rows + context_length, hidden_size) at the bottom.
struct LearnedPositions {
  int64_t unused_rows = 0;  // the first row that a token reads (RoBERTa: 2)
};
// Scores fall with the distance between query and key, at a slope of each head's own: ALiBi (Press,
// Smith and Lewis, "Train Short, Test Long", 2022).
struct AlibiPositions {
  float max_bias = 8.0f;  // the first of 2^n heads has the slope 2^(-max_bias / 2^n)
};
// Scores get a learned number for the distance between key and query; far distances share one
// (ops/relative_bias.h). A table (buckets, num_heads) for all blocks of a stack.
struct RelativePositions {
  int64_t buckets = 32;
  int64_t max_distance = 128;
};
using Positions =
    std::variant<RotaryPositions, LearnedPositions, AlibiPositions, RelativePositions>;

struct Attention {
  int64_t num_heads = 0;
  int64_t num_kv_heads = 0;
  int64_t head_dim = 0;
  bool qkv_bias = false;
  bool out_bias = false;
  bool qk_norm = false;  // an RMSNorm of each query and key head, before rotation
  bool causal = true;    // a row sees no later one; else all rows of its sequence
  int64_t window = 0;    // a row sees the last `window` positions, its own among them; 0: all
  bool scaled = true;    // scores are divided by the square root of head_dim
};

// How attention and feed-forward join the residual stream.
enum class Residual {
  kSequential,         // x += attention(norm(x)); x += feed_forward(norm'(x))
  kParallel,           // x += attention(norm(x)) + feed_forward(norm'(x))
  kParallelSharedNorm  // x += attention(norm(x)) + feed_forward(norm(x))
};

// Where the norms of a block stand. After each sum: x = norm(x + attention(x)); x = norm'(x +
// feed_forward(x)); then there is no final norm. REQUIRES there: Residual::kSequential.
enum class NormPlace { kBefore, kAfter };

struct FeedForward {
  int64_t size = 0;
  Activation activation = Activation::kSilu;
  bool gated = false;
  bool bias = false;
};

// What is made of the last hidden states: `dense` (hidden_size, hidden_size) and an activation
// where there is one, a norm after it in a language head, and a matrix of outputs but in a pooler.
// All work row by row; of kPooler and kSequenceLabels one row of a sequence counts: the first, or
// the last where rows do not see later ones.
struct Head {
  enum class Kind {
    kNone,
    kLanguage,        // scores of the vocabulary
    kPooler,          // dense and activation only
    kSequenceLabels,  // scores of labels, for the whole sequence
    kTokenLabels,     // scores of labels, for each token
    kSpan             // 2 for each token: an answer begins, ends here
  };
  Kind kind = Kind::kLanguage;
  bool dense = false;
  Activation activation = Activation::kTanh;
  int64_t num_labels = 0;  // of the two kinds with labels
  bool out_bias = true;    // of the matrix of labels or spans
};

struct Blueprint {
  std::string family;  // "llama", "gpt2", …: the name of a models::Family
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t num_layers = 0;  // of the decoder, if there is an encoder too
  int64_t context_length = 0;
  // > 0: blocks of an encoder, the same as the decoder's but that each row sees all others; every
  // block of the decoder then looks at what the encoder yields, between its own attention and its
  // feed-forward (Stack::Encode).
  int64_t encoder_layers = 0;
  int64_t decoder_start_token = 0;  // what an answer begins with, if there is an encoder
  Positions positions;
  int64_t num_token_types = 0;  // rows of "token_type.weight"; 0: none
  Norm norm;                    // of every norm but those of q and k
  NormPlace norm_place = NormPlace::kBefore;
  bool embedding_norm = false;   // one more, right after the embedding
  float embedding_scale = 1.0f;  // multiplies the rows that tokens look up
  Attention attention;
  FeedForward feed_forward;
  Residual residual = Residual::kSequential;
  Head head;
  bool tied_embedding = false;  // a language head's output matrix is the embedding
  bool output_bias = false;     // of a language head's output matrix
  float output_scale = 1.0f;    // multiplies hidden states before it, in a head without `dense`
};

// One learned tensor that a blueprint asks for.
struct ParameterSpec {
  enum class Role { kMatrix, kEmbedding, kGain, kBias };
  std::string name;  // "embedding.weight", "3.attention.q.weight", "final_norm.weight"
  Shape shape;
  Role role;
  bool residual = false;  // writes into the residual stream (initialised smaller, as GPT-2 does)
};

// All parameters, bottom to top; those of an encoder are called "encoder.…" and come first. Sizes
// are checked by models/ before.
std::vector<ParameterSpec> ParametersOf(const Blueprint& blueprint);

// What the parameters of such a head begin with: "lm_head", "sequence_labels"; "" if none.
std::string HeadName(Head::Kind kind);

// Numbers that the head gives for a row.
int64_t NumOutputs(const Blueprint& blueprint);

// Parameters of all, and of those that a token is multiplied with (all matrices, the output matrix
// even if tied; not the embedding that is only looked up).
int64_t NumParameters(const Blueprint& blueprint);
int64_t NumMultiplied(const Blueprint& blueprint);
// Of these, the head's: the output matrix, and a dense part before it.
int64_t NumMultipliedByHead(const Blueprint& blueprint);
// With an encoder those above are of a token of the answer; these are of a token of the prompt: the
// encoder's matrices, and the decoder's that make keys and values of what it yields.
int64_t NumMultipliedByPrompt(const Blueprint& blueprint);
bool IsMultipliedByPrompt(const std::string& parameter);

}  // namespace parvis::nn

#endif  // PARVIS_NN_BLUEPRINT_H_
