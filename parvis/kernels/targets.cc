#include "parvis/core/check.h"
#include "parvis/kernels/kernels.h"
#include "parvis/kernels/matmul_amx.h"
#include "parvis/kernels/tables.h"

namespace parvis::kernels {

std::string_view TargetName(Target target) {
  switch (target) {
    case Target::kScalar:
      return "scalar";
    case Target::kAvx2:
      return "avx2";
    case Target::kAvx512:
      return "avx512";
    case Target::kAmx:
      return "amx";
  }
  return "";
}

std::optional<Target> TargetFromName(std::string_view name) {
  for (const Target target : {Target::kScalar, Target::kAvx2, Target::kAvx512, Target::kAmx}) {
    if (TargetName(target) == name) return target;
  }
  return std::nullopt;
}

// __builtin_cpu_supports also asks whether the operating system saves the registers.
bool TargetSupported(Target target) {
  switch (target) {
    case Target::kScalar:
      return true;
    case Target::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi2");  // whoever has AVX2 has F16C
    case Target::kAvx512:
      return TargetSupported(Target::kAvx2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni") &&
             __builtin_cpu_supports("avx512bf16");
    case Target::kAmx:
      return TargetSupported(Target::kAvx512) && AllowTiles();
  }
  return false;
}

Target BestTarget() {
  if (TargetSupported(Target::kAmx)) return Target::kAmx;
  if (TargetSupported(Target::kAvx512)) return Target::kAvx512;
  if (TargetSupported(Target::kAvx2)) return Target::kAvx2;
  return Target::kScalar;
}

const Table& TableOf(Target target) {
  PARVIS_CHECK(TargetSupported(target));
  switch (target) {
    case Target::kAmx:
      return kAmxTable;
    case Target::kAvx512:
      return kAvx512Table;
    case Target::kAvx2:
      return kAvx2Table;
    case Target::kScalar:
      break;
  }
  return kScalarTable;
}

}  // namespace parvis::kernels
