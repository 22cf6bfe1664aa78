#include "parvis/core/wipe.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero is not in <cstring>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

namespace parvis {
namespace {

std::atomic<bool> wipes{false};

void* TakeForSsl(size_t bytes, const char*, int) { return std::malloc(bytes); }
void* ResizeForSsl(void* memory, size_t bytes, const char*, int) {
  return WipingRealloc(memory, bytes);
}
void GiveForSsl(void* memory, const char*, int) { WipingFree(memory); }

}  // namespace

void WipeFreedMemory() {
  // Refused once OpenSSL has taken memory; then what TLS had in hand is all that is not wiped.
  CRYPTO_set_mem_functions(&TakeForSsl, &ResizeForSsl, &GiveForSsl);
  wipes.store(true, std::memory_order_relaxed);
}

bool WipesFreedMemory() { return wipes.load(std::memory_order_relaxed); }

void WipingFree(void* memory) {
  if (memory != nullptr && wipes.load(std::memory_order_relaxed)) {
    // All of the block, since what was asked for is known to nobody any more.
    const size_t bytes = ::malloc_usable_size(memory);
    if (bytes < kLargestWiped) ::explicit_bzero(memory, bytes);
  }
  std::free(memory);
}

void* WipingRealloc(void* memory, size_t bytes) {
  if (memory == nullptr || !wipes.load(std::memory_order_relaxed)) {
    return std::realloc(memory, bytes);
  }
  if (bytes == 0) {
    WipingFree(memory);
    return nullptr;
  }
  void* moved = std::malloc(bytes);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, memory, std::min(bytes, ::malloc_usable_size(memory)));
  WipingFree(memory);
  return moved;
}

__attribute__((noinline)) void WipeStack() {
  char below[kWipedStack];
  ::explicit_bzero(below, sizeof(below));
}

}  // namespace parvis

// The forms for arrays come to these. `new` stays the library's, which takes from malloc.
// Weak, for tests that count what is taken with a pair of their own. Sanitizers have theirs, which
// must not be mixed with ours.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PARVIS_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PARVIS_SANITIZED
#endif
#endif
#ifndef PARVIS_SANITIZED
#define PARVIS_WEAK __attribute__((weak))
PARVIS_WEAK void operator delete(void* memory) noexcept { parvis::WipingFree(memory); }
PARVIS_WEAK void operator delete(void* memory, std::size_t) noexcept { parvis::WipingFree(memory); }
PARVIS_WEAK void operator delete(void* memory, std::align_val_t) noexcept {
  parvis::WipingFree(memory);
}
PARVIS_WEAK void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  parvis::WipingFree(memory);
}
#endif
