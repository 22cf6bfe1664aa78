#ifndef PARVIS_EVAL_PERPLEXITY_H_
#define PARVIS_EVAL_PERPLEXITY_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/nn/stack.h"
#include "parvis/text/tokenizer.h"

namespace parvis::eval {

// A text as a model reads it.
struct Document {
  std::vector<text::TokenId> tokens;
  int64_t bytes = 0;       // of the text
  bool has_begin = false;  // the first token stands before every text, so it carries nothing
};

// The tokeniser's first token if it puts one, the text, and the end token if there is one (a model
// that ends its texts must be able to predict that).
Document DocumentOf(const text::Tokenizer& tokenizer, std::string_view text);

// How well documents were predicted.
struct Prediction {
  int64_t documents = 0;
  int64_t bytes = 0;        // of their text, in UTF-8
  int64_t tokens = 0;       // that were predicted
  double nats = 0.0;        // sum of -log p over them
  int64_t unpredicted = 0;  // first tokens of texts that nothing stands before
  double uniform = 0.0;     // log(vocab_size): the nats of one of those

  double loss() const;        // nats a predicted token
  double perplexity() const;  // exp(loss)
  // What a coder that uses the model would spend, on the end tokens too: (nats + unpredicted *
  // uniform) / log(2) / bytes. Comparable between models whatever their tokenisers.
  double bits_per_byte() const;
};

struct PerplexityOptions {
  int64_t context_length = 0;  // 0: the model's own
  int64_t batch_rows = 2048;   // rows of a forward pass, about: several windows are one pass
};

// Adds documents up, one after the other; holds no more than a batch of them.
//
// A document longer than the context length is read in windows of that size, each half a window
// further than the one before. A token is predicted once, by the first window that holds it; so
// every token is predicted from all that stands before it in the document, or from at least half a
// context length of it. Documents never see each other. The sum does not depend on how windows are
// batched.
class Perplexity {
 public:
  // Refuses a context length of less than 2, or one that the model's learned positions do not have.
  // `stack` (packed) and `exec` must outlive the object.
  static Result<Perplexity> Create(nn::Stack& stack, const nn::Exec& exec,
                                   const PerplexityOptions& options);

  // Refuses tokens outside the vocabulary.
  Status Add(const Document& document);

  // Of all documents so far.
  Prediction Total();

 private:
  Perplexity(nn::Stack& stack, const nn::Exec& exec, int64_t context_length, int64_t batch_rows);
  void AddWindow(std::span<const text::TokenId> tokens, int64_t begin, int64_t end,
                 int64_t first_predicted);
  void Flush();

  nn::Stack* stack_;
  const nn::Exec* exec_;
  int64_t context_length_;
  int64_t batch_rows_;
  Prediction total_;
  // The windows that wait for the next forward pass, side by side.
  std::vector<int32_t> tokens_, targets_;  // target -1: predicted before
  std::vector<nn::Segment> segments_;
};

}  // namespace parvis::eval

#endif  // PARVIS_EVAL_PERPLEXITY_H_
