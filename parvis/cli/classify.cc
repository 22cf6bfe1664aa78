// parvis classify MODEL [TEXT]: a label for each text, for two texts together, or for the names in
// one.

#include <fmt/format.h>

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/text_flags.h"
#include "parvis/runtime/text_tasks.h"

namespace parvis::cli {
namespace {

struct Options {
  ModelFlags model;
  ComputeFlags compute;
  TextFlags text;
  int64_t top_k = 1;
  bool tokens = false;
  std::string pair;
  bool pairs = false;
  std::string aggregation = "simple";
  Flag top_k_flag, aggregation_flag, pair_flag;
};

using Texts = std::vector<std::string>;

// The second text of each one; with --pairs they are taken out of `texts`.
Result<Texts> SecondTexts(const Options& options, Texts& texts) {
  if (options.pair_flag.given()) return Texts(texts.size(), options.pair);
  Texts seconds;
  if (!options.pairs) return seconds;
  for (size_t i = 0; i < texts.size(); ++i) {
    const size_t tab = texts[i].find('\t');
    if (tab == std::string::npos) {
      return DataLoss(fmt::format("--pairs: there is no tab in text {}", i + 1));
    }
    seconds.push_back(texts[i].substr(tab + 1));
    texts[i].resize(tab);
  }
  return seconds;
}

Status ClassifyTexts(const Options& options, Texts texts, const Loaded& loaded,
                     const runtime::Encoder& encoder, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const Texts seconds, SecondTexts(options, texts));
  PARVIS_ASSIGN_OR_RETURN(
      const auto all,
      runtime::Classify(encoder, texts, static_cast<size_t>(options.top_k), seconds));
  if (console.json) {
    OrderedJson document = TextsDocument("classify", loaded);
    document["results"] = OrderedJson::array();
    for (size_t i = 0; i < texts.size(); ++i) {
      OrderedJson labels = OrderedJson::array();
      for (const auto& [label, score] : all[i]) {
        labels.push_back({{"label", label}, {"score", score}});
      }
      OrderedJson result = {{"text", texts[i]}};
      if (!seconds.empty()) result["pair"] = seconds[i];
      result["labels"] = std::move(labels);
      document["results"].push_back(std::move(result));
    }
    console.PrintJson(document);
    return {};
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0 && options.top_k > 1) console.Print("\n");
    for (const auto& [label, score] : all[i]) {
      console.Print(fmt::format("{}\t{:.4f}\n", label, score));
    }
  }
  return {};
}

Status ClassifyTokens(const Options& options, const Texts& texts, const Loaded& loaded,
                      const runtime::Encoder& encoder, Console& console) {
  const runtime::Aggregation aggregation = *runtime::AggregationFromName(options.aggregation);
  PARVIS_ASSIGN_OR_RETURN(const auto all, runtime::LabelTokens(encoder, texts, aggregation));
  const auto part = [&](size_t i, const runtime::LabelledRange& range) {
    return texts[i].substr(range.begin, range.end - range.begin);
  };
  if (console.json) {
    OrderedJson document = TextsDocument("classify", loaded);
    document["aggregation"] = options.aggregation;
    document["results"] = OrderedJson::array();
    for (size_t i = 0; i < texts.size(); ++i) {
      OrderedJson ranges = OrderedJson::array();
      for (const runtime::LabelledRange& range : all[i]) {
        ranges.push_back({{"label", range.label},
                          {"score", range.score},
                          {"text", part(i, range)},
                          {"start", range.begin},
                          {"end", range.end}});
      }
      document["results"].push_back({{"text", texts[i]}, {"tokens", std::move(ranges)}});
    }
    console.PrintJson(document);
    return {};
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) console.Print("\n");
    for (const runtime::LabelledRange& range : all[i]) {
      console.Print(fmt::format("{}\t{:.4f}\t{}\t{}\t{}\n", range.label, range.score, range.begin,
                                range.end, part(i, range)));
    }
  }
  return {};
}

Status Classify(const Options& options, Console& console) {
  if (options.tokens && options.top_k_flag.given()) {
    return InvalidArgument("--top-k: tokens get their likeliest label only");
  }
  if (!options.tokens && options.aggregation_flag.given()) {
    return InvalidArgument("--aggregation: goes with --tokens");
  }
  if (options.tokens && (options.pair_flag.given() || options.pairs)) {
    return InvalidArgument("--tokens: goes without --pair and --pairs");
  }
  if (options.pair_flag.given() && options.pairs) {
    return InvalidArgument("give --pair or --pairs, not both");
  }
  PARVIS_ASSIGN_OR_RETURN(const Texts texts, options.text.Lines());
  PARVIS_ASSIGN_OR_RETURN(Loaded loaded, LoadForTexts(options.model, options.compute));
  const runtime::Encoder encoder(loaded.model, loaded.exec);
  return options.tokens ? ClassifyTokens(options, texts, loaded, encoder, console)
                        : ClassifyTexts(options, texts, loaded, encoder, console);
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  options->model.AddTo(flags);
  options->text.AddTo(flags, "A text; of several one a line");
  options->top_k_flag = flags.Add("-k,--top-k", &options->top_k, "How many labels, likeliest first",
                                  {.min = 1, .max = 100000, .show_default = true});
  options->pair_flag = flags.Add("--pair", &options->pair,
                                 "A second text that is read after each (what may follow from it)");
  flags.Add("--pairs", &options->pairs, "Each text is two, with a tab between them");
  flags.Add("--tokens", &options->tokens, "Label the tokens of the text: names, parts of speech");
  options->aggregation_flag = flags.Add(
      "--aggregation", &options->aggregation,
      "How tokens become names: none, simple (neighbours with one label), or words first, each "
      "with the label of its first, its surest (max) or its average token",
      {.one_of = {std::begin(runtime::kAggregationNames), std::end(runtime::kAggregationNames)},
       .show_default = true});
  options->compute.AddTo(flags);
  return [options, &console] { return Classify(*options, console); };
}

}  // namespace

const Command kClassify = {"classify", "Label texts, or the names in them",
                           "parvis classify MODEL 'What a lovely day!'", &Define};

}  // namespace parvis::cli
