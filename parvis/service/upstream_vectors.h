#ifndef PARVIS_SERVICE_UPSTREAM_VECTORS_H_
#define PARVIS_SERVICE_UPSTREAM_VECTORS_H_

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/runtime/engine.h"

namespace parvis::service {

struct UpstreamVectors {
  std::vector<std::vector<float>> vectors;  // in the order of the texts
  std::optional<runtime::Usage> usage;      // as it says
};

// What a service that speaks OpenAI's API answers to /embeddings, for `count` texts. Vectors are
// lists of numbers or base64 of little-endian f32. Of untrusted bytes: refuses all but one vector
// for each text, each of `size` finite numbers (0: all of the same size, `most` at most).
Result<UpstreamVectors> ReadUpstreamVectors(std::string_view body, size_t count, size_t size,
                                            size_t most);
// The most bytes that such a body has.
size_t MostVectorBytes(size_t count, size_t most);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_UPSTREAM_VECTORS_H_
