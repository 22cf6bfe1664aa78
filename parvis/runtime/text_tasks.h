#ifndef PARVIS_RUNTIME_TEXT_TASKS_H_
#define PARVIS_RUNTIME_TEXT_TASKS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/nn/blueprint.h"
#include "parvis/runtime/encoder.h"
#include "parvis/runtime/spans.h"
#include "parvis/runtime/token_labels.h"
#include "parvis/text/tokenizer.h"

// From texts to what a model's head says of them, as the pipelines of transformers do it. Each
// refuses a model without the right head (naming the command for the head that it has) and one
// without a tokeniser. Results stand in the order of the texts.
namespace parvis::runtime {

// Whether the model has the head (decoders may have labels of texts, nothing else) and a tokeniser.
Status CheckHead(const models::Model& model, nn::Head::Kind wanted);

// Tokens with those of begin and end; what is written like a special token stays text unless
// `parse_special`.
Result<std::vector<EncoderInput>> InputsOf(const models::Model& model,
                                           std::span<const std::string> texts,
                                           bool parse_special = false);
// Of each text and its second one. REQUIRES: as many of these as of those.
Result<std::vector<EncoderInput>> PairInputsOf(const models::Model& model,
                                               std::span<const std::string> texts,
                                               std::span<const std::string> pairs);

// A token in the place of a mask.
struct Filling {
  int32_t token = 0;
  std::string token_text;
  double score = 0;
  std::string text;  // the whole text with it; other masks stay
};
// The `count` likeliest for every mask of every text. Masks are written as the tokeniser's mask
// token ("[MASK]", "<mask>"); a text without one is refused.
Result<std::vector<std::vector<std::vector<Filling>>>> FillMasks(const Encoder& encoder,
                                                                 std::span<const std::string> texts,
                                                                 size_t count);

struct LabelScore {
  std::string label;
  double score = 0;  // a probability but for regressions
};
// The `count` likeliest labels of each text; with `pairs`, as many as texts, of each text and its
// second one, put together as the tokeniser says (a premise and what may follow from it).
Result<std::vector<std::vector<LabelScore>>> Classify(const Encoder& encoder,
                                                      std::span<const std::string> texts,
                                                      size_t count,
                                                      std::span<const std::string> pairs = {});

// What each text's tokens are labelled, but for "O".
Result<std::vector<std::vector<LabelledRange>>> LabelTokens(const Encoder& encoder,
                                                            std::span<const std::string> texts,
                                                            Aggregation aggregation);

struct AnswerOptions {
  size_t count = 1;
  size_t max_tokens = 15;  // of an answer
  size_t window = 384;     // tokens of question and text that are looked at together, at most
  size_t stride = 128;     // tokens that neighbouring windows share; at most half a window
};
struct Answers {
  std::vector<Answer> best;  // first
  double no_answer = 0.0;    // NoAnswerScore: above 0 a model that knows SQuAD 2.0 would say none
};
// Parts of `text` that answer the question. A long text is looked at in windows; a question that
// leaves no room for it is refused.
Result<Answers> FindAnswers(const Encoder& encoder, const std::string& question,
                            const std::string& text, const AnswerOptions& options = {});

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_TEXT_TASKS_H_
