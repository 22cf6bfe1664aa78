// parvis describe MODEL: the forward pass that a model's blueprint stands for, with every shape.

#include <filesystem>
#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/flags.h"
#include "parvis/cli/model_path.h"
#include "parvis/core/file.h"

namespace parvis::cli {
namespace {

Status Describe(const std::string& name, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const std::string path, FindModel(name));
  std::optional<nn::Blueprint> blueprint;
  if (std::filesystem::path(path).extension() == ".json") {  // a configuration without weights
    PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
    auto config = ParseJson(text);
    if (!config.ok()) return config.status().In(path);
    auto read = models::BlueprintFromConfig(*config);
    if (!read.ok()) return read.status().In(path);
    blueprint = *read;
  } else {
    PARVIS_ASSIGN_OR_RETURN(const Compute compute, Compute::Make({.threads = 1}));
    PARVIS_ASSIGN_OR_RETURN(const models::Model model,
                            models::LoadModel(compute.exec(), path, {.pack = false}));
    blueprint = model.stack.blueprint();
  }
  if (!console.json) {
    console.Print(models::Describe(*blueprint));
    return {};
  }
  OrderedJson document = Console::Document("describe");
  document["family"] = blueprint->family;
  document["config"] = models::ConfigFromBlueprint(*blueprint);
  document["parameters"] = nn::NumParameters(*blueprint);
  document["multiplied_parameters"] = nn::NumMultiplied(*blueprint);
  document["forward_pass"] = models::Describe(*blueprint);
  console.PrintJson(document);
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto model = std::make_shared<std::string>();
  flags.Add("-m,--model,model", model.get(), "A .gguf file, a folder, a config.json, or a name",
            {.required = true});
  return [model, &console] { return Describe(*model, console); };
}

}  // namespace

const Command kDescribe = {"describe", "Print the forward pass of a model, with every shape",
                           "parvis describe parvis-fable", &Define};

}  // namespace parvis::cli
