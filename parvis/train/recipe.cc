#include "parvis/train/recipe.h"

#include <algorithm>
#include <filesystem>

#include "fmt/format.h"
#include "parvis/core/file.h"
#include "parvis/core/sha256.h"
#include "parvis/core/toml_reader.h"
#include "parvis/train/documents.h"
#include "parvis/train/recipe_model.h"
#include "parvis/train/recipe_objective.h"
#include "parvis/train/recipe_overrides.h"
#include "parvis/train/recipe_tokenizer.h"

namespace parvis::train {
namespace {

constexpr double kHuge = 1e15;
constexpr int64_t kMaxTokens = 1'000'000'000'000'000;

void CheckExists(TomlReader& reader, const toml::node& node, std::string_view key,
                 const std::string& path) {
  if (!Exists(path)) reader.RefuseAt(node, key, path + " does not exist");
}

// Entries are "path" or {path = "path", epochs = 2.0}.
std::vector<DataSource> Sources(TomlReader& reader, std::string_view key, const Recipe& recipe) {
  std::vector<DataSource> sources;
  const toml::array* array = reader.Array(key);
  if (array == nullptr) return sources;
  for (const toml::node& node : *array) {
    DataSource source;
    if (const auto* text = node.as_string()) {
      source.path = text->get();
    } else if (const auto* table = node.as_table()) {
      TomlReader entry(table, recipe.path, "data");
      source.path = entry.Text("path", "");
      source.epochs = entry.Number("epochs", 1.0, 0.0, 1000.0);
      if (const Status status = entry.Finish(); !status.ok()) {
        reader.RefuseAt(node, key, status.message());
      }
    }
    if (source.path.empty()) {
      reader.RefuseAt(node, key, "each entry is a path in quotes, or {path = \"…\", epochs = 2.0}");
      continue;
    }
    source.path = Resolve(recipe.path, source.path);
    CheckExists(reader, node, key, source.path);
    sources.push_back(std::move(source));
  }
  return sources;
}

// The files of `folder` itself that are evaluated instead of trained on, by name. A data set
// without held-out documents has an empty file of them.
std::vector<DataSource> HeldOutOf(const std::string& folder) {
  std::vector<DataSource> sources;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code unknown;  // of a folder; what has no size is not empty
    if (IsHeldOut(it->path().string()) && it->file_size(unknown) != 0) {
      sources.push_back({it->path().string()});
    }
  }
  std::sort(sources.begin(), sources.end(),
            [](const DataSource& a, const DataSource& b) { return a.path < b.path; });
  return sources;
}

// {tatoeba = 2.0, manuals = 0.5}
std::vector<DataSource> MixOf(TomlReader& reader, const Recipe& recipe) {
  std::vector<DataSource> mix;
  const toml::table* table = reader.Table("mix");
  if (table == nullptr) return mix;
  TomlReader entries(table, recipe.path, "data.mix");
  for (const auto& [key, value] : *table) {
    const std::string name(key.str());
    mix.push_back({name, entries.Number(name, 1.0, 0.0, 1000.0)});
  }
  if (const Status status = entries.Finish(); !status.ok()) {
    reader.RefuseAt(*table, "mix", status.message());
  }
  return mix;
}

Status ReadRun(const toml::table* table, Recipe& recipe) {
  TomlReader reader(table, recipe.path, "run");
  recipe.name = reader.Text("name", std::filesystem::path(recipe.path).stem().string());
  if (recipe.name.empty() || recipe.name[0] == '.' ||
      recipe.name.find_first_of("/\\\n") != std::string::npos) {
    reader.Refuse("name", "must be a plain name: it becomes a folder of runs/");
  }
  recipe.seed = static_cast<uint64_t>(reader.Integer("seed", 1, 0));
  recipe.threads = static_cast<int>(reader.Integer("threads", 0, 0, 1024));
  return reader.Finish();
}

Status ReadData(const toml::table* table, const std::string& data_dir, Recipe& recipe) {
  TomlReader reader(table, recipe.path, "data");
  if (data_dir.empty()) {
    recipe.train = Sources(reader, "train", recipe);
    if (recipe.train.empty()) {
      reader.Refuse("train",
                    "names no text to train on: train = [\"stories.jsonl\"], or --data DIR");
    }
  } else {
    reader.Array("train");  // known, but not read
    if (!Exists(data_dir)) return NotFound(data_dir + " (--data) does not exist");
    recipe.train = {DataSource{data_dir}};
  }
  recipe.mix = MixOf(reader, recipe);
  recipe.eval = Sources(reader, "eval", recipe);
  if (std::vector<DataSource> held_out = HeldOutOf(data_dir); !held_out.empty()) {
    recipe.eval = std::move(held_out);
  }
  recipe.held_out = reader.Number("held_out", 0.0, 0.0, 0.5);
  if (recipe.held_out > 0.0 && reader.Has("eval")) {
    reader.Refuse("held_out", "eval names held-out text already: tell only one");
  }
  if (!recipe.eval.empty()) recipe.held_out = 0.0;
  recipe.paragraphs = reader.OneOf("split", "file", {"file", "paragraphs"}) == "paragraphs";
  return reader.Finish();
}

void ReadLength(TomlReader& reader, Recipe& recipe) {
  if (reader.Has("tokens")) recipe.tokens = reader.Integer("tokens", 0, 1, kMaxTokens);
  if (reader.Has("steps")) recipe.steps = reader.Integer("steps", 0, 1, kMaxTokens);
  if (reader.Has("epochs")) recipe.epochs = reader.Number("epochs", 0, 1e-6, 1e6);
  reader.Know({"tokens", "steps", "epochs"});
  if (recipe.tokens.has_value() + recipe.steps.has_value() + recipe.epochs.has_value() != 1) {
    reader.Refuse("", "tell how long to train: exactly one of tokens, epochs, steps");
  }
}

void ReadBatch(TomlReader& reader, Recipe& recipe) {
  recipe.context_length = reader.Integer("context_length", recipe.context_length, 2, 1 << 20);
  recipe.batch_tokens = reader.Integer("batch_tokens", recipe.batch_tokens, 1, int64_t{1} << 30);
  recipe.micro_batch_tokens = reader.Integer(
      "micro_batch_tokens", std::min<int64_t>(recipe.batch_tokens, 4096), 1, int64_t{1} << 24);
  for (const auto& [key, value] : {std::pair("batch_tokens", recipe.batch_tokens),
                                   std::pair("micro_batch_tokens", recipe.micro_batch_tokens)}) {
    if (value < recipe.context_length || value % recipe.context_length != 0) {
      reader.Refuse(key, fmt::format("{} is not a multiple of context_length = {}", value,
                                     recipe.context_length));
    }
  }
}

void ReadSchedule(TomlReader& reader, Recipe& recipe) {
  Schedule& schedule = recipe.schedule;
  const std::string kind =
      reader.OneOf("schedule", "cosine", {"constant", "linear", "cosine", "wsd"});
  schedule.kind = kind == "constant" ? Schedule::Kind::kConstant
                  : kind == "linear" ? Schedule::Kind::kLinear
                  : kind == "wsd"    ? Schedule::Kind::kWsd
                                     : Schedule::Kind::kCosine;
  schedule.learning_rate = reader.Number("learning_rate", schedule.learning_rate, 1e-12, 100);
  schedule.min_learning_rate =
      reader.Number("min_learning_rate", schedule.min_learning_rate, 0, schedule.learning_rate);
  schedule.warmup_steps = reader.Integer("warmup_steps", 0, 0);
  schedule.decay_fraction = reader.Number("decay_fraction", schedule.decay_fraction, 0, 1);
}

Status ReadTrain(const toml::table* table, Recipe& recipe) {
  TomlReader reader(table, recipe.path, "train");
  ReadObjective(reader, recipe.objective);
  ReadLength(reader, recipe);
  ReadBatch(reader, recipe);
  ReadSchedule(reader, recipe);
  const auto number = [&](const char* key, float& value, double low, double high) {
    value = static_cast<float>(reader.Number(key, value, low, high));
  };
  number("weight_decay", recipe.weight_decay, 0, 10);
  number("beta1", recipe.beta1, 0, 0.999999);
  number("beta2", recipe.beta2, 0, 0.999999);
  number("epsilon", recipe.epsilon, 1e-30, 1);
  number("clip", recipe.clip, 0, kHuge);
  number("average", recipe.average, 0, 0.999999);
  recipe.relative_steps = reader.Flag("relative_steps", false);
  recipe.dtype = *DTypeFromName(reader.OneOf("dtype", "f32", {"f32", "bf16"}));
  recipe.recompute = reader.Flag("activation_checkpointing", false);
  recipe.eval_every = reader.Integer("eval_every", 0, 0);
  recipe.eval_tokens = reader.Integer("eval_tokens", recipe.eval_tokens, 0);
  recipe.patience = reader.Integer("patience", 0, 0, 1'000'000);
  if (recipe.patience > 0 && recipe.eval_every == 0) {
    reader.Refuse("patience", "counts evaluations: it needs eval_every");
  }
  if (recipe.patience > 0 && recipe.eval.empty() && recipe.held_out == 0.0) {
    reader.Refuse("patience", "needs text to evaluate on: [data] eval or held_out");
  }
  recipe.checkpoint_every = reader.Integer("checkpoint_every", 0, 0);
  recipe.keep = reader.Integer("keep", recipe.keep, 1, 1'000'000);
  return reader.Finish();
}

bool TeachesHead(ObjectiveKind kind) {
  return kind == ObjectiveKind::kLabels || kind == ObjectiveKind::kTokenLabels ||
         kind == ObjectiveKind::kAnswers;
}

Status ReadLora(const toml::table* table, Recipe& recipe) {
  if (table == nullptr) return {};
  TomlReader reader(table, recipe.path, "lora");
  models::AdapterSettings& lora = recipe.lora.emplace();
  lora.rank = reader.Integer("rank", lora.rank, 1, 1 << 16);
  lora.alpha = reader.Number("alpha", 2.0 * static_cast<double>(lora.rank), 1e-6, 1e6);
  lora.targets = reader.Texts("targets");
  if (reader.Number("dropout", 0, 0, 1) != 0) {
    reader.Refuse("dropout", "is not computed: 0 only, so that a run is the same at any time");
  }
  if (recipe.from.empty()) reader.Refuse("", "changes a model that is there: tell [model] from");
  // A GGUF adapter has no place for a head.
  recipe.model_file = TeachesHead(recipe.objective.kind) ? "adapter" : "adapter.gguf";
  return reader.Finish();
}

Status ReadOutput(const toml::table* table, Recipe& recipe) {
  TomlReader reader(table, recipe.path, "output");
  recipe.model_file = reader.Text("model", recipe.model_file);
  const std::filesystem::path file(recipe.model_file);
  if (file.empty() || file.is_absolute() || *file.lexically_normal().begin() == "..") {
    reader.Refuse("model", "must stay within the run's folder");
  }
  const std::vector<std::string> dtypes = {"f32", "f16", "bf16", "q8_0"};
  recipe.output_dtype = *DTypeFromName(reader.OneOf("dtype", "f32", dtypes));
  if (const toml::table* tasks = reader.Table("task_specific_params")) {
    PARVIS_ASSIGN_OR_RETURN(recipe.task_params, JsonOfToml(*tasks));
    for (const auto& [task, words] : recipe.task_params.items()) {
      if (!words.is_object()) {
        reader.Refuse("task_specific_params", task + " is not a table like {num_beams = 4}");
      }
    }
    if (recipe.lora) reader.Refuse("task_specific_params", "is the model's, not an adapter's");
  }
  if (recipe.lora && recipe.output_dtype != DType::kF32) {
    reader.Refuse("dtype", "of an adapter is f32");
  }
  if (recipe.lora && TeachesHead(recipe.objective.kind) && recipe.model_file.ends_with(".gguf")) {
    reader.Refuse("model", "must be a folder: a .gguf adapter has no place for the head");
  }
  return reader.Finish();
}

Status ReadTables(const toml::table& root, const std::string& data_dir, Recipe& recipe) {
  TomlReader top(&root, recipe.path, "");
  const toml::table* run = top.Table("run");
  const toml::table* data = top.Table("data");
  const toml::table* tokenizer = top.Table("tokenizer");
  const toml::table* model = top.Table("model");
  const toml::table* lora = top.Table("lora");
  const toml::table* train = top.Table("train");
  const toml::table* output = top.Table("output");
  PARVIS_RETURN_IF_ERROR(top.Finish());
  PARVIS_RETURN_IF_ERROR(ReadRun(run, recipe));
  PARVIS_RETURN_IF_ERROR(ReadData(data, data_dir, recipe));
  if (model == nullptr || !model->contains("from")) {
    PARVIS_RETURN_IF_ERROR(ReadTokenizerTable(tokenizer, recipe));
  } else {
    PARVIS_RETURN_IF_ERROR(ReadParentsTokenizer(tokenizer, recipe));
  }
  PARVIS_RETURN_IF_ERROR(ReadTrain(train, recipe));
  PARVIS_RETURN_IF_ERROR(ReadModelTable(model, recipe));
  if (recipe.objective.kind == ObjectiveKind::kPreference && recipe.from.empty()) {
    return InvalidArgument(recipe.path +
                           ": [train] objective = \"preference\" compares with a model that is "
                           "there: tell [model] from");
  }
  PARVIS_RETURN_IF_ERROR(ReadLora(lora, recipe));
  return ReadOutput(output, recipe);
}

}  // namespace

