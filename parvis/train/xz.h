#ifndef PARVIS_TRAIN_XZ_H_
#define PARVIS_TRAIN_XZ_H_

#include <cstddef>
#include <string>

#include "parvis/core/result.h"

namespace parvis::train {

// The largest file of text that is read, as it lies on the disk and unpacked.
constexpr size_t kMaxTextFileBytes = size_t{4} << 30;

// What an .xz file holds. Refuses damaged data by its byte, and more than kMaxTextFileBytes.
Result<std::string> DecompressXz(const std::string& packed);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_XZ_H_
