#ifndef PARVIS_CORE_WIPE_H_
#define PARVIS_CORE_WIPE_H_

#include <cstddef>

namespace parvis {

// What somebody said must not lie about in memory when it is no longer needed. Texts and tokens
// pass through strings, vectors, trees of JSON and libraries: hundreds of places, any of which
// could be forgotten. So it is done where all of them end, when memory is given back.

// From now on, whatever the process gives back to the heap by `delete` is overwritten with zeroes
// first, and what OpenSSL gives back. Off at first: programs that serve nobody need not pay for it.
// Blocks of kLargestWiped and more are not touched: the system takes those back and clears them.
// Early, once, from one thread.
void WipeFreedMemory();
bool WipesFreedMemory();
inline constexpr size_t kLargestWiped = size_t{32} << 20;

// For libraries that let us have a say in their memory: frees what malloc gave, wiped if
// WipeFreedMemory was called; and realloc that leaves nothing behind.
void WipingFree(void* memory);
void* WipingRealloc(void* memory, size_t bytes);

// Overwrites what earlier calls have left below the caller's frame on this thread's stack: up to
// kWipedStack bytes. For threads that are about to wait.
void WipeStack();
inline constexpr size_t kWipedStack = size_t{64} << 10;

}  // namespace parvis

#endif  // PARVIS_CORE_WIPE_H_
