#ifndef PARVIS_CORE_SHA256_H_
#define PARVIS_CORE_SHA256_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "parvis/core/result.h"

namespace parvis {

// Lower-case hexadecimal SHA-256 (FIPS 180-4, computed by OpenSSL).
std::string Sha256Hex(std::string_view bytes);
// Its 32 bytes, and these in hexadecimal.
using Sha256Digest = std::array<std::byte, 32>;
Sha256Digest Sha256(std::string_view bytes);
std::string HexOf(const Sha256Digest& digest);

// Sha256Hex of a whole file, read in pieces.
Result<std::string> Sha256HexOfFile(const std::string& path);

}  // namespace parvis

#endif  // PARVIS_CORE_SHA256_H_
