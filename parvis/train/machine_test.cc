#include "parvis/train/machine.h"

#include <fstream>

#include "gtest/gtest.h"

namespace parvis::train {
namespace {

TEST(Machine, AProcessorHasAlwaysAName) {
  EXPECT_EQ(ProcessorName("  AMD EPYC 7B13   ", "AuthenticAMD", 25, 1), "AMD EPYC 7B13");
  EXPECT_EQ(ProcessorName("", "AuthenticAMD", 26, 2), "AMD family 26 model 2");
  EXPECT_EQ(ProcessorName("    ", "GenuineIntel", 6, 143), "Intel family 6 model 143");
  EXPECT_EQ(ProcessorName("", "HygonGenuine", 24, 1), "HygonGenuine family 24 model 1");
}

// The kernel reads the same registers; "unknown" is its word for a processor without a name.
TEST(Machine, TheNameIsTheKernels) {
  const std::string name = ThisMachine().cpu;
#if defined(__x86_64__)
  EXPECT_FALSE(name.empty());
#endif
  std::ifstream file("/proc/cpuinfo");
  std::string vendor, family, model, brand;
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const std::string key = line.substr(0, line.find_first_of("\t:"));
    const size_t colon = line.find(": ");
    const std::string value = colon == std::string::npos ? "" : line.substr(colon + 2);
    if (key == "vendor_id") vendor = value;
    if (key == "cpu family") family = value;
    if (key == "model") model = value;
    if (key == "model name") brand = value;
  }
  if (vendor.empty() || family.empty() || model.empty()) GTEST_SKIP() << "the kernel does not tell";
  if (brand == "unknown") brand = "";
  EXPECT_EQ(name, ProcessorName(brand, vendor, std::stoi(family), std::stoi(model)));
}

}  // namespace
}  // namespace parvis::train
