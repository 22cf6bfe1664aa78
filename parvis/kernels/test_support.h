#ifndef PARVIS_KERNELS_TEST_SUPPORT_H_
#define PARVIS_KERNELS_TEST_SUPPORT_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "parvis/kernels/kernels.h"

// What the tests of kernels share. Tests only.
namespace parvis::kernels {

inline std::vector<Target> SupportedTargets() {
  std::vector<Target> targets;
  for (const Target target : {Target::kScalar, Target::kAvx2, Target::kAvx512, Target::kAmx}) {
    if (TargetSupported(target)) targets.push_back(target);
  }
  return targets;
}

// Bytes at kAlignment, full of garbage at first.
class AlignedBytes {
 public:
  explicit AlignedBytes(size_t size)
      : size_(size), data_(::operator new(size + 1, std::align_val_t(kAlignment))) {
    std::memset(get(), 0xa5, size);
  }
  void* get() const { return data_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(void* data) const { ::operator delete(data, std::align_val_t(kAlignment)); }
  };
  size_t size_;
  std::unique_ptr<void, Free> data_;
};

// Uniform in [-1, 1) unless scaled.
inline std::vector<float> RandomFloats(size_t size, uint64_t seed, float scale = 1.0f) {
  std::vector<float> x(size);
  uint64_t state = seed * 0x9e3779b97f4a7c15u + 0x1234567;
  for (float& value : x) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    value = (static_cast<float>(state >> 40) * 0x1p-23f - 1.0f) * scale;
  }
  return x;
}

inline bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// One run of gtest for each supported target.
class KernelTest : public testing::TestWithParam<Target> {
 protected:
  const Table& table() const { return TableOf(GetParam()); }
};

inline std::string NameOfTarget(const testing::TestParamInfo<Target>& info) {
  return std::string(TargetName(info.param));
}

#define PARVIS_ON_EVERY_TARGET(suite) \
  INSTANTIATE_TEST_SUITE_P(Targets, suite, testing::ValuesIn(SupportedTargets()), NameOfTarget)

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_TEST_SUPPORT_H_
