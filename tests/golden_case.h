#ifndef TESTS_GOLDEN_CASE_H_
#define TESTS_GOLDEN_CASE_H_

// What tests against golden numbers share: one case for each model and instruction set, and how far
// two results are apart.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <tuple>

#include "parvis/core/thread_pool.h"
#include "parvis/kernels/kernels.h"
#include "parvis/tensor/tensor.h"

namespace parvis {

// The largest difference, as a share of the reference's largest number.
inline double RelativeDifference(const Tensor& ours, std::span<const float> reference) {
  EXPECT_EQ(ours.size(), static_cast<int64_t>(reference.size()));
  double largest = 0, difference = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    largest = std::max(largest, std::abs(double{reference[i]}));
    difference = std::max(difference, std::abs(double{ours.f32()[i]} - reference[i]));
  }
  return difference / largest;
}

// A folder of tests/golden and an instruction set; skipped where the processor has it not. A SetUp
// on top of this one returns at once if IsSkipped().
class GoldenCase : public testing::TestWithParam<std::tuple<const char*, kernels::Target>> {
 public:
  static auto Targets() {
    return testing::Values(kernels::Target::kScalar, kernels::Target::kAvx2,
                           kernels::Target::kAvx512, kernels::Target::kAmx);
  }
  static std::string NameOf(const testing::TestParamInfo<ParamType>& info) {
    return std::string(std::get<0>(info.param)) + "_" +
           std::string(kernels::TargetName(std::get<1>(info.param)));
  }

 protected:
  void SetUp() override {
    const kernels::Target target = std::get<1>(GetParam());
    if (!kernels::TargetSupported(target)) {
      GTEST_SKIP() << "this processor has no " << kernels::TargetName(target);
    }
    kernels_ = &kernels::TableOf(target);
  }

  ThreadPool pool_{2};
  const kernels::Table* kernels_ = nullptr;
};

}  // namespace parvis

#endif  // TESTS_GOLDEN_CASE_H_
