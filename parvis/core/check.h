#ifndef PARVIS_CORE_CHECK_H_
#define PARVIS_CORE_CHECK_H_

namespace parvis::internal {
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace parvis::internal

// For what only a mistake of ours can break; stops the process. What the world can do wrong is a
// Status. PARVIS_DCHECK costs nothing in a release build.
#define PARVIS_CHECK(condition) \
  ((condition) ? (void)0 : ::parvis::internal::CheckFailed(#condition, __FILE__, __LINE__))

#ifdef PARVIS_DEBUG_CHECKS
#define PARVIS_DCHECK(condition) PARVIS_CHECK(condition)
#else
#define PARVIS_DCHECK(condition) ((void)sizeof((condition) ? 1 : 0))
#endif

#endif  // PARVIS_CORE_CHECK_H_
