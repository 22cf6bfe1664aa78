#include "parvis/train/recipe_objective.h"

#include <string>
#include <vector>

#include "fmt/format.h"

namespace parvis::train {
namespace {

struct ObjectiveName {
  const char* name;
  ObjectiveKind kind;
};
constexpr ObjectiveName kObjectives[] = {
    {"causal", ObjectiveKind::kCausal},         {"masked", ObjectiveKind::kMasked},
    {"spans", ObjectiveKind::kSpans},           {"pairs", ObjectiveKind::kPairs},
    {"labels", ObjectiveKind::kLabels},         {"token_labels", ObjectiveKind::kTokenLabels},
    {"answers", ObjectiveKind::kAnswers},       {"chat", ObjectiveKind::kChat},
    {"preference", ObjectiveKind::kPreference}, {"contrastive", ObjectiveKind::kContrastive}};

}  // namespace

void ReadObjective(TomlReader& reader, ObjectiveSettings& objective) {
  std::vector<std::string> names;
  for (const ObjectiveName& known : kObjectives) names.emplace_back(known.name);
  const std::string name = reader.OneOf("objective", "causal", names);
  for (const ObjectiveName& known : kObjectives) {
    if (known.name == name) objective.kind = known.kind;
  }
  const auto of = [&](const char* key, ObjectiveKind kind, const char* which) {
    if (reader.Has(key) && objective.kind != kind) {
      reader.Refuse(key, fmt::format("is of objective = \"{}\" only", which));
    }
  };
  objective.fim_share = reader.Number("fim_share", objective.fim_share, 0.0, 1.0);
  objective.fim_suffix_first =
      reader.Number("fim_suffix_first", objective.fim_suffix_first, 0.0, 1.0);
  const bool contrastive = objective.kind == ObjectiveKind::kContrastive;
  objective.mask_share = contrastive ? reader.Number("mask_share", 0.0, 0.0, 0.999)
                                     : reader.Number("mask_share", 0.15, 0.001, 0.999);
  objective.whole_word = reader.Flag("whole_word", objective.whole_word);
  objective.noise_share = reader.Number("noise_share", objective.noise_share, 0.001, 0.999);
  objective.mean_span = reader.Number("mean_span", objective.mean_span, 1, 1000);
  objective.prefix = reader.Text("prefix", "");
  objective.temperature = reader.Number("temperature", objective.temperature, 1e-3, 10.0);
  objective.masked_weight = reader.Number("masked_weight", objective.masked_weight, 1e-3, 1e3);
  objective.beta = reader.Number("beta", objective.beta, 1e-6, 1000);
  objective.label_smoothing = reader.Number("label_smoothing", 0.0, 0.0, 0.499);
  of("fim_share", ObjectiveKind::kCausal, "causal");
  of("fim_suffix_first", ObjectiveKind::kCausal, "causal");
  for (const char* key : {"mask_share", "whole_word"}) {
    if (!contrastive) of(key, ObjectiveKind::kMasked, "masked\" or \"contrastive");
  }
  of("noise_share", ObjectiveKind::kSpans, "spans");
  of("mean_span", ObjectiveKind::kSpans, "spans");
  of("prefix", ObjectiveKind::kPairs, "pairs");
  of("temperature", ObjectiveKind::kContrastive, "contrastive");
  of("masked_weight", ObjectiveKind::kContrastive, "contrastive");
  for (const char* key : {"whole_word", "masked_weight"}) {
    if (reader.Has(key) && contrastive && objective.mask_share == 0.0) {
      reader.Refuse(key, "is for hidden tokens: mask_share says how many");
    }
  }
  of("beta", ObjectiveKind::kPreference, "preference");
  of("label_smoothing", ObjectiveKind::kPreference, "preference");
}

}  // namespace parvis::train
