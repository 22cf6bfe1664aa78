#ifndef PARVIS_EVAL_SCORER_H_
#define PARVIS_EVAL_SCORER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/models/model.h"

namespace parvis::eval {

// A text whose end is scored: log p(continuation | context). An empty context: the whole text is.
struct Passage {
  std::string context, continuation;
  std::string where = {};  // it came from, for refusals
};

struct PassageScore {
  double log_likelihood = 0;  // nats; the sum over `tokens`
  int64_t tokens = 0;         // that were scored
  bool likeliest = true;      // each of them is the likeliest in its place (if asked for)
  bool cut = false;           // the context's beginning did not fit
};

// The log-likelihood of texts under any model with a language head:
//   decoders: the sum of log p(token | tokens before it). Context and continuation are encoded as
//     one text; a token belongs to the continuation if it ends after the context does. The first
//     token stands before it if the tokeniser puts one; where nothing else would stand before the
//     text, the vocabulary's first token does, or else its end token (so GPT-2); where there is
//     none either, the text's own first token is not scored.
//   masked models: the pseudo-log-likelihood (Salazar et al., "Masked Language Model Scoring",
//     2020): each token of the continuation is masked in turn and predicted from all others.
//   encoder and decoder: the encoder reads the context (with its end token), the decoder is scored
//     on the continuation, without an end token.
// Too long a context loses its beginning (PassageScore::cut); a continuation is never cut.
//
// Used by one thread at a time.
class Scorer {
 public:
  // Refuses a model without a language head, a tokeniser, or (masked) a mask token. `model`, which
  // is packed, and `exec` must outlive the scorer. `max_rows`: of a forward pass, about.
  static Result<Scorer> Create(models::Model& model, const ops::Exec& exec,
                               int64_t max_rows = 2048);

  // Called with the number of passages that are done; false: leave with kCancelled.
  using Progress = std::function<bool(size_t done)>;

  // In order; what a passage scores does not depend on those beside it. `likeliest`: that field is
  // wanted. Refuses a continuation that does not fit or has no token, with its `where`.
  Result<std::vector<PassageScore>> Score(std::span<const Passage> passages, bool likeliest,
                                          const Progress& progress = nullptr);

 private:
  enum class Kind { kDecoder, kMasked, kEncoderDecoder };
  // One sequence of a forward pass, and which of its rows are held against what.
  struct Item {
    size_t passage = 0;
    std::vector<int32_t> tokens, encoder;
    std::vector<int64_t> rows;
    std::vector<int32_t> targets;
  };

  Scorer(models::Model& model, const ops::Exec& exec, Kind kind, int64_t max_rows)
      : model_(&model), exec_(&exec), kind_(kind), max_rows_(max_rows) {}
  int64_t context_length() const { return model_->stack.blueprint().context_length; }
  std::optional<int32_t> FirstToken(const Passage& passage) const;
  Result<bool> Plan(const Passage& passage, size_t index, std::vector<Item>& items) const;
  Result<bool> PlanDecoder(const Passage& passage, Item item, std::vector<Item>& items) const;
  Result<bool> PlanMasked(const Passage& passage, Item item, std::vector<Item>& items) const;
  Result<bool> PlanEncoderDecoder(const Passage& passage, Item item,
                                  std::vector<Item>& items) const;
  void Run(std::span<const Item> items, bool likeliest, std::span<PassageScore> scores) const;

  models::Model* model_;
  const ops::Exec* exec_;
  Kind kind_;
  int64_t max_rows_;
};

}  // namespace parvis::eval

#endif  // PARVIS_EVAL_SCORER_H_
