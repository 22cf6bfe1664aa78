#include "parvis/governance/feature.h"

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "parvis/governance/directory.h"

namespace parvis::governance {

static_assert(FeatureName(Feature::kBackground) == "background");

std::vector<std::string> Features::Names() const {
  std::vector<std::string> names;
  for (int i = 0; i < kNumFeatures; ++i) {
    if (Has(static_cast<Feature>(i))) names.emplace_back(kFeatureNames[i]);
  }
  return names;
}

Result<Features> Features::Named(const std::vector<std::string>& names) {
  Features features;
  for (const std::string& name : names) {
    int i = 0;
    while (i < kNumFeatures && kFeatureNames[i] != name) ++i;
    if (i == kNumFeatures) {
      return InvalidArgument(fmt::format("'{}' is no feature; there are {}", name.substr(0, 80),
                                         fmt::join(kFeatureNames, ", ")));
    }
    features = features.With(static_cast<Feature>(i));
  }
  return features;
}

std::string Features::Text() const { return *this == All() ? "*" : JoinLines(Names()); }

Result<Features> Features::FromText(const std::string& text) {
  if (text == "*") return All();
  return Named(SplitLines(text));
}

}  // namespace parvis::governance
