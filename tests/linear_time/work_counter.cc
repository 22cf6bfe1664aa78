// Compiled without -fsanitize-coverage and without builtins: a copy must not become a call of
// itself.

#include "tests/linear_time/work_counter.h"

#include <cstddef>

namespace {

uint64_t work = 0;

}  // namespace

namespace parvis {

uint64_t WorkDone() { return work; }

}  // namespace parvis

extern "C" {

void __sanitizer_cov_trace_pc() { ++work; }

// A program's own definitions are those that the C++ library calls, too: erasing the beginning of a
// long string again and again is seen. The sanitizers have their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

void* __memmove_chk(void* to, const void* from, size_t size, size_t room);
void* __memset_chk(void* to, int byte, size_t size, size_t room);

void* memmove(void* to, const void* from, size_t size) {
  work += size / 16;
  return __memmove_chk(to, from, size, SIZE_MAX);
}

void* memcpy(void* to, const void* from, size_t size) {
  work += size / 16;
  return __memmove_chk(to, from, size, SIZE_MAX);
}

void* memset(void* to, int byte, size_t size) {
  work += size / 16;
  return __memset_chk(to, byte, size, SIZE_MAX);
}

int memcmp(const void* a, const void* b, size_t size) {
  const auto* x = static_cast<const unsigned char*>(a);
  const auto* y = static_cast<const unsigned char*>(b);
  for (size_t i = 0; i < size; ++i) {
    work += i % 16 == 15;
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  }
  return 0;
}

void* memchr(const void* bytes, int byte, size_t size) {
  const auto* at = static_cast<const unsigned char*>(bytes);
  for (size_t i = 0; i < size; ++i) {
    work += i % 16 == 15;
    if (at[i] == static_cast<unsigned char>(byte)) return const_cast<unsigned char*>(at + i);
  }
  return nullptr;
}

#endif
}
