#ifndef PARVIS_CLI_FLAGS_H_
#define PARVIS_CLI_FLAGS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "parvis/cli/console.h"
#include "parvis/cli/flag_set.h"
#include "parvis/core/thread_pool.h"
#include "parvis/models/model.h"
#include "parvis/ops/exec.h"

namespace parvis::cli {

// --json and --quiet, which every command has.
void AddOutputFlags(FlagSet& flags, Console& console);

// --threads and --kernels: what computes.
struct ComputeFlags {
  int threads = 0;  // 0: all that this process may use
  std::string kernels;

  void AddTo(FlagSet& flags);
};

// Threads and kernels made from the flags. Moves with its pool; outlives what it hands out.
class Compute {
 public:
  static Result<Compute> Make(const ComputeFlags& flags);

  ThreadPool& pool() const { return *pool_; }
  const kernels::Table& kernels() const { return *kernels_; }
  ops::Exec exec() const { return ops::Exec(*pool_, *kernels_); }
  std::string_view kernels_name() const { return kernels::TargetName(kernels_->target); }

 private:
  Compute(std::unique_ptr<ThreadPool> pool, const kernels::Table* kernels)
      : pool_(std::move(pool)), kernels_(kernels) {}
  std::unique_ptr<ThreadPool> pool_;
  const kernels::Table* kernels_;
};

// Processors that this process may run on.
int AvailableThreads();

// --model, --dtype and --adapter: which weights, in which numbers they are computed, and what
// changes them.
struct ModelFlags {
  std::string model;
  std::string dtype;
  std::string adapter;  // empty: none

  // The model is the first word too.
  void AddTo(FlagSet& flags, bool required = true);
  // The model by --model only; see TaskWords.
  Flag AddNamed(FlagSet& flags, const std::string& otherwise);
  Result<models::Model> Load(const Compute& compute) const;

 private:
  void AddOthers(FlagSet& flags);
};

// "f32", "bf16" or "q8_0"; none for "".
Result<std::optional<ops::Packing>> PackingFromName(const std::string& name);
std::string_view PackingName(ops::Packing packing);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_FLAGS_H_
