#include "parvis/core/check.h"

#include <cstdio>
#include <cstdlib>

namespace parvis::internal {

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "parvis: internal error: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace parvis::internal
