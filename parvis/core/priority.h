#ifndef PARVIS_CORE_PRIORITY_H_
#define PARVIS_CORE_PRIORITY_H_

namespace parvis {

// Who goes first where many wait for one model: the higher number. Plans have one from
// kLeastPriority to kMostPriority; what can wait for hours (lines of batches) is below all of them.
inline constexpr int kBatchPriority = 0;
inline constexpr int kLeastPriority = 1, kUsualPriority = 5, kMostPriority = 9;

}  // namespace parvis

#endif  // PARVIS_CORE_PRIORITY_H_
