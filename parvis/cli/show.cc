// parvis show MODEL: what a model file says about itself: sizes, origin, licence, tensors.

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <utility>

#include "parvis/cli/command.h"
#include "parvis/cli/model_path.h"
#include "parvis/cli/model_summary.h"
#include "parvis/cli/progress.h"

namespace parvis::cli {
namespace {

struct Options {
  std::string model;
  bool tensors = false;
};

// Numbers that were f32 in the file, as the shortest that read back as the same f32: 1e-05, not
// 9.999999747378752e-06.
Json Shortened(Json value) {
  if (value.is_structured()) {
    for (Json& part : value) part = Shortened(std::move(part));
  } else if (value.is_number_float()) {
    const auto narrow = static_cast<float>(value.get<double>());
    if (std::isfinite(narrow) && static_cast<double>(narrow) == value.get<double>()) {
      value = std::strtod(fmt::format("{}", narrow).c_str(), nullptr);
    }
  }
  return value;
}

std::string ValueText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The stored tensors: name, shape, dtype.
OrderedJson Tensors(const nn::Stack& stack) {
  OrderedJson tensors = OrderedJson::array();
  for (const ops::Parameter& parameter : stack.parameters()) {
    tensors.push_back({{"name", parameter.name},
                       {"shape", parameter.shape},
                       {"dtype", DTypeName(parameter.value.dtype())}});
  }
  return tensors;
}

void PrintText(const Options& options, const models::Model& model, const OrderedJson& facts,
               Console& console) {
  const auto line = [&console](const std::string& key, const std::string& value) {
    console.Print(fmt::format("{:<24} {}\n", key, value));
  };
  line("name", model.name);
  line("path", model.path);
  line("family", facts["family"].get<std::string>());
  line("parameters", CountText(facts["parameters"].get<double>()));
  line("dtype", facts["dtype"].get<std::string>());
  line("size", BytesText(facts["bytes"].get<double>()));
  std::string templates;
  for (const OrderedJson& name : facts["chat_templates"]) {
    templates += (templates.empty() ? "" : ", ") + name.get<std::string>();
  }
  line("chat templates", templates.empty() ? "none" : templates);
  const Json config = Shortened(models::ConfigFromBlueprint(model.stack.blueprint()));
  for (const auto& [key, value] : config.items()) line(key, ValueText(value));
  const Json metadata = Shortened(model.metadata);
  for (const auto& [key, value] : metadata.items()) line(key, ValueText(value));
  if (!options.tensors) return;
  for (const ops::Parameter& parameter : model.stack.parameters()) {
    console.Print(fmt::format("{:<40} {:<6} {}\n", parameter.name,
                              DTypeName(parameter.value.dtype()), ShapeText(parameter.shape)));
  }
}

Status Show(const Options& options, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const std::string path, FindModel(options.model));
  PARVIS_ASSIGN_OR_RETURN(const models::Model model, OpenModel(path));
  const OrderedJson facts = ModelFacts(model);
  if (!console.json) {
    PrintText(options, model, facts, console);
    return {};
  }
  OrderedJson document = Console::Document("show");
  document.update(facts);
  document["config"] = Shortened(models::ConfigFromBlueprint(model.stack.blueprint()));
  document["metadata"] = Shortened(model.metadata);
  if (options.tensors) document["tensors"] = Tensors(model.stack);
  console.PrintJson(document);
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  flags.Add("-m,--model,model", &options->model,
            "A .gguf file, a folder, or a name of 'parvis list'", {.required = true});
  flags.Add("--tensors", &options->tensors, "Each tensor with its shape and dtype");
  return [options, &console] { return Show(*options, console); };
}

}  // namespace

const Command kShow = {"show", "Show what a model file says about itself",
                       "parvis show parvis-fable --tensors", &Define};

}  // namespace parvis::cli
