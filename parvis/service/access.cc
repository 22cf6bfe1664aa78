#include "parvis/service/access.h"

#include <fmt/format.h>

#include <algorithm>

namespace parvis::service {
namespace {

bool Has(const std::vector<std::string>& models, const std::string& own_name,
         Catalogue& catalogue) {
  return models.empty() || std::any_of(models.begin(), models.end(), [&](const std::string& model) {
           return catalogue.OwnName(model) == own_name;
         });
}

}  // namespace

bool MayName(const Caller& caller, const std::string& model, Catalogue& catalogue) {
  if (caller.models.empty() && caller.plan_models.empty()) return true;
  const std::string own_name = catalogue.OwnName(model);
  return Has(caller.models, own_name, catalogue) && Has(caller.plan_models, own_name, catalogue);
}

std::optional<Refusal> Lacks(const Caller& caller, Feature feature) {
  if (caller.features.Has(feature)) return std::nullopt;
  Refusal refusal{RefusalKind::kForbidden,
                  fmt::format("Your plan '{}' does not have '{}'.", caller.plan,
                              governance::FeatureName(feature)),
                  {},
                  "feature_not_in_plan",
                  {}};
  refusal.limit = "features of plan";
  return refusal;
}

std::optional<Refusal> LacksFor(const Caller& caller, const Task& task) {
  for (int i = 0; i < governance::kNumFeatures; ++i) {
    const auto feature = static_cast<Feature>(i);
    // Asked for what is lacking only: to know may cost something.
    if (!caller.features.Has(feature) && task.Uses(feature)) return Lacks(caller, feature);
  }
  return std::nullopt;
}

std::optional<Refusal> LacksFor(const Caller& caller, const LoadedModel& model) {
  if (model.upstream() != nullptr) return Lacks(caller, Feature::kUpstreamModels);
  if (model.base() != nullptr) return Lacks(caller, Feature::kAdapters);
  return std::nullopt;
}

}  // namespace parvis::service
