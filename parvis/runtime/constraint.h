#ifndef PARVIS_RUNTIME_CONSTRAINT_H_
#define PARVIS_RUNTIME_CONSTRAINT_H_

#include <cstdint>
#include <memory>
#include <span>

#include "parvis/core/result.h"

namespace parvis::runtime {

// Where one answer stands in what it may be. A sequence has its own; it knows only the tokens that
// it was told, so giving way and being computed again leaves it as it is. Not synchronised.
class ConstraintState {
 public:
  virtual ~ConstraintState() = default;

  // Sets the logits of all tokens that cannot follow to -infinity. End tokens stay where the answer
  // may end. At least one token stays, or the status says why none can follow.
  virtual Status Mask(std::span<float> logits) = 0;

  // The token that was chosen. REQUIRES: Mask left it.
  virtual void Accept(int32_t token) = 0;

  // The answer is whole, and nothing can follow: the engine ends it without asking for an end
  // token.
  virtual bool Finished() const = 0;
};

// What an answer may be (parvis/grammar makes them of JSON schemas). Immutable, shared by any
// number of requests and threads.
class Constraint {
 public:
  virtual ~Constraint() = default;
  // Of an empty answer. The state may outlive the constraint.
  virtual std::unique_ptr<ConstraintState> Begin() const = 0;
};

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_CONSTRAINT_H_
