#include "parvis/cli/task_words.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "parvis/cli/model_path.h"
#include "parvis/cli/suggest.h"

namespace parvis::cli {
namespace fs = std::filesystem;
namespace {

// Each task's shipped model.
const std::map<std::string, std::string> kDefaultModels = {
    {"translate", "parvis-pont"}, {"summarize", "parvis-lens"},      {"fill", "parvis-lens"},
    {"embed", "parvis-lens"},     {"answer", "parvis-lens-answers"}, {"complete", "parvis-scribe"},
};

bool HasSpace(const std::string& word) {
  return std::any_of(word.begin(), word.end(),
                     [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; });
}

std::vector<std::string> ModelNames() {
  std::vector<std::string> names;
  for (const ModelEntry& model : ListModels()) names.push_back(model.name);
  return names;
}

// A name ending in .gguf is meant as a file even if there is none; then its absence is told.
bool NamesModel(const std::string& word, const std::vector<std::string>& names) {
  if (HasSpace(word)) return false;
  std::error_code error;
  return word.ends_with(".gguf") || fs::exists(fs::path(word) / "config.json", error) ||
         std::find(names.begin(), names.end(), word) != names.end();
}

// A file that is meant to be read would else be a text of one word.
Status CheckTexts(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    std::error_code error;
    if (!HasSpace(word) && fs::is_regular_file(word, error)) {
      return InvalidArgument("'" + word + "' is a file: to have it read, say --file " + word +
                             "; if it is the text, --text " + word);
    }
  }
  return {};
}

}  // namespace

std::string DefaultModel(const std::string& command) {
  const auto found = kDefaultModels.find(command);
  return found == kDefaultModels.end() ? "" : found->second;
}

void TaskWords::AddTo(FlagSet& flags, ModelFlags& model, std::string command,
                      const std::vector<std::string>& texts, const std::string& what) {
  command_ = std::move(command);
  texts_ = texts.size();
  model_flag_ = model.AddNamed(flags, "default: " + DefaultModel(command_));
  words_.resize(texts_ + 1);
  // The names are for --help only: what a word is, Sort says.
  for (size_t i = 0; i <= texts_; ++i) {
    const std::string before = i == 0 ? "model" : texts[i - 1];
    const std::string name =
        i < texts_ ? before + "_or_" + texts[i] : texts[i - 1] + "_behind_model";
    const std::string help = i < texts_ ? "The " + texts[i] + "; or the " + before : what;
    flags_.push_back(flags.Add(name, &words_[i], help));
  }
}

Result<std::vector<std::string>> TaskWords::Sort(ModelFlags& model, size_t told) const {
  std::vector<std::string> words;
  for (size_t i = 0; i < words_.size() && flags_[i].given(); ++i) words.push_back(words_[i]);
  const size_t texts = texts_ - std::min(told, texts_);
  const char* environment = std::getenv("PARVIS_MODEL");
  const bool from_environment = environment != nullptr && model.model == environment;
  if (model_flag_.given() && !from_environment) {
    if (words.size() <= texts) {
      PARVIS_RETURN_IF_ERROR(CheckTexts(words));
      return words;
    }
    return InvalidArgument("there is a word too many, '" + words.back() +
                           "', since the model is told by --model; a text of several words stands "
                           "in quotes");
  }
  const std::vector<std::string> names = ModelNames();
  const auto take_first = [&]() -> Result<std::vector<std::string>> {
    model.model = words[0];
    words.erase(words.begin());
    if (const auto found = FindModel(model.model); !found.ok()) {
      return Status(found.status().code(),
                    found.status().message() + " (a text of several words stands in quotes)");
    }
    if (words.size() > texts) {
      return InvalidArgument("give a text or --file, not both; there is a word too many, '" +
                             words.back() + "'");
    }
    PARVIS_RETURN_IF_ERROR(CheckTexts(words));
    return words;
  };
  if (words.size() > texts) return take_first();
  if (!words.empty() && NamesModel(words[0], names)) return take_first();
  if (!words.empty() && words[0].starts_with("parvis-") && !HasSpace(words[0])) {
    return take_first();  // a slip of the pen: it says what the nearest name is
  }
  PARVIS_RETURN_IF_ERROR(CheckTexts(words));
  if (from_environment) return words;
  model.model = DefaultModel(command_);
  if (std::find(names.begin(), names.end(), model.model) == names.end()) {
    return NotFound(model.model + ", which '" + command_ +
                    "' takes if no model is named, is not among the models here; name one with "
                    "--model ('parvis list' shows them)");
  }
  return words;
}

Status TakeWords(const TaskWords& words, ModelFlags& model, TextFlags& text) {
  PARVIS_ASSIGN_OR_RETURN(const auto texts, words.Sort(model, text.given() ? 1 : 0));
  if (!texts.empty()) text.Set(texts[0]);
  return {};
}

}  // namespace parvis::cli
