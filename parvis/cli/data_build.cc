// parvis data build CORPUS.toml: a data set from files of text, as a recipe says.

#include <memory>

#include "fmt/format.h"
#include "parvis/cli/command.h"
#include "parvis/cli/flags.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/progress.h"
#include "parvis/core/clock.h"
#include "parvis/core/utc.h"
#include "parvis/data/build.h"

namespace parvis::cli {
namespace {

struct Options {
  std::string recipe, out;
  int threads = 0;
};

void Tell(const data::CorpusRecipe& recipe, const data::CorpusReport& report,
          const Console& console) {
  const auto amount = [](const data::Amount& a) {
    return fmt::format("{} documents, {} words, {}", a.documents,
                       CountText(static_cast<double>(a.words)),
                       BytesText(static_cast<double>(a.bytes)));
  };
  console.Note(fmt::format("read {} documents, {} ({}/s)", report.read,
                           BytesText(static_cast<double>(report.bytes_read)),
                           BytesText(static_cast<double>(report.bytes_read) / report.seconds)));
  for (const auto& [split, kept] : report.splits) {
    console.Note(fmt::format("{}: {}", split, amount(kept)));
  }
  for (const auto& [reason, count] : report.dropped) {
    console.Note(fmt::format("dropped, {}: {}", reason, count));
  }
  for (size_t kind = 0; kind < data::kPersonalKinds; ++kind) {
    if (report.personal[kind] == 0) continue;
    const bool masked = recipe.personal[kind] == data::PersonalAction::kMask;
    console.Note(fmt::format("personal data, {}: {} found{}", data::kPersonalNames[kind],
                             report.personal[kind], masked ? " and masked" : ""));
  }
  if (report.licences.contains("not told")) {
    console.Note(fmt::format("{} documents have no licence (licence of [[source]], or of the row)",
                             report.licences.at("not told").documents));
  }
  for (const std::string& id : report.unknown_strikes) {
    console.Note(fmt::format("no document is called {}, which is to be struck", id));
  }
}

Status Build(const Options& options, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(data::CorpusRecipe recipe, data::ReadCorpusRecipe(options.recipe));
  if (!options.out.empty()) recipe.out = options.out;
  const int threads = options.threads > 0  ? options.threads
                      : recipe.threads > 0 ? recipe.threads
                                           : AvailableThreads();
  ThreadPool pool(threads);
  CatchInterrupts();
  data::BuildOptions build;
  build.date = UtcDate(WallClockMs());
  build.stop = &InterruptFlag();
  Result<data::CorpusReport> report = [&] {
    Progress progress("build", 0, "bytes", !console.quiet && !console.json);
    build.progress = [&progress](int64_t bytes, int64_t kept) {
      progress.Update(bytes, fmt::format("{} documents kept", kept));
    };
    return data::BuildCorpus(recipe, pool, build);
  }();
  if (!report.ok()) {
    if (report.status().code() == StatusCode::kCancelled) console.Note(report.status().message());
    return report.status();
  }
  if (console.json) {
    OrderedJson document = Console::Document("data-build");
    document["folder"] = recipe.out;
    document["seconds"] = report->seconds;
    document["report"] = report->ToJson(recipe);
    console.PrintJson(document);
    return {};
  }
  Tell(recipe, *report, console);
  console.Print(recipe.out + "\n");
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  flags.Add("recipe", &options->recipe, "What to read and what to do, a .toml file",
            {.required = true});
  flags.Add("-o,--out", &options->out, "The folder to write (default: the recipe's)");
  flags.Add("-t,--threads", &options->threads, "Threads (default: all processors)",
            {.min = 0, .max = 1024});
  return [options, &console] { return Build(*options, console); };
}

}  // namespace

const Command kDataBuild = {"data build", "Make a data set from files of text",
                            "parvis data build corpus.toml", &Define};

}  // namespace parvis::cli
