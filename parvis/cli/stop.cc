// parvis stop: takes a model out of a running server's memory.

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/remote.h"

namespace parvis::cli {
namespace {

struct Options {
  RemoteFlags server;
  std::string model;
};

Status Stop(const Options& options, Console& console) {
  PARVIS_RETURN_IF_ERROR(options.server
                             .Ask("POST", "/api/generate",
                                  {{"model", options.model}, {"keep_alive", 0}, {"stream", false}})
                             .status());
  if (console.json) {
    OrderedJson document = Console::Document("stop");
    document["model"] = options.model;
    console.PrintJson(document);
  } else {
    console.Note("'" + options.model + "' leaves the memory once nobody uses it.");
  }
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  flags.Add("-m,--model,model", &options->model, "The model's name", {.required = true});
  options->server.AddTo(flags);
  return [options, &console] { return Stop(*options, console); };
}

}  // namespace

const Command kStop = {"stop", "Take a model out of a running server's memory", "parvis stop fable",
                       &Define};

}  // namespace parvis::cli
