// parvis doctor: is everything here that running and training need? One line a check.

#include <fmt/format.h>

#include <filesystem>

#include "parvis/cli/command.h"
#include "parvis/cli/machine.h"
#include "parvis/cli/model_path.h"
#include "parvis/cli/model_summary.h"
#include "parvis/cli/progress.h"

namespace parvis::cli {
namespace {

enum class Verdict { kGood, kSlow, kBad };  // kSlow: works, but not as well as it could

struct Finding {
  std::string check;
  Verdict verdict;
  std::string text;
};

const char* VerdictName(Verdict verdict) {
  return verdict == Verdict::kGood ? "good" : verdict == Verdict::kSlow ? "slow" : "bad";
}

Finding CheckKernels(const Machine& machine) {
  const kernels::Target best = kernels::BestTarget();
  std::string text = std::string(kernels::TargetName(best)) + " is used";
  std::string features;
  for (const std::string& feature : machine.features) features += " " + feature;
  text += "; the processor has" + (features.empty() ? " none of avx2, avx512" : features);
  return {"kernels", best == kernels::Target::kScalar ? Verdict::kSlow : Verdict::kGood, text};
}

Finding CheckMemory(const Machine& machine) {
  constexpr int64_t kLittle = int64_t{512} << 20;
  const auto gib = [](int64_t bytes) { return BytesText(static_cast<double>(bytes)); };
  return {"memory", machine.available_bytes < kLittle ? Verdict::kSlow : Verdict::kGood,
          gib(machine.available_bytes) + " of " + gib(machine.memory_bytes) + " are available"};
}

Finding CheckHugePages(const Machine& machine) {
  const bool usable = machine.huge_pages == "always" || machine.huge_pages == "madvise";
  return {"huge pages", usable ? Verdict::kGood : Verdict::kSlow,
          machine.huge_pages.empty()
              ? "the kernel does not offer them"
              : "transparent huge pages: " + machine.huge_pages +
                    (usable ? "" : "; reading weights is some 10 % slower without them")};
}

Finding CheckDisk() {
  constexpr double kLittle = 1024.0 * 1024 * 1024;
  std::error_code error;
  std::filesystem::path folder = HomeFolder();
  while (!std::filesystem::exists(folder, error) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  const auto space = std::filesystem::space(folder, error);
  if (error) return {"disk", Verdict::kBad, folder.string() + ": " + error.message()};
  const auto free = static_cast<double>(space.available);
  return {"disk", free < kLittle ? Verdict::kSlow : Verdict::kGood,
          BytesText(free) + " are free for " + HomeFolder()};
}

std::vector<Finding> CheckModels() {
  std::vector<Finding> findings;
  for (const ModelEntry& entry : ListModels()) {
    const auto model = OpenModel(entry.path);
    findings.push_back({"model " + entry.name, model.ok() ? Verdict::kGood : Verdict::kBad,
                        model.ok() ? entry.path : model.status().message()});
  }
  if (findings.empty()) {
    findings.push_back({"models", Verdict::kSlow, "none found; 'parvis list' says where"});
  }
  return findings;
}

Status Doctor(Console& console) {
  const Machine machine = ReadMachine();
  std::vector<Finding> findings = {
      {"processor", Verdict::kGood,
       fmt::format("{}, {} usable", machine.processor.empty() ? "unknown" : machine.processor,
                   machine.processors)},
      CheckKernels(machine),
      CheckMemory(machine),
      CheckHugePages(machine),
      CheckDisk()};
  for (Finding& finding : CheckModels()) findings.push_back(std::move(finding));

  OrderedJson checks = OrderedJson::array();
  int bad = 0;
  for (const Finding& finding : findings) {
    if (finding.verdict == Verdict::kBad) ++bad;
    checks.push_back({{"check", finding.check},
                      {"verdict", VerdictName(finding.verdict)},
                      {"text", finding.text}});
    if (!console.json) {
      console.Print(
          fmt::format("{:<5} {}: {}\n", VerdictName(finding.verdict), finding.check, finding.text));
    }
  }
  if (console.json) {
    OrderedJson document = Console::Document("doctor");
    document["kernels"] = kernels::TargetName(kernels::BestTarget());
    document["threads"] = machine.processors;
    document["memory_bytes"] = machine.memory_bytes;
    document["available_bytes"] = machine.available_bytes;
    document["huge_pages"] = machine.huge_pages;
    document["checks"] = std::move(checks);
    console.PrintJson(document);
  }
  if (bad > 0) return Status(StatusCode::kUnavailable, fmt::format("{} checks are bad", bad));
  return {};
}

std::function<Status()> Define(FlagSet& /*flags*/, Console& console) {
  return [&console] { return Doctor(console); };
}

}  // namespace

const Command kDoctor = {"doctor", "Check this machine and the model files", "parvis doctor",
                         &Define};

}  // namespace parvis::cli
