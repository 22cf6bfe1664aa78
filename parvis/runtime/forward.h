#ifndef PARVIS_RUNTIME_FORWARD_H_
#define PARVIS_RUNTIME_FORWARD_H_

#include <span>
#include <utility>
#include <vector>

#include "parvis/nn/stack.h"
#include "parvis/ops/exec.h"
#include "parvis/runtime/scheduler.h"

// The forward pass of one step of the engine: parts of sequences become rows side by side.
namespace parvis::runtime {

// What one forward pass yields: logits for the sequences that have no token left to compute.
struct Outcome {
  std::vector<Sequence*> sequences;
  Tensor logits;                                     // (sequences.size(), vocab_size)
  std::vector<std::pair<Sequence*, Status>> failed;  // whose prompt could not be scored
};

// Those that one adapter changes stand together then: so it is computed for their rows at once.
void GroupByAdapter(std::vector<Scheduler::Part>& parts);

// Of the sequences whose prompt an encoder has yet to read: reads it, and keeps what the decoder
// will see of it.
void EncodePrompts(const ops::Exec& exec, nn::Stack& stack, std::span<const Scheduler::Part> parts);

// Computes the parts, whose keys and values are in the sequences' pages then; scores prompts.
Outcome Forward(const ops::Exec& exec, nn::Stack& stack, std::span<const Scheduler::Part> parts);

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_FORWARD_H_
