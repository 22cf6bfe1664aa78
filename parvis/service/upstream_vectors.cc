#include "parvis/service/upstream_vectors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "parvis/core/base64.h"
#include "parvis/core/json.h"
#include "parvis/service/upstream_json.h"

namespace parvis::service {
namespace {

constexpr size_t kMaxBytesAround = size_t{1} << 20;
constexpr size_t kMaxValuesAround = 10'000;
constexpr size_t kMaxBytesOfNumber = 32, kMaxValuesOfVector = 16;

Result<std::vector<float>> VectorOf(const Json& json, size_t most) {
  static_assert(std::endian::native == std::endian::little);
  std::vector<float> vector;
  if (json.is_array()) {
    if (json.size() > most) return DataLoss("a vector is too long");
    for (const Json& number : json) {
      if (!number.is_number()) return DataLoss("a vector holds what is no number");
      vector.push_back(static_cast<float>(number.get<double>()));
    }
  } else if (json.is_string()) {
    const auto bytes = FromBase64(json.get_ref<const std::string&>());
    if (!bytes || bytes->size() % sizeof(float) != 0) return DataLoss("a vector is no base64");
    if (bytes->size() / sizeof(float) > most) return DataLoss("a vector is too long");
    vector.resize(bytes->size() / sizeof(float));
    if (!bytes->empty()) std::memcpy(vector.data(), bytes->data(), bytes->size());
  }
  if (vector.empty()) return DataLoss("a vector is missing");
  // Beyond f32's range, or a NaN in base64.
  const bool finite =
      std::all_of(vector.begin(), vector.end(), [](float value) { return std::isfinite(value); });
  if (!finite) return DataLoss("a vector holds what is no finite number");
  return vector;
}

std::optional<runtime::Usage> UsageOf(const Json& usage) {
  const Json& tokens = MemberOf(usage, "prompt_tokens");
  if (!tokens.is_number_integer()) return std::nullopt;
  runtime::Usage said;
  said.prompt_tokens = CountOf(tokens);
  return said;
}

}  // namespace

size_t MostVectorBytes(size_t count, size_t most) {
  return kMaxBytesAround + count * most * kMaxBytesOfNumber;
}

Result<UpstreamVectors> ReadUpstreamVectors(std::string_view body, size_t count, size_t size,
                                            size_t most) {
  const Result<Json> parsed =
      ParseJson(body, {.max_bytes = MostVectorBytes(count, most),
                       .max_depth = 16,
                       .max_values = kMaxValuesAround + count * (most + kMaxValuesOfVector)});
  if (!parsed.ok() || !parsed->is_object()) return DataLoss("no JSON object");
  const Json& data = MemberOf(*parsed, "data");
  if (!data.is_array() || data.size() != count) return DataLoss("not one vector for each text");
  UpstreamVectors read{.vectors = std::vector<std::vector<float>>(count),
                       .usage = UsageOf(MemberOf(*parsed, "usage"))};
  for (size_t i = 0; i < count; ++i) {
    const Json& index = MemberOf(data[i], "index");
    const bool fits = index.is_number_unsigned() && index.get<uint64_t>() < count;
    if (!index.is_null() && !fits) return DataLoss("a vector that was not asked for");
    std::vector<float>& place = read.vectors[index.is_null() ? i : index.get<size_t>()];
    if (!place.empty()) return DataLoss("two vectors for one text");
    PARVIS_ASSIGN_OR_RETURN(place, VectorOf(MemberOf(data[i], "embedding"), most));
    if (size == 0) size = place.size();
    if (place.size() != size) return DataLoss("a vector of another size");
  }
  return read;
}

}  // namespace parvis::service
