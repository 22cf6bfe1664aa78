// parvis quantize IN OUT TYPE: smaller weights.

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/rewrite.h"

namespace parvis::cli {
namespace {

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto request = std::make_shared<RewriteRequest>();
  request->command = "quantize";
  request->dtype = "q8_0";
  flags.Add("in", &request->in, "A model", {.required = true});
  flags.Add("out", &request->out, "OUT.gguf", {.required = true});
  flags.Add("type", &request->dtype, "q8_0: 8 bits, and a scale for every 32 weights",
            {.one_of = {"q8_0"}, .show_default = true});
  return [request, &console] { return Rewrite(*request, console); };
}

}  // namespace

const Command kQuantize = {"quantize", "Make a model's weights smaller",
                           "parvis quantize my-model.gguf my-model-q8.gguf q8_0", &Define};

}  // namespace parvis::cli
