// parvis list: the models that can be called by name.

#include <fmt/format.h>

#include "parvis/cli/command.h"
#include "parvis/cli/model_path.h"
#include "parvis/cli/model_summary.h"
#include "parvis/cli/progress.h"

namespace parvis::cli {
namespace {

Status List(Console& console) {
  OrderedJson models = OrderedJson::array();
  std::string table;
  for (const ModelEntry& entry : ListModels()) {
    const auto model = OpenModel(entry.path);
    if (!model.ok()) {  // shown, because it is in the way of its name
      models.push_back(
          {{"name", entry.name}, {"path", entry.path}, {"error", model.status().message()}});
      table += fmt::format("{:<24} unreadable: {}\n", entry.name, model.status().message());
      continue;
    }
    OrderedJson facts = ModelFacts(*model);
    facts["name"] = entry.name;
    table += fmt::format(
        "{:<24} {:<8} {:>8} {:<6} {:>10}  {}\n", entry.name, facts["family"].get<std::string>(),
        CountText(facts["parameters"].get<double>()), facts["dtype"].get<std::string>(),
        BytesText(facts["bytes"].get<double>()), entry.path);
    models.push_back(std::move(facts));
  }
  if (console.json) {
    OrderedJson document = Console::Document("list");
    document["folders"] = ModelFolders();
    document["models"] = std::move(models);
    console.PrintJson(document);
    return {};
  }
  if (table.empty()) {
    console.Note("There are no models yet. Looked into:");
    for (const std::string& folder : ModelFolders()) console.Note("  " + folder);
    return {};
  }
  if (!console.quiet) {
    console.Print(fmt::format("{:<24} {:<8} {:>8} {:<6} {:>10}  {}\n", "NAME", "FAMILY", "PARAMS",
                              "DTYPE", "SIZE", "PATH"));
  }
  console.Print(table);
  return {};
}

std::function<Status()> Define(FlagSet& /*flags*/, Console& console) {
  return [&console] { return List(console); };
}

}  // namespace

const Command kList = {"list", "List the models that can be called by name", "parvis list",
                       &Define};

}  // namespace parvis::cli
