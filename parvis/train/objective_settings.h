#ifndef PARVIS_TRAIN_OBJECTIVE_SETTINGS_H_
#define PARVIS_TRAIN_OBJECTIVE_SETTINGS_H_

#include <string>

namespace parvis::train {

enum class ObjectiveKind {
  kCausal,
  kMasked,
  kSpans,
  kPairs,
  kLabels,
  kTokenLabels,
  kAnswers,
  kChat,
  kPreference,
  kContrastive
};

// What a recipe says about its objective ([train] objective = "masked", …).
struct ObjectiveSettings {
  ObjectiveKind kind = ObjectiveKind::kCausal;
  double fim_share = 0.0;         // causal: of the pieces, told beginning and end first
  double fim_suffix_first = 0.5;  // causal: of those, with the end first
  double mask_share = 0.15;       // masked, contrastive: of a text's tokens
  bool whole_word = false;        // masked, contrastive: all tokens of a word or none
  double noise_share = 0.15;      // spans: of a text's tokens
  double mean_span = 3.0;         // spans: tokens
  double temperature = 0.05;      // contrastive: what cosines are divided by
  double masked_weight = 0.1;     // contrastive: of the hidden tokens' loss beside that of pairs
  double beta = 0.1;              // preference: how much a reward counts
  double label_smoothing = 0.0;   // preference: the share of pairs that are the wrong way round
  std::string prefix;             // pairs: stands before every source
};

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_OBJECTIVE_SETTINGS_H_
