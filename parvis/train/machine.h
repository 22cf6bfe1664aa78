#ifndef PARVIS_TRAIN_MACHINE_H_
#define PARVIS_TRAIN_MACHINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parvis::train {

// What the run ledger tells about the computer.
struct Machine {
  std::string cpu;  // "AMD EPYC …"; empty: neither the processor nor the system tells
  int cores = 0;    // that this process may use
  int64_t memory_bytes = 0;
};
Machine ThisMachine();

// A processor's name: what it calls itself (`brand`, perhaps empty or padded), else what it is, as
// in "AMD family 26 model 2".
std::string ProcessorName(std::string_view brand, std::string_view vendor, int family, int model);

// Seconds of processor time that this process has used, all threads.
double CpuSeconds();

// Energy of the first processor package, from the kernel's RAPL counter (powercap). The counter
// belongs to the whole machine and wraps after some hours: call Sample() every minute or so.
class EnergyMeter {
 public:
  EnergyMeter();
  void Sample();
  // Joules since the meter was made; none where the counter cannot be read.
  std::optional<double> joules() const;

 private:
  std::optional<double> Microjoules() const;
  std::optional<double> last_;
  double range_ = 0.0;
  double joules_ = 0.0;
};

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_MACHINE_H_
