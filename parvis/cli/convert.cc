// parvis convert IN OUT: the same model in another kind of file.

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/rewrite.h"

namespace parvis::cli {
namespace {

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto request = std::make_shared<RewriteRequest>();
  request->command = "convert";
  flags.Add("in", &request->in, "A Hugging Face folder, a .gguf file, or a llama2.c .bin file",
            {.required = true});
  flags.Add("out", &request->out, "OUT.gguf, or else a Hugging Face folder", {.required = true});
  flags.Add("--dtype", &request->dtype,
            "Matrices in f32, f16, bf16, or a type of 'parvis quantize' (default: as they are)");
  flags.Add("--tokenizer", &request->tokenizer, "Take the tokeniser of this file or model");
  flags.Add("--adapter", &request->adapter,
            "Merge this LoRA adapter into the weights: a .gguf file or a PEFT folder");
  return [request, &console] { return Rewrite(*request, console); };
}

}  // namespace

const Command kConvert = {"convert", "Write a model as another kind of file",
                          "parvis convert my-model/ my-model.gguf --dtype bf16", &Define};

}  // namespace parvis::cli
