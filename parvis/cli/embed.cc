// parvis embed [MODEL] [TEXT]: one vector for each text.

#include <fmt/format.h>

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/task_words.h"
#include "parvis/cli/text_flags.h"
#include "parvis/runtime/text_tasks.h"

namespace parvis::cli {
namespace {

struct Options {
  ModelFlags model;
  ComputeFlags compute;
  TextFlags text;
  TaskWords words;
  std::string pooling;
  bool normalize = false, no_normalize = false;
  int64_t batch_rows = 2048;
};

Result<runtime::Pooling> ChoosePooling(const Options& options, const models::Model& model) {
  const auto named = runtime::PoolingFromName(options.pooling);
  if (named) return *named;
  PARVIS_ASSIGN_OR_RETURN(const runtime::Pooling pooling, runtime::PoolingOf(model));
  return pooling;
}

// The shortest text that reads back as the same f32.
std::string Numbers(std::span<const float> values) {
  std::string text = "[";
  for (const float value : values) {
    if (text.size() > 1) text += ", ";
    text += fmt::format("{}", value);
  }
  return text + "]";
}

Status Embed(Options& options, Console& console) {
  PARVIS_RETURN_IF_ERROR(TakeWords(options.words, options.model, options.text));
  PARVIS_ASSIGN_OR_RETURN(const std::vector<std::string> texts, options.text.Lines());
  PARVIS_ASSIGN_OR_RETURN(Loaded loaded, LoadForTexts(options.model, options.compute));
  PARVIS_ASSIGN_OR_RETURN(const runtime::Pooling pooling, ChoosePooling(options, loaded.model));
  const bool normalize =
      options.normalize || (loaded.model.task.normalize && !options.no_normalize);
  const runtime::Encoder encoder(loaded.model, loaded.exec, {.max_rows = options.batch_rows});
  PARVIS_ASSIGN_OR_RETURN(const auto inputs, runtime::InputsOf(loaded.model, texts));
  PARVIS_ASSIGN_OR_RETURN(const Tensor embeddings, encoder.Embed(inputs, pooling, normalize));
  const auto size = static_cast<size_t>(embeddings.dim(1));
  const auto row = [&](size_t i) { return std::span(embeddings.f32() + i * size, size); };
  if (!console.json) {
    for (size_t i = 0; i < texts.size(); ++i) console.Print(Numbers(row(i)) + "\n");
    return {};
  }
  OrderedJson document = TextsDocument("embed", loaded);
  document["pooling"] = runtime::PoolingName(pooling);
  document["normalized"] = normalize;
  document["dimensions"] = size;
  document["results"] = OrderedJson::array();
  for (size_t i = 0; i < texts.size(); ++i) {
    document["results"].push_back({{"text", texts[i]},
                                   {"tokens", inputs[i].tokens.size()},
                                   {"embedding", OrderedJson::parse(Numbers(row(i)))}});
  }
  console.PrintJson(document);
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  options->words.AddTo(flags, options->model, "embed", {"text"}, "The text, behind a model");
  options->text.AddNamed(flags, "A text; of several one a line");
  flags.Add("--pooling", &options->pooling,
            "What becomes the vector: the mean of all tokens, the first (cls) or the last one "
            "(default: what the model says; else mean, of decoders last)",
            {.one_of = {"mean", "cls", "last"}});
  flags.Add("--normalize", &options->normalize, "Bring vectors to length 1");
  flags.Add("--no-normalize", &options->no_normalize, "… not even if the model says so");
  flags.Add("--batch-rows", &options->batch_rows, "Tokens that are computed together",
            {.min = 1, .max = 65536, .show_default = true});
  options->compute.AddTo(flags);
  return [options, &console] { return Embed(*options, console); };
}

}  // namespace

const Command kEmbed = {"embed", "Turn each text into a vector",
                        "parvis embed --file lines.txt --json", &Define};

}  // namespace parvis::cli
