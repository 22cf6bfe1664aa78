#ifndef PARVIS_GOVERNANCE_FEATURE_H_
#define PARVIS_GOVERNANCE_FEATURE_H_

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"

namespace parvis::governance {

// What a plan may lack. All of them there are; who has no plan has all.
enum class Feature : uint8_t {
  kTools,             // functions that a model may call
  kStructuredOutput,  // answers held to JSON or to a schema
  kLogprobs,          // how likely tokens were
  kEmbeddings,        // texts as vectors
  kAdapters,          // models that are an adapter of another
  kUpstreamModels,    // models that another service computes
  kFiles,             // uploading files
  kBatches,           // many requests of one file
  kKeptResponses,     // answers of /v1/responses that are kept, and going on from them
  kBackground,        // … that are made when the caller has left
};
inline constexpr std::string_view kFeatureNames[] = {
    "tools", "structured_output", "logprobs",       "embeddings", "adapters", "upstream_models",
    "files", "batches",           "kept_responses", "background"};
inline constexpr int kNumFeatures = static_cast<int>(std::size(kFeatureNames));
constexpr std::string_view FeatureName(Feature feature) {
  return kFeatureNames[static_cast<int>(feature)];
}

class Features {
 public:
  constexpr Features() = default;
  static constexpr Features All() { return Features((uint32_t{1} << kNumFeatures) - 1); }
  constexpr Features With(Feature feature) const {
    return Features(bits_ | uint32_t{1} << static_cast<int>(feature));
  }
  constexpr bool Has(Feature feature) const {
    return ((bits_ >> static_cast<int>(feature)) & 1) != 0;
  }
  constexpr bool operator==(const Features&) const = default;

  std::vector<std::string> Names() const;  // in the order above
  // Refuses a name that is none.
  static Result<Features> Named(const std::vector<std::string>& names);
  // As it is kept: "*" for all, so that a plan that lacks nothing has what comes later, too.
  std::string Text() const;
  static Result<Features> FromText(const std::string& text);

 private:
  constexpr explicit Features(uint32_t bits) : bits_(bits) {}
  uint32_t bits_ = 0;
};

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_FEATURE_H_
