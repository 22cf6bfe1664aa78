#ifndef TESTS_PACKED_XZ_H_
#define TESTS_PACKED_XZ_H_

#include <gtest/gtest.h>
#include <lzma.h>

#include <cstdint>
#include <string>

namespace parvis {

// A text as a whole xz stream.
inline std::string PackedXz(const std::string& text) {
  std::string packed(text.size() + 1024, '\0');
  size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(
                1, LZMA_CHECK_CRC32, nullptr, reinterpret_cast<const uint8_t*>(text.data()),
                text.size(), reinterpret_cast<uint8_t*>(packed.data()), &size, packed.size()),
            LZMA_OK);
  packed.resize(size);
  return packed;
}

}  // namespace parvis

#endif  // TESTS_PACKED_XZ_H_
