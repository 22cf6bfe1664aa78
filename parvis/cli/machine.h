#ifndef PARVIS_CLI_MACHINE_H_
#define PARVIS_CLI_MACHINE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "parvis/core/thread_pool.h"
#include "parvis/kernels/kernels.h"

namespace parvis::cli {

// What the operating system says of this machine. Empty or 0 where it does not say.
struct Machine {
  std::string processor;              // "AMD EPYC 7B13"
  std::vector<std::string> features;  // those of the processor's flags that kernels can use
  int processors = 0;                 // that this process may use
  int64_t memory_bytes = 0;
  int64_t available_bytes = 0;
  std::string huge_pages;  // of transparent huge pages: "always", "madvise", "never"
};
Machine ReadMachine();

// Bytes of main memory read per second by all threads of `pool` together: the best of some
// sequential passes over a buffer much larger than the caches. Takes about half a second.
double MeasureBandwidth(ThreadPool& pool);

// Multiplications and additions per second (two for each product) by all threads of `pool` on the
// numbers of `packing`, from registers alone: what no product of matrices can pass. The best of
// some passes, a fifth of a second together.
double MeasurePeak(ThreadPool& pool, kernels::Target target, kernels::Packing packing);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_MACHINE_H_
