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
  flags.Add(
      "type", &request->dtype,
      "q8_0, q6_K, q5_K_M, q4_K_M, q4_K, q4_0 (bits a weight: the name's number, and a half), "
      "or f32, f16, bf16, q5_K, q5_1, q5_0, q4_1",
      {.show_default = true});
  return [request, &console] { return Rewrite(*request, console); };
}

}  // namespace

const Command kQuantize = {"quantize", "Make a model's weights smaller",
                           "parvis quantize my-model.gguf my-model-q4.gguf q4_K_M", &Define};

}  // namespace parvis::cli
