// parvis generate MODEL --prompts FILE: go on with many prompts, several at a time.

#include <fmt/format.h>

#include <memory>
#include <sstream>
#include <vector>

#include "parvis/cli/command.h"
#include "parvis/cli/flags.h"
#include "parvis/cli/input.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/progress.h"
#include "parvis/cli/sampling_flags.h"

namespace parvis::cli {
namespace {

struct Options {
  ModelFlags model;
  ComputeFlags compute;
  SamplingFlags sampling;
  std::string prompts;
  int64_t batch = 8;
};

struct Item {
  std::string id, prompt;
  std::string text;
  runtime::TokenEvent last;
};

// A line is a JSON object with "prompt" and perhaps "id", or else the prompt itself.
Result<std::vector<Item>> ReadItems(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadInput(path));
  const bool jsonl = path.ends_with(".jsonl") || text.starts_with('{');
  std::vector<Item> items;
  std::istringstream lines(text);
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) continue;
    Item item{.id = std::to_string(number), .prompt = line, .text = {}, .last = {}};
    if (jsonl) {
      const std::string where = fmt::format("{}, line {}", path, number);
      const auto object = ParseJson(line);
      if (!object.ok()) return object.status().In(where);
      if (!object->is_object() || !object->contains("prompt") || !(*object)["prompt"].is_string()) {
        return DataLoss(where + ": has no text called \"prompt\"");
      }
      item.prompt = (*object)["prompt"].get<std::string>();
      if (object->contains("id")) {
        const Json& id = (*object)["id"];
        item.id = id.is_string() ? id.get<std::string>() : id.dump();
      }
    }
    items.push_back(std::move(item));
  }
  if (items.empty()) return DataLoss(path + ": there is no prompt in it");
  return items;
}

OrderedJson ItemJson(const Item& item) {
  OrderedJson json = {{"id", item.id}, {"prompt", item.prompt}, {"text", item.text}};
  json.update(AnswerFacts(item.last));
  return json;
}

// Keeps the engine's queue filled, so that long files need no more memory than short ones.
Status GenerateAll(const Options& options, const models::Model& model, runtime::Engine& engine,
                   std::vector<Item>& items, Console& console) {
  Progress progress("generate", static_cast<int64_t>(items.size()), "prompts", !console.quiet);
  int64_t done = 0;
  Status failed;
  size_t next = 0;
  std::vector<runtime::RequestId> requests;  // for Ctrl-C
  while (next < items.size() || engine.unfinished() > 0) {
    if (Interrupted() || !failed.ok()) {
      for (const runtime::RequestId request : requests) engine.Cancel(request);
      while (engine.Step()) {
      }
      break;
    }
    while (next < items.size() && engine.unfinished() < 2 * options.batch) {
      Item& item = items[next++];
      auto request = options.sampling.Request(model, item.prompt);
      if (!request.ok()) return request.status().In("prompt " + item.id);
      request->on_token = [&item, &done, &failed](const runtime::TokenEvent& event) {
        item.text += event.text;
        if (!event.finish) return;
        item.last = event;
        ++done;
        if (!event.status.ok()) failed = event.status.In("prompt " + item.id);
      };
      const auto id = engine.Submit(std::move(*request));
      if (!id.ok()) return id.status().In("prompt " + item.id);
      requests.push_back(*id);
    }
    engine.Step();
    progress.Update(done);
  }
  return failed;
}

Status Generate(Options& options, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(std::vector<Item> items, ReadItems(options.prompts));
  PARVIS_ASSIGN_OR_RETURN(const Compute compute, Compute::Make(options.compute));
  PARVIS_ASSIGN_OR_RETURN(models::Model model, options.model.Load(compute));
  const ops::Exec exec = compute.exec();
  runtime::EngineOptions engine_options;
  engine_options.max_sequences = options.batch;
  PARVIS_ASSIGN_OR_RETURN(const auto engine, runtime::Engine::Create(model, exec, engine_options));
  options.sampling.ChooseSeed();
  CatchInterrupts();
  PARVIS_RETURN_IF_ERROR(GenerateAll(options, model, *engine, items, console));
  // After Ctrl-C: those whose turn had not come have nothing to tell.
  std::erase_if(items, [](const Item& item) { return !item.last.finish; });

  if (console.json) {
    OrderedJson document = Console::Document("generate");
    document["model"] = model.name;
    document["kernels"] = compute.kernels_name();
    document["seed"] = options.sampling.seed;
    document["results"] = OrderedJson::array();
    for (const Item& item : items) document["results"].push_back(ItemJson(item));
    console.PrintJson(document);
  } else {
    for (const Item& item : items) console.PrintJson(ItemJson(item));
  }
  return Interrupted() ? Cancelled("interrupted") : Status();
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  options->model.AddTo(flags);
  flags.Add("-f,--prompts,prompts", &options->prompts,
            "A prompt a line, or JSON lines with \"prompt\" and \"id\"; '-': stdin",
            {.required = true});
  flags.Add("-b,--batch", &options->batch, "Prompts at a time",
            {.min = 1, .max = 256, .show_default = true});
  options->sampling.AddTo(flags);
  options->compute.AddTo(flags);
  return [options, &console] { return Generate(*options, console); };
}

}  // namespace

const Command kGenerate = {"generate", "Go on with many prompts, several at a time",
                           "parvis generate parvis-fable --prompts prompts.jsonl -n 64", &Define};

}  // namespace parvis::cli
