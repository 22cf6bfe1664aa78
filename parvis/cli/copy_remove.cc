// parvis cp and rm: models of our own get another name, or go.

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/model_store.h"

namespace parvis::cli {
namespace {

struct CopyOptions {
  std::string from, to;
};

Status Copy(const CopyOptions& options, Console& console) {
  PARVIS_RETURN_IF_ERROR(CopyModel(options.from, options.to));
  if (console.json) {
    OrderedJson document = Console::Document("cp");
    document["model"] = options.to;
    console.PrintJson(document);
  } else {
    console.Note("'" + options.to + "' is in " + OwnModelFolder() + ".");
  }
  return {};
}

std::function<Status()> DefineCopy(FlagSet& flags, Console& console) {
  auto options = std::make_shared<CopyOptions>();
  flags.Add("--from,from", &options->from, "A model: file, folder, name of 'parvis list'",
            {.required = true});
  flags.Add("--to,to", &options->to, "Its new name", {.required = true});
  return [options, &console] { return Copy(*options, console); };
}

struct RemoveOptions {
  std::string model;
  bool yes = false;
};

Status Remove(const RemoveOptions& options, Console& console) {
  if (!options.yes) {
    return InvalidArgument("--yes: removing '" + options.model + "' cannot be undone");
  }
  PARVIS_RETURN_IF_ERROR(RemoveModel(options.model));
  if (console.json) {
    OrderedJson document = Console::Document("rm");
    document["model"] = options.model;
    console.PrintJson(document);
  } else {
    console.Note("'" + options.model + "' is gone.");
  }
  return {};
}

std::function<Status()> DefineRemove(FlagSet& flags, Console& console) {
  auto options = std::make_shared<RemoveOptions>();
  flags.Add("-m,--model,model", &options->model, "The model's name", {.required = true});
  flags.Add("-y,--yes", &options->yes, "Yes, for good");
  return [options, &console] { return Remove(*options, console); };
}

}  // namespace

const Command kCopy = {"cp", "Give a model another name", "parvis cp runs/quick/model.gguf tales",
                       &DefineCopy};
const Command kRemove = {"rm", "Remove a model of our own", "parvis rm tales --yes", &DefineRemove};

}  // namespace parvis::cli
