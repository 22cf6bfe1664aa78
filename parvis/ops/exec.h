#ifndef PARVIS_OPS_EXEC_H_
#define PARVIS_OPS_EXEC_H_

#include <functional>
#include <string>

#include "parvis/core/thread_pool.h"
#include "parvis/kernels/kernels.h"
#include "parvis/ops/tape.h"
#include "parvis/tensor/tensor.h"

namespace parvis::ops {

// Where and how ops run: which threads, which kernels, and whether what they do is recorded so that
// gradients can be computed. Every op takes one as its first argument; nothing above `ops` knows
// which kernels run or where numbers live.
//
// An Exec is used by one thread at a time (it shares its work over `pool` itself).
class Exec {
 public:
  // Eager: compute and forget.
  Exec(ThreadPool& pool, const kernels::Table& kernels) : pool_(pool), kernels_(kernels) {}
  // Recording: compute, and write what backward needs on `tape`. Keep the Exec until the tape's
  // RunBackward has returned.
  Exec(ThreadPool& pool, const kernels::Table& kernels, Tape* tape)
      : pool_(pool), kernels_(kernels), tape_(tape) {}

  ThreadPool& pool() const { return pool_; }
  const kernels::Table& kernels() const { return kernels_; }
  bool recording() const { return tape_ != nullptr; }
  Tape& tape() const { return *tape_; }

  // Whether a stack keeps only what goes into each of its blocks, and computes the rest of a block
  // again when backward comes to it (activation checkpointing, Chen et al. 2016): a third more
  // operations for a fraction of the memory. Only asked when recording.
  void set_recomputing(bool recomputing) { recomputing_ = recomputing; }
  bool recomputing() const { return recomputing_; }

  // Is told of named intermediate results ("hidden.3", "attention.3") as they are made. Attention
  // weights are computed only if one is set. For `parvis inspect`.
  using Observer = std::function<void(const std::string& name, const Tensor& value)>;
  void set_observer(Observer observer) { observer_ = std::move(observer); }
  bool observed() const { return static_cast<bool>(observer_); }
  void Observe(const std::string& name, const Tensor& value) const {
    if (observer_) observer_(name, value);
  }

 private:
  ThreadPool& pool_;
  const kernels::Table& kernels_;
  Tape* tape_ = nullptr;
  bool recomputing_ = false;
  Observer observer_;
};

}  // namespace parvis::ops

#endif  // PARVIS_OPS_EXEC_H_
