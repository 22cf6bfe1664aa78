#include "parvis/cli/model_summary.h"

#include <filesystem>

#include "parvis/cli/flags.h"

namespace parvis::cli {
namespace fs = std::filesystem;

int64_t SizeOnDisk(const std::string& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return static_cast<int64_t>(fs::file_size(path, error));
  int64_t sum = 0;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) sum += static_cast<int64_t>(it->file_size(ignored));
  }
  return sum;
}

Result<models::Model> OpenModel(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(const Compute compute, Compute::Make({.threads = 1, .kernels = {}}));
  return models::LoadModel(compute.exec(), path, {.pack = false});
}

namespace {

// Names of the chat templates; the usual one is called "default".
OrderedJson ChatTemplates(const models::Model& model) {
  OrderedJson names = OrderedJson::array();
  if (model.tokenizer == nullptr) return names;
  const text::Vocabulary& v = model.tokenizer->vocabulary();
  if (!v.chat_template.empty()) names.push_back("default");
  for (const auto& [name, text] : v.chat_templates) names.push_back(name);
  return names;
}

}  // namespace

OrderedJson ModelFacts(const models::Model& model) {
  const nn::Blueprint& blueprint = model.stack.blueprint();
  return {{"name", model.name},
          {"path", model.path},
          {"format", model.format},
          {"bytes", SizeOnDisk(model.path)},
          {"family", blueprint.family},
          {"dtype", DTypeName(model.dtype)},
          {"parameters", nn::NumParameters(blueprint)},
          {"vocab_size", blueprint.vocab_size},
          {"context_length", blueprint.context_length},
          {"chat_templates", ChatTemplates(model)}};
}

}  // namespace parvis::cli
