#include "parvis/train/run_model.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "parvis/core/sha256.h"
#include "parvis/formats/quantize.h"

namespace parvis::train {
namespace {

namespace fs = std::filesystem;

constexpr double kInitializerRange = 0.02;

nn::Head::Kind HeadOf(ObjectiveKind kind) {
  switch (kind) {
    case ObjectiveKind::kLabels:
      return nn::Head::Kind::kSequenceLabels;
    case ObjectiveKind::kTokenLabels:
      return nn::Head::Kind::kTokenLabels;
    case ObjectiveKind::kAnswers:
      return nn::Head::Kind::kSpan;
    default:
      return nn::Head::Kind::kLanguage;
  }
}

Result<std::string> HashOf(const std::string& path) {
  if (!fs::is_directory(path)) return Sha256HexOfFile(path);
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".safetensors") files.push_back(it->path().string());
  }
  if (error) return IoError(path + ": " + error.message());
  std::sort(files.begin(), files.end());
  std::string all;
  for (const std::string& file : files) {
    PARVIS_ASSIGN_OR_RETURN(const std::string hash, Sha256HexOfFile(file));
    all += fs::path(file).filename().string() + " " + hash + "\n";
  }
  return Sha256Hex(all);
}

// What the objective and the tokenizer decide of a new model.
Status AddToConfig(const Recipe& recipe, const text::Tokenizer& tokenizer, const LabelSet& labels,
                   Json& config) {
  const auto vocab_size = static_cast<int64_t>(tokenizer.vocab_size());
  const auto told = config.find("vocab_size");
  if (told == config.end()) {
    config["vocab_size"] = vocab_size;
  } else if (!told->is_number_integer() || told->get<int64_t>() < vocab_size) {
    return InvalidArgument(
        fmt::format("[model] vocab_size must be a whole number and at least "
                    "the tokenizer's {}",
                    vocab_size));
  }
  config["head"] = nn::HeadName(HeadOf(recipe.objective.kind));
  if (!labels.names.empty()) config["num_labels"] = labels.names.size();
  // Where an answer begins: T5 has its padding there.
  if (tokenizer.padding()) config["decoder_start_token_id"] = *tokenizer.padding();
  return {};
}

Result<models::Model> NewModelOf(const Recipe& recipe,
                                 std::shared_ptr<const text::Tokenizer> tokenizer,
                                 const LabelSet& labels) {
  Json config = recipe.model;
  PARVIS_RETURN_IF_ERROR(AddToConfig(recipe, *tokenizer, labels, config).In(recipe.path));
  Result<nn::Blueprint> blueprint = models::BlueprintFromConfig(config);
  if (!blueprint.ok()) return blueprint.status().In(recipe.path + ": [model]");
  const double deviation = config.value("initializer_range", kInitializerRange);
  models::Model model =
      models::NewModel(std::move(blueprint).value(), std::move(tokenizer), recipe.seed, deviation);
  if (config.value("sinusoidal_pos_embds", false)) models::BeginPositionsAsSines(model, deviation);
  model.task.labels = labels.names;
  return model;
}

// The parent's labels stay if they name all that the documents have.
Result<models::Model> ParentWithHead(const Recipe& recipe, models::Model model,
                                     const LabelSet& labels) {
  const nn::Head::Kind kind = HeadOf(recipe.objective.kind);
  const std::vector<std::string>& own = model.task.labels;
  const bool known = std::all_of(labels.names.begin(), labels.names.end(), [&](const auto& name) {
    return std::find(own.begin(), own.end(), name) != own.end();
  });
  // What is embedded needs no head; one that is there stays as it is.
  if (recipe.objective.kind == ObjectiveKind::kContrastive) return model;
  if (model.stack.blueprint().head.kind == kind && known) return model;
  if (kind == nn::Head::Kind::kLanguage) {
    return InvalidArgument("this model has no head that predicts tokens");
  }
  return models::WithHead(std::move(model), kind, labels.names, recipe.seed);
}

}  // namespace

Result<std::optional<Parent>> LoadParent(const ops::Exec& exec, const Recipe& recipe) {
  if (recipe.from.empty()) return std::optional<Parent>();
  PARVIS_ASSIGN_OR_RETURN(
      models::Model model,
      models::LoadModel(exec, recipe.from, {.keep_values = true, .pack = false}));
  PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model));
  for (ops::Parameter& parameter : model.stack.parameters()) {
    PARVIS_ASSIGN_OR_RETURN(const Tensor value,
                            formats::ConvertTensor(parameter.value, DType::kF32, exec.pool()));
    parameter.value = value.Clone();  // a file's pages cannot be written to
  }
  PARVIS_ASSIGN_OR_RETURN(std::string sha256, HashOf(recipe.from));
  const fs::path path = fs::path(recipe.from).lexically_normal();
  const std::string name = path.has_filename() ? path.filename() : path.parent_path().filename();
  return std::optional<Parent>(Parent{std::move(model), {name, std::move(sha256)}});
}

Result<models::Model> ModelOf(const Recipe& recipe, std::optional<Parent> parent,
                              std::shared_ptr<const text::Tokenizer> tokenizer,
                              const LabelSet& labels) {
  Result<models::Model> made = parent ? ParentWithHead(recipe, std::move(parent->model), labels)
                                      : NewModelOf(recipe, tokenizer, labels);
  if (!made.ok()) return parent ? made.status().In(recipe.path + ": [model] from") : made.status();
  models::Model model = std::move(made).value();
  const int64_t most = model.stack.blueprint().context_length;
  if (recipe.context_length > most) {
    return InvalidArgument(
        fmt::format("{}: [train] context_length = {} is more than the {} that "
                    "the model can take",
                    recipe.path, recipe.context_length, most));
  }
  if (labels.several) model.task.problem_type = "multi_label_classification";
  if (recipe.objective.kind == ObjectiveKind::kContrastive) {
    model.task.pooling = "mean";
    model.task.normalize = true;
  }
  model.tokenizer = std::move(tokenizer);
  model.name = recipe.name;
  return model;
}

}  // namespace parvis::train
