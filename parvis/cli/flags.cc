#include "parvis/cli/flags.h"

#include <algorithm>

#include "parvis/cli/model_path.h"
#include "parvis/models/adapter.h"
#include "parvis/train/machine.h"

namespace parvis::cli {

void AddOutputFlags(FlagSet& flags, Console& console) {
  flags.Add("--json", &console.json, "One JSON document on stdout");
  flags.Add("-q,--quiet", &console.quiet, "No notes and no progress on stderr");
}

int AvailableThreads() { return std::max(1, train::ThisMachine().cores); }

void ComputeFlags::AddTo(FlagSet& flags) {
  flags.Add("-t,--threads", &threads, "Threads (default: all processors)", {.min = 0, .max = 1024});
  flags.Add("--kernels", &kernels,
            "Instruction set: scalar, avx2, avx512, amx (default: the best)");
}

Result<Compute> Compute::Make(const ComputeFlags& flags) {
  kernels::Target target = kernels::BestTarget();
  if (!flags.kernels.empty()) {
    const auto named = kernels::TargetFromName(flags.kernels);
    if (!named)
      return InvalidArgument("--kernels: '" + flags.kernels +
                             "' is none of scalar, avx2, avx512, amx");
    if (!kernels::TargetSupported(*named)) {
      return Status(StatusCode::kUnavailable,
                    "--kernels: this processor has no " + flags.kernels + " as Parvis needs it");
    }
    target = *named;
  }
  const int threads = flags.threads > 0 ? flags.threads : AvailableThreads();
  return Compute(std::make_unique<ThreadPool>(threads), &kernels::TableOf(target));
}

void ModelFlags::AddTo(FlagSet& flags, bool required) {
  flags.Add("-m,--model,model", &model, "A .gguf file, a folder, or a name of 'parvis list'",
            {.required = required});
  AddOthers(flags);
}

Flag ModelFlags::AddNamed(FlagSet& flags, const std::string& otherwise) {
  const Flag named =
      flags.Add("-m,--model", &model,
                "A .gguf file, a folder, or a name of 'parvis list' (" + otherwise + ")");
  AddOthers(flags);
  return named;
}

void ModelFlags::AddOthers(FlagSet& flags) {
  flags.Add("--dtype", &dtype, "Compute in f32, bf16 or q8_0 (default: as stored)");
  flags.Add("--adapter", &adapter, "A LoRA adapter: a .gguf file or a PEFT folder");
}

Result<models::Model> ModelFlags::Load(const Compute& compute) const {
  models::LoadOptions options;
  PARVIS_ASSIGN_OR_RETURN(options.packing, PackingFromName(dtype));
  PARVIS_ASSIGN_OR_RETURN(const std::string path, FindModel(model));
  const bool other_head = !adapter.empty() && models::BringsHead(adapter);
  options.keep_values = other_head;
  PARVIS_ASSIGN_OR_RETURN(models::Model loaded, models::LoadModel(compute.exec(), path, options));
  if (!adapter.empty()) {
    PARVIS_RETURN_IF_ERROR(models::LoadAdapter(compute.exec(), adapter, loaded));
  }
  if (other_head) {
    loaded.stack.Pack(compute.exec(), /*keep_values=*/false, options.packing);
  }
  return loaded;
}

Result<std::optional<ops::Packing>> PackingFromName(const std::string& name) {
  std::optional<ops::Packing> packing;
  if (name == "f32") {
    packing = ops::Packing::kF32;
  } else if (name == "bf16") {
    packing = ops::Packing::kBf16;
  } else if (name == "q8_0") {
    packing = ops::Packing::kQ8_0;
  } else if (!name.empty()) {
    return InvalidArgument("--dtype: '" + name + "' is none of f32, bf16, q8_0");
  }
  return packing;
}

std::string_view PackingName(ops::Packing packing) {
  switch (packing) {
    case ops::Packing::kF32:
      return "f32";
    case ops::Packing::kBf16:
      return "bf16";
    case ops::Packing::kF16:
      return "f16";
    case ops::Packing::kQ8_0:
      return "q8_0";
    case ops::Packing::kQ4_0:
      return "q4_0";
    case ops::Packing::kQ4K:
      return "q4_K";
    case ops::Packing::kQ6K:
      return "q6_K";
    case ops::Packing::kQ5Wide:
      return "q5 (wide)";
  }
  return "";
}

}  // namespace parvis::cli
