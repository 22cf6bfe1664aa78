#ifndef PARVIS_RUNTIME_SENTENCE_CHOICE_H_
#define PARVIS_RUNTIME_SENTENCE_CHOICE_H_

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/runtime/encoder.h"

// A summary that a model without a decoder makes: sentences of the text itself, whose embeddings
// are nearest to the mean of all ("Centroid-based summarization of multiple documents", Radev et
// al., 2004, with embeddings for words). It says nothing that the text does not.
namespace parvis::runtime {

struct SentenceChoice {
  std::vector<double> scores;  // of each sentence: cosine to the mean, earlier ones preferred a bit
  std::vector<size_t> chosen;  // places in `scores`, in the text's order
  std::string text;            // the chosen ones, a space between them
};

// The sentences that may be chosen: whole ones that end as such do, not headings, rows of tables or
// parts of what is longer than the model's context; lines of a paragraph that was broken to a width
// are put together (text/unwrap.h). Where there is none, all that there is.
// REQUIRES: a tokeniser.
std::vector<std::string> SentencesOf(const models::Model& model, std::string_view text);

// `vectors` (sentences, dimensions), each of length 1, one after another. The `count` best, without
// those that say nearly the same as a better one; 0: a fifth of all, one at least and five at most.
SentenceChoice ChooseSentences(const std::vector<std::string>& sentences,
                               std::span<const float> vectors, size_t count);

// All of that. kCancelled as soon as `cancelled` says so.
Result<SentenceChoice> SummarizeByChoice(const Encoder& encoder,
                                         const std::vector<std::string>& sentences, size_t count,
                                         const std::function<bool()>& cancelled);

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_SENTENCE_CHOICE_H_
