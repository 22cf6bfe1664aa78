#ifndef PARVIS_RUNTIME_PROMPT_SCORES_H_
#define PARVIS_RUNTIME_PROMPT_SCORES_H_

#include <cstdint>

#include "parvis/core/status.h"
#include "parvis/nn/stack.h"
#include "parvis/runtime/sequence.h"

namespace parvis::runtime {

// Adds to the sequence's scores what the rows [begin, begin + count) of `hidden` say of its prompt:
// they are those of its last `count` computed tokens, and each tells how likely the next one is.
// What is scored already (the sequence was computed before, and gave way) stays as it is. Refuses
// numbers that are not finite.
Status ScorePrompt(const ops::Exec& exec, nn::Stack& stack, const Tensor& hidden, int64_t begin,
                   int64_t count, Sequence& sequence);

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_PROMPT_SCORES_H_
