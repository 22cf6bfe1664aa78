// Any bytes as what another service answers when it is asked for vectors: what comes out is one
// vector for each text, finite and of one size.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parvis/core/check.h"
#include "parvis/service/upstream_vectors.h"

namespace {

constexpr size_t kMost = 64;

void Check(std::string_view bytes, size_t count, size_t size) {
  const auto read = parvis::service::ReadUpstreamVectors(bytes, count, size, kMost);
  if (!read.ok()) return;
  PARVIS_CHECK(read->vectors.size() == count);
  for (const auto& vector : read->vectors) {
    PARVIS_CHECK(!vector.empty() && vector.size() <= kMost);
    PARVIS_CHECK(vector.size() == (size > 0 ? size : read->vectors[0].size()));
    for (const float value : vector) PARVIS_CHECK(std::isfinite(value));
  }
  PARVIS_CHECK(!read->usage || read->usage->prompt_tokens >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const size_t count : {1, 2}) {
    for (const size_t wanted : {0, 3}) Check(bytes, count, wanted);
  }
  return 0;
}
