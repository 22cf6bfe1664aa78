#include "parvis/train/recipe_model.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "fmt/format.h"

namespace parvis::train {
namespace {

// Hugging Face's words for a family's sizes. models::BlueprintFromConfig judges the values.
struct FamilyKeys {
  std::string name, hidden, heads, layers, context;
  int64_t unused_positions;  // rows of the position table that no token reads
  bool heads_divide_hidden;
  std::vector<std::string> others;
};

const std::vector<std::string> kLlamaKeys = {
    "intermediate_size",   "num_key_value_heads", "head_dim",         "hidden_act", "rms_norm_eps",
    "rope_theta",          "rope_scaling",        "attention_bias",   "mlp_bias",   "vocab_size",
    "tie_word_embeddings", "sliding_window",      "initializer_range"};
const std::vector<std::string> kBertKeys = {
    "intermediate_size", "hidden_act",          "type_vocab_size",   "layer_norm_eps",
    "vocab_size",        "tie_word_embeddings", "initializer_range", "sinusoidal_pos_embds"};
const std::vector<std::string> kT5Keys = {"d_kv",
                                          "d_ff",
                                          "num_decoder_layers",
                                          "feed_forward_proj",
                                          "relative_attention_num_buckets",
                                          "relative_attention_max_distance",
                                          "layer_norm_epsilon",
                                          "vocab_size",
                                          "tie_word_embeddings"};

const std::vector<FamilyKeys>& Families() {
  static const std::vector<FamilyKeys> families = [] {
    std::vector<FamilyKeys> all;
    for (const char* name : {"llama", "mistral", "qwen2", "qwen3"}) {
      all.push_back({name, "hidden_size", "num_attention_heads", "num_hidden_layers",
                     "max_position_embeddings", 0, true, kLlamaKeys});
    }
    // What else these have of LLaMA's keys is refused by the family where it does not compute it.
    for (const auto& [name, more] :
         {std::pair("gemma", "hidden_activation"), std::pair("phi3", "partial_rotary_factor")}) {
      std::vector<std::string> keys = kLlamaKeys;
      keys.emplace_back(more);
      all.push_back({name, "hidden_size", "num_attention_heads", "num_hidden_layers",
                     "max_position_embeddings", 0, true, std::move(keys)});
    }
    all.push_back({"gpt2",
                   "n_embd",
                   "n_head",
                   "n_layer",
                   "n_positions",
                   0,
                   true,
                   {"n_inner", "activation_function", "layer_norm_epsilon", "tie_word_embeddings",
                    "vocab_size", "initializer_range"}});
    all.push_back(
        {"bloom",
         "hidden_size",
         "n_head",
         "n_layer",
         "seq_length",
         0,
         true,
         {"layer_norm_epsilon", "tie_word_embeddings", "vocab_size", "initializer_range"}});
    for (const char* name : {"bert", "roberta"}) {
      const int64_t unused = std::string(name) == "roberta" ? 2 : 0;
      all.push_back({name, "hidden_size", "num_attention_heads", "num_hidden_layers",
                     "max_position_embeddings", unused, true, kBertKeys});
    }
    for (const char* name : {"t5", "mt5"}) {
      all.push_back({name, "d_model", "num_heads", "num_layers", "n_positions", 0, false, kT5Keys});
    }
    return all;
  }();
  return families;
}

void CheckSizes(TomlReader& reader, const FamilyKeys& family, const Json& model) {
  for (const std::string& key : {family.hidden, family.heads, family.layers}) {
    if (!model.contains(key)) {
      reader.Refuse(key, "is missing");
    } else if (!model[key].is_number_integer() || model[key].get<int64_t>() < 1 ||
               model[key].get<int64_t>() > 1'000'000) {
      reader.Refuse(key, "must be a whole number from 1 to 1000000");
    } else {
      continue;
    }
    return;
  }
  if (const auto range = model.find("initializer_range"); range != model.end()) {
    if (!range->is_number() || range->get<double>() <= 0.0 || range->get<double>() > 1.0) {
      reader.Refuse("initializer_range", "must be a number above 0 and at most 1");
    }
  }
  if (const auto sines = model.find("sinusoidal_pos_embds"); sines != model.end()) {
    if (!sines->is_boolean()) reader.Refuse("sinusoidal_pos_embds", "must be true or false");
  }
  const auto hidden = model[family.hidden].get<int64_t>();
  const auto heads = model[family.heads].get<int64_t>();
  if (family.heads_divide_hidden && !model.contains("head_dim") && hidden % heads != 0) {
    reader.Refuse(family.hidden,
                  fmt::format("{} cannot be divided by {} = {}", hidden, family.heads, heads));
  }
  if (const auto kv = model.find("num_key_value_heads"); kv != model.end()) {
    if (!kv->is_number_integer() || kv->get<int64_t>() < 1 || heads % kv->get<int64_t>() != 0) {
      reader.Refuse("num_key_value_heads", fmt::format("must divide {} = {}", family.heads, heads));
    }
  }
}

void SetContext(TomlReader& reader, const FamilyKeys& family, Recipe& recipe) {
  const int64_t smallest = recipe.context_length + family.unused_positions;
  const auto context = recipe.model.find(family.context);
  if (context == recipe.model.end()) {
    recipe.model[family.context] = smallest;
  } else if (!context->is_number_integer() || context->get<int64_t>() < smallest) {
    const std::string more = family.unused_positions == 0
                                 ? ""
                                 : fmt::format(" and {} unused rows", family.unused_positions);
    reader.Refuse(family.context, fmt::format("must be a whole number and at least [train] "
                                              "context_length = {}{}",
                                              recipe.context_length, more));
  }
}

}  // namespace

std::string Resolve(const std::string& recipe_path, const std::string& path) {
  const std::filesystem::path given(path);
  if (given.is_absolute()) return path;
  return (std::filesystem::path(recipe_path).parent_path() / given).lexically_normal().string();
}

bool Exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

Status ReadModelTable(const toml::table* table, Recipe& recipe) {
  TomlReader reader(table, recipe.path, "model");
  if (table == nullptr) {
    reader.Refuse("", "the table is missing");
    return reader.Finish();
  }
  if (reader.Has("from")) {
    recipe.from = Resolve(recipe.path, reader.Text("from", ""));
    if (!Exists(recipe.from)) reader.Refuse("from", recipe.from + " does not exist");
    return reader.Finish();
  }
  std::vector<std::string> names;
  for (const FamilyKeys& family : Families()) names.push_back(family.name);
  const std::string type = reader.OneOf("model_type", "llama", names);
  const FamilyKeys& family = *std::find_if(Families().begin(), Families().end(),
                                           [&](const FamilyKeys& f) { return f.name == type; });
  reader.Know({family.hidden, family.heads, family.layers, family.context});
  reader.Know(family.others);
  PARVIS_RETURN_IF_ERROR(reader.Finish());
  Result<Json> model = JsonOfToml(*table);
  if (!model.ok()) return model.status().In(reader.Place(""));
  recipe.model = std::move(model).value();
  recipe.model["model_type"] = type;
  CheckSizes(reader, family, recipe.model);
  SetContext(reader, family, recipe);
  return reader.Finish();
}

}  // namespace parvis::train
