// parvis data inspect DIR: what is in a data set; samples and histograms.

#include <algorithm>
#include <memory>
#include <vector>

#include "fmt/format.h"
#include "parvis/cli/command.h"
#include "parvis/cli/progress.h"
#include "parvis/core/file.h"
#include "parvis/core/random.h"
#include "parvis/data/reader.h"

namespace parvis::cli {
namespace {

struct Options {
  std::string folder, split = "train", dropped;
  int32_t samples = 3, width = 400;
  uint64_t seed = 1;
};

// `count` documents drawn evenly from a file in one pass (reservoir sampling).
Result<std::vector<data::RawDocument>> Draw(const std::string& path, int64_t count, uint64_t seed) {
  Random random(seed);
  std::vector<data::RawDocument> drawn;
  uint64_t seen = 0;
  PARVIS_RETURN_IF_ERROR(data::ReadDocumentsOf(path, {}, [&](data::RawDocument document) -> Status {
    ++seen;
    if (static_cast<int64_t>(drawn.size()) < count) {
      drawn.push_back(std::move(document));
    } else if (const uint64_t place = random.Below(seen); place < static_cast<uint64_t>(count)) {
      drawn[place] = std::move(document);
    }
    return {};
  }));
  return drawn;
}

std::string Shortened(const std::string& text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes) + " …";
}

void ShowShares(const Json& report, const char* key, Console& console) {
  console.Print(fmt::format("\n{}\n", key));
  std::vector<std::pair<int64_t, std::string>> rows;
  const Json amounts = report.value(key, Json::object());
  for (const auto& [name, amount] : amounts.items()) {
    rows.emplace_back(-amount.value("bytes", int64_t{0}), name);
  }
  std::sort(rows.begin(), rows.end());
  for (const auto& [bytes, name] : rows) {
    const Json& amount = amounts[name];
    console.Print(fmt::format(
        "  {:<24} {:>8} documents {:>10}  {:5.1f} %\n", name, amount.value("documents", int64_t{0}),
        BytesText(static_cast<double>(-bytes)), 100 * amount.value("share", 0.0)));
  }
}

void ShowReport(const Json& report, Console& console) {
  const Json read = report.value("read", Json::object()),
             kept = report.value("kept", Json::object());
  console.Print(
      fmt::format("{}: {} of {} documents kept, {} words, {}\n", report.value("name", ""),
                  kept.value("documents", int64_t{0}), read.value("documents", int64_t{0}),
                  CountText(kept.value("words", 0.0)), BytesText(kept.value("bytes", 0.0))));
  for (const char* key : {"splits", "sources", "languages", "licences"}) {
    ShowShares(report, key, console);
  }
  for (const char* key : {"dropped", "changes"}) {
    const Json counts = report.value(key, Json::object());
    if (!counts.empty()) console.Print(fmt::format("\n{}\n", key));
    for (const auto& [name, count] : counts.items()) {
      console.Print(fmt::format("  {:<24} {:>8} documents\n", name, count.get<int64_t>()));
    }
  }
  console.Print("\npersonal data\n");
  const Json people = report.value("personal", Json::object());
  for (const auto& [kind, entry] : people.items()) {
    console.Print(fmt::format("  {:<24} {:>8} found, {}\n", kind, entry.value("found", int64_t{0}),
                              entry.value("action", "")));
  }
  console.Print("\nwords of a document\n");
  const Json histogram = report.value("words_of_documents", Json::array());
  int64_t most = 1;
  for (const Json& bin : histogram) most = std::max(most, bin.value("documents", int64_t{0}));
  for (const Json& bin : histogram) {
    const int64_t count = bin.value("documents", int64_t{0});
    std::string bar;
    for (int64_t i = 0; i < (40 * count + most - 1) / most; ++i) bar += "█";
    console.Print(fmt::format("  {:>9} to {:<9} {:>8} {}\n", bin.value("from", int64_t{0}),
                              bin.value("below", int64_t{0}) - 1, count, bar));
  }
}

// Documents that were dropped for a reason: their ids and places.
Status ShowDropped(const Options& options, Console& console) {
  int32_t shown = 0;
  data::ReadOptions rows;
  rows.format = "text";
  rows.split = "lines";
  const std::string path = options.folder + "/documents.jsonl";
  return data::ReadDocumentsOf(path, rows, [&](const data::RawDocument& line) -> Status {
    PARVIS_ASSIGN_OR_RETURN(const Json row, ParseJson(line.text));
    if (!row.is_object() || !row.contains("dropped")) return {};
    const std::string reason = row.value("dropped", "");
    if (!reason.starts_with(options.dropped) || ++shown > options.samples) return {};
    std::string text =
        fmt::format("{}  {}  {}", row.value("id", ""), reason, row.value("place", ""));
    if (row.contains("resembles")) {
      text += fmt::format("  like {} ({:.2f})", row.value("resembles", ""),
                          row.value("similarity", 0.0));
    }
    console.Print(text + "\n");
    return {};
  });
}

Status InspectFolder(const Options& options, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadFile(options.folder + "/report.json"));
  const Result<Json> report = ParseJson(text);
  if (!report.ok()) return report.status().In(options.folder + "/report.json");
  if (!report->is_object()) return DataLoss(options.folder + "/report.json: is no object");
  if (!options.dropped.empty()) return ShowDropped(options, console);
  const std::string file =
      options.split == "test" ? "/test/test.jsonl" : "/text/" + options.split + ".jsonl";
  PARVIS_ASSIGN_OR_RETURN(const std::vector<data::RawDocument> drawn,
                          Draw(options.folder + file, options.samples, options.seed));
  if (console.json) {
    OrderedJson document = Console::Document("data-inspect");
    document["folder"] = options.folder;
    document["report"] = *report;
    OrderedJson& samples = document["samples"] = OrderedJson::array();
    for (const data::RawDocument& sample : drawn) {
      samples.push_back({{"id", sample.id}, {"text", sample.text}});
    }
    console.PrintJson(document);
    return {};
  }
  ShowReport(*report, console);
  for (const data::RawDocument& sample : drawn) {
    console.Print(fmt::format("\n--- {} ({}, {})\n{}\n", sample.id, sample.language, sample.licence,
                              Shortened(sample.text, static_cast<size_t>(options.width))));
  }
  return {};
}

// A report that somebody changed by hand may hold anything: the JSON library throws at a wrong
// type.
Status Inspect(const Options& options, Console& console) {
  try {
    return InspectFolder(options, console);
  } catch (const Json::exception& error) {
    return DataLoss(options.folder + ": this is no report of 'parvis data build': " + error.what());
  }
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  flags.Add("folder", &options->folder, "A folder that 'parvis data build' made",
            {.required = true});
  flags.Add("-n,--samples", &options->samples, "Documents to show", {.min = 0, .max = 10000});
  flags.Add("--split", &options->split, "Of which part: train, heldout or test",
            {.one_of = {"train", "heldout", "test"}, .show_default = true});
  flags.Add("--dropped", &options->dropped,
            "Instead: documents that were dropped for this reason (near_duplicate, quality, …)");
  flags.Add("--width", &options->width, "Bytes of a sample that are shown",
            {.min = 1, .show_default = true});
  flags.Add("--seed", &options->seed, "Draws other samples", {.show_default = true});
  return [options, &console] { return Inspect(*options, console); };
}

}  // namespace

const Command kDataInspect = {"data inspect", "Show samples and histograms of a data set",
                              "parvis data inspect corpora/mine -n 5", &Define};

}  // namespace parvis::cli
