#ifndef PARVIS_RUNTIME_ENCODER_H_
#define PARVIS_RUNTIME_ENCODER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/ops/exec.h"
#include "parvis/tensor/tensor.h"

namespace parvis::models {
struct Model;
}
namespace parvis::nn {
class Adapter;
}

namespace parvis::runtime {

// One sequence, with the tokens of begin and end that the model wants.
struct EncoderInput {
  std::vector<int32_t> tokens;
  std::vector<int32_t> types;  // as long, or empty: all 0. Models with one type or none ignore them
};

// What of a sequence's hidden states becomes its embedding.
enum class Pooling { kMean, kCls, kLast };
std::optional<Pooling> PoolingFromName(std::string_view name);  // "mean", "cls", "last"
std::string_view PoolingName(Pooling pooling);
// As the model's file says, else what is usual: the mean of all tokens, of decoders the last one.
// Refuses a model whose file says something that Parvis does not compute.
Result<Pooling> PoolingOf(const models::Model& model);

struct EncoderOptions {
  int64_t max_rows = 2048;               // of one forward pass, if a single sequence has not more
  const nn::Adapter* adapter = nullptr;  // of the model; outlives the encoder; null: none
};

// Runs whole sequences through a model, several in one forward pass, side by side without padding.
// What comes out for a sequence depends neither on those beside it nor on the threads. Decoders are
// welcome for their embeddings, and so are models with both: for those of their encoder.
//
// Used by one thread at a time.
class Encoder {
 public:
  // `model` and `exec` must outlive the encoder.
  Encoder(models::Model& model, const ops::Exec& exec, const EncoderOptions& options = {})
      : model_(model), exec_(exec), options_(options) {}

  const models::Model& model() const { return model_; }
  int64_t context_length() const;

  // Refuses an empty sequence, one longer than the context (nothing is ever cut), and tokens that
  // are not in the vocabulary.
  Status Check(const EncoderInput& input) const;

  // Calls back in order: `hidden` (tokens, hidden_size) is valid until the callback returns. All
  // inputs are checked before the first is computed.
  using UseHidden = std::function<void(size_t index, const Tensor& hidden)>;
  Status Hidden(std::span<const EncoderInput> inputs, const UseHidden& use) const;

  // What the model's head makes of some rows of each sequence, at least one: (rows, outputs). In a
  // model with an encoder and a decoder the decoder reads what the encoder reads, from the start
  // token on, as transformers' classifiers have it.
  using RowsOf = std::function<std::vector<int64_t>(size_t index)>;
  Status Scores(std::span<const EncoderInput> inputs, const RowsOf& rows_of,
                const UseHidden& use) const;

  // (inputs, hidden_size), each of length 1 if `normalize`. Lengths and means are summed in double.
  Result<Tensor> Embed(std::span<const EncoderInput> inputs, Pooling pooling, bool normalize) const;

 private:
  struct Batch;  // some inputs side by side
  Status ForBatches(std::span<const EncoderInput> inputs,
                    const std::function<void(const Batch&)>& use) const;

  models::Model& model_;
  const ops::Exec& exec_;
  EncoderOptions options_;
};

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_ENCODER_H_
