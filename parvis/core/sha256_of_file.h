#ifndef PARVIS_CORE_SHA256_OF_FILE_H_
#define PARVIS_CORE_SHA256_OF_FILE_H_

#include <cstddef>
#include <functional>
#include <string>

#include "parvis/core/result.h"

namespace parvis {

// Sha256HexOfFile of sha256.h for those who tell somebody how far it is: `read` is told the size of
// each piece.
Result<std::string> Sha256HexOfFile(const std::string& path,
                                    const std::function<void(size_t bytes)>& read);

}  // namespace parvis

#endif  // PARVIS_CORE_SHA256_OF_FILE_H_
