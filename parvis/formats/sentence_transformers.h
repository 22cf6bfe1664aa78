#ifndef PARVIS_FORMATS_SENTENCE_TRANSFORMERS_H_
#define PARVIS_FORMATS_SENTENCE_TRANSFORMERS_H_

#include <cstdint>
#include <string>

#include "parvis/core/json.h"
#include "parvis/core/result.h"

// The files that sentence-transformers adds to a Hugging Face folder.
namespace parvis::formats {

// How a sentence's embedding is made of the hidden states: `pooling` as 1_Pooling/config.json says
// ("mean", "cls", "last"; "" if there is no such file), `normalize` if modules.json ends with that
// step. A way or a step that is not one of these becomes a part of `pooling`'s text, so that it is
// refused by name where embeddings are asked for, and nowhere else.
struct SentencePooling {
  std::string pooling;
  bool normalize = false;
};
Result<SentencePooling> ReadSentencePooling(const std::string& folder);

// Writes both files. REQUIRES: the folder is there.
Status WriteSentencePooling(const std::string& folder, const SentencePooling& pooling,
                            int64_t hidden_size);

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_SENTENCE_TRANSFORMERS_H_