Result<Recipe> ParseRecipe(std::string_view text, const std::string& path,
                           const std::string& data_dir, std::span<const std::string> overrides) {
  Recipe recipe;
  recipe.path = path;
  recipe.text = std::string(text);
  toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return InvalidArgument(
        fmt::format("{}:{}: not TOML: {}", path, error.source().begin.line, error.description()));
  }
  if (!overrides.empty()) {
    PARVIS_RETURN_IF_ERROR(Override(overrides, parsed.table()));
    recipe.text = TextOf(parsed.table(), overrides);
  }
  PARVIS_RETURN_IF_ERROR(ReadTables(parsed.table(), data_dir, recipe));
  return recipe;
}

Result<Recipe> ReadRecipe(const std::string& path, const std::string& data_dir,
                          std::span<const std::string> overrides) {
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, size_t{1} << 20));
  return ParseRecipe(text, path, data_dir, overrides);
}

Json Recipe::Deciding() const {
  Json flat = {{"run.seed", seed},
               {"data.split", paragraphs ? "paragraphs" : "file"},
               {"tokenizer.file", tokenizer.file.empty() ? "" : "given"},
               {"tokenizer.kind", tokenizer.kind},
               {"tokenizer.style", tokenizer.style},
               {"tokenizer.lowercase", tokenizer.lowercase},
               {"tokenizer.extra_ids", tokenizer.extra_ids},
               {"tokenizer.vocab_size", tokenizer.vocab_size},
               {"tokenizer.train_bytes", tokenizer.train_bytes},
               {"tokenizer.end_of_text", tokenizer.end_of_text},
               {"tokenizer.begin_document", tokenizer.begin_document},
               {"tokenizer.special_tokens", tokenizer.special_tokens},
               {"model", model},
               {"train.tokens", tokens.value_or(0)},
               {"train.steps", steps.value_or(0)},
               {"train.epochs", epochs.value_or(0)},
               {"train.batch_tokens", batch_tokens},
               {"train.micro_batch_tokens", micro_batch_tokens},
               {"train.context_length", context_length},
               {"train.schedule", static_cast<int>(schedule.kind)},
               {"train.learning_rate", schedule.learning_rate},
               {"train.min_learning_rate", schedule.min_learning_rate},
               {"train.warmup_steps", schedule.warmup_steps},
               {"train.decay_fraction", schedule.decay_fraction},
               {"train.weight_decay", weight_decay},
               {"train.beta1", beta1},
               {"train.beta2", beta2},
               {"train.epsilon", epsilon},
               {"train.clip", clip},
               {"train.average", average},
               {"train.dtype", DTypeName(dtype)}};
  if (!tokenizer.chat_template.empty()) {
    flat["tokenizer.chat_template"] = Sha256Hex(tokenizer.chat_template);
  }
  if (held_out > 0.0) flat["data.held_out"] = held_out;
  if (lora) {
    flat["lora.rank"] = lora->rank;
    flat["lora.alpha"] = lora->alpha;
    flat["lora.targets"] = lora->targets;
  }
  if (patience > 0) flat["train.patience"] = patience;
  if (relative_steps) flat["train.relative_steps"] = true;
  if (recompute) flat["train.activation_checkpointing"] = true;  // an encoder's sums differ
  if (objective.kind != ObjectiveKind::kCausal) {
    flat["train.objective"] = static_cast<int>(objective.kind);
    flat["train.mask_share"] = objective.mask_share;
    flat["train.whole_word"] = objective.whole_word;
    flat["train.noise_share"] = objective.noise_share;
    flat["train.mean_span"] = objective.mean_span;
    flat["train.prefix"] = objective.prefix;
  }
  if (objective.fim_share > 0.0) {
    flat["train.fim_share"] = objective.fim_share;
    flat["train.fim_suffix_first"] = objective.fim_suffix_first;
  }
  if (objective.kind == ObjectiveKind::kContrastive) {
    flat["train.temperature"] = objective.temperature;
    flat["train.masked_weight"] = objective.masked_weight;
  }
  if (objective.kind == ObjectiveKind::kPreference) {
    flat["train.beta"] = objective.beta;
    flat["train.label_smoothing"] = objective.label_smoothing;
  }
  Json epochs_of_sources = Json::array();
  for (const DataSource& source : train) epochs_of_sources.push_back(source.epochs);
  flat["data.epochs"] = std::move(epochs_of_sources);
  for (const DataSource& source : mix) flat["data.mix." + source.path] = source.epochs;
  return flat;
}

}  // namespace parvis::train
