#ifndef PARVIS_SERVER_OPENAI_JSON_H_
#define PARVIS_SERVER_OPENAI_JSON_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/server/errors.h"
#include "parvis/server/http.h"
#include "parvis/server/schema.h"
#include "parvis/service/gateway.h"
#include "parvis/service/generate_task.h"

// What several of OpenAI's routes share.
namespace parvis::server {

inline constexpr size_t kMaxBodyBytes = size_t{16} << 20;

// Shapes of fields that several routes have in common.
inline constexpr Shape kModelName = String(256, 1);
inline constexpr Shape kStopText = String(256, 1);
inline constexpr size_t kMaxStopTexts = 16;  // that an engine looks for
inline constexpr Shape kStopShapes[] = {kStopText, Array(kStopText, 0, 4)};
inline constexpr Shape kStop = OneOf(kStopShapes);
inline constexpr Shape kBreaker = String(runtime::Dry::kMaxBreakerBytes, 1);
inline constexpr Shape kBreakers = Array(kBreaker, 0, runtime::Dry::kMaxBreakers);
inline constexpr Field kStreamOptionFields[] = {
    {"include_usage", Boolean()},
    {"include_obfuscation", Boolean(), Presence::kIgnored},
};
inline constexpr Shape kStreamOptions = Object(kStreamOptionFields);
inline constexpr Shape kBias = Number(-100, 100);
inline constexpr Shape kLogitBias = Map(kBias, runtime::Sampler::kMaxLogitBias);
inline constexpr Shape kMetadataValue = String(512);
inline constexpr Shape kMetadata = Map(kMetadataValue, 16);
inline constexpr Shape kTokenId = Integer(0, 2147483647);

// temperature, top_p, penalties, logit_bias, seed, stop, n of a body that fits its shape.
// `param`-naming refusals for what a shape cannot say (token ids).
std::optional<service::Refusal> ReadSampling(const Json& body, service::GenerateSpec& spec);

// "stop", "length", "content_filter"; null for a choice that was cancelled.
OrderedJson FinishReason(std::optional<service::Finish> finish);
OrderedJson UsageJson(const runtime::Usage& usage);
// chat's logprobs.content entries.
OrderedJson ChatLogprobs(const std::vector<service::TokenInfo>& tokens);
// JSON as text; bytes that are no UTF-8 become U+FFFD.
std::string Dump(const OrderedJson& json);
// One event of a stream.
std::string Event(const OrderedJson& json);

// x-ratelimit-… headers, and what checked the text.
Headers AdmissionHeaders(const service::Admission& admission);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_OPENAI_JSON_H_
