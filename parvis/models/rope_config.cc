#include "parvis/models/rope_config.h"

#include <string>

namespace parvis::models {
namespace {

using Kind = nn::RopeScaling::Kind;

struct KindName {
  Kind kind;
  const char* name;
};
constexpr KindName kKindNames[] = {{Kind::kNone, "default"},
                                   {Kind::kNone, "none"},
                                   {Kind::kLinear, "linear"},
                                   {Kind::kLlama3, "llama3"},
                                   {Kind::kYarn, "yarn"}};

}  // namespace

// One object in Hugging Face's files; GGUF's loader makes the same of its flat keys.
nn::RopeScaling ScalingOf(Config& config) {
  nn::RopeScaling scaling;
  const Json* object = config.Object({"rope_scaling", "rope_parameters"});
  if (object == nullptr) return scaling;
  Config fields(*object);
  const std::string name = fields.TextOr({"rope_type", "type"}, "default");
  bool known = false;
  for (const KindName& row : kKindNames) {
    if (name != row.name) continue;
    scaling.kind = row.kind;
    known = true;
  }
  if (!known) config.Refuse("rope_scaling: \"" + name + "\" is not a kind that Parvis computes");
  if (scaling.kind == Kind::kNone) return scaling;
  scaling.factor = fields.Float({"factor"});
  scaling.original_context_length = fields.IntOr({"original_max_position_embeddings"}, 0);
  scaling.low_freq_factor = fields.FloatOr({"low_freq_factor"}, 1.0f);
  scaling.high_freq_factor = fields.FloatOr({"high_freq_factor"}, 4.0f);
  scaling.beta_fast = fields.FloatOr({"beta_fast"}, 32.0f);
  scaling.beta_slow = fields.FloatOr({"beta_slow"}, 1.0f);
  scaling.attention_factor = fields.FloatOr({"attention_factor"}, 0.0f);
  if (!fields.status().ok()) config.Refuse("rope_scaling: " + fields.status().message());
  if (scaling.kind == Kind::kLlama3 && scaling.high_freq_factor <= scaling.low_freq_factor) {
    config.Refuse("rope_scaling: high_freq_factor must be above low_freq_factor");
  }
  return scaling;
}

float ThetaOf(Config& config) {
  if (const Json* object = config.Object({"rope_parameters"})) {
    if (object->contains("rope_theta")) return Config(*object).Float({"rope_theta"});
  }
  return config.FloatOr({"rope_theta", "rotary_emb_base", "rope.freq_base"}, 10000.0f);
}

void AddScaling(const nn::RopeScaling& scaling, Json& config) {
  if (scaling.kind == Kind::kNone || scaling.kind == Kind::kDivisors) return;
  Json json = {{"factor", scaling.factor}};
  for (const KindName& row : kKindNames) {
    if (row.kind == scaling.kind) json["rope_type"] = row.name;
  }
  if (scaling.original_context_length > 0) {
    json["original_max_position_embeddings"] = scaling.original_context_length;
  }
  if (scaling.kind == Kind::kLlama3) {
    json["low_freq_factor"] = scaling.low_freq_factor;
    json["high_freq_factor"] = scaling.high_freq_factor;
  }
  if (scaling.kind == Kind::kYarn) {
    json["beta_fast"] = scaling.beta_fast;
    json["beta_slow"] = scaling.beta_slow;
    if (scaling.attention_factor > 0) json["attention_factor"] = scaling.attention_factor;
  }
  config["rope_scaling"] = json;
}

}  // namespace parvis::models
