#ifndef PARVIS_CORE_JSON_H_
#define PARVIS_CORE_JSON_H_

#include <cstddef>
#include <string_view>

#include "nlohmann/json.hpp"
#include "parvis/core/result.h"

namespace parvis {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // keeps the order of keys, for output

struct JsonLimits {
  size_t max_bytes = size_t{64} << 20;
  size_t max_depth = 64;
  size_t max_values = 8'000'000;
};

// Parses one JSON document from untrusted bytes. Refuses what is over the limits, strings of more
// than 16 MiB, duplicate keys and trailing bytes; the message has the offset. Never throws.
Result<Json> ParseJson(std::string_view text, const JsonLimits& limits = {});

}  // namespace parvis

#endif  // PARVIS_CORE_JSON_H_
