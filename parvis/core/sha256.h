#ifndef PARVIS_CORE_SHA256_H_
#define PARVIS_CORE_SHA256_H_

#include <string>
#include <string_view>

#include "parvis/core/result.h"

namespace parvis {

// Lower-case hexadecimal SHA-256 (FIPS 180-4, computed by OpenSSL).
std::string Sha256Hex(std::string_view bytes);

// The same of a whole file, read in pieces.
Result<std::string> Sha256HexOfFile(const std::string& path);

}  // namespace parvis

#endif  // PARVIS_CORE_SHA256_H_
