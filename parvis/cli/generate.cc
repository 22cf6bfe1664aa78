// parvis generate MODEL --prompts FILE: go on with many prompts, several at a time.

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <sstream>
#include <vector>

#include "parvis/cli/chat_flags.h"
#include "parvis/cli/command.h"
#include "parvis/cli/flags.h"
#include "parvis/cli/form_flags.h"
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
  ChatFlags chat;
  FormFlags form;
  std::shared_ptr<const runtime::Constraint> constraint;  // of `form`
  std::string prompts;
  int64_t batch = 8;
};

struct Item {
  std::string id, prompt;
  std::optional<std::string> suffix = {};  // the model is asked for what stands between
  std::string conversation = {};           // JSON with "messages"; empty: there is only a prompt
  std::vector<int32_t> tokens = {};        // of the conversation
  std::string text;
  runtime::TokenEvent last;
};

// A line is a JSON object with "prompt" (perhaps with "suffix", the end of the text) or "messages"
// and perhaps "id", or else the prompt itself.
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
      const Json prompt = object->is_object() ? object->value("prompt", Json()) : Json();
      if (object->is_object() && object->contains("messages")) {
        item.prompt.clear();
        item.conversation = line;
      } else if (prompt.is_string()) {
        item.prompt = prompt.get<std::string>();
        if (const Json suffix = object->value("suffix", Json()); suffix.is_string()) {
          item.suffix = suffix.get<std::string>();
        } else if (!suffix.is_null()) {
          return DataLoss(where + ": \"suffix\" is not a text");
        }
      } else {
        return DataLoss(where + ": has no text called \"prompt\" and no \"messages\"");
      }
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

// Makes prompts of the conversations.
Status ReadConversations(const Options& options, const models::Model& model,
                         std::vector<Item>& items) {
  std::optional<chat::Prompter> prompters[2];  // without tools, and with
  for (Item& item : items) {
    if (item.conversation.empty()) continue;
    PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model));
    const Json object = std::move(ParseJson(item.conversation)).value();
    const bool tools = object.contains("tools") && !object["tools"].is_null();
    std::optional<chat::Prompter>& prompter = prompters[tools ? 1 : 0];
    if (!prompter) {
      PARVIS_ASSIGN_OR_RETURN(prompter, options.chat.Need(*model.tokenizer, tools));
    }
    const auto prompt = prompter->Make(item.conversation);
    if (!prompt.ok()) return prompt.status().In("prompt " + item.id);
    item.prompt = prompt->text.bytes;
    item.tokens = prompt->ids;
  }
  return {};
}

Result<runtime::GenerateRequest> RequestOf(const Options& options, const models::Model& model,
                                           const Item& item) {
  if (!item.conversation.empty()) return options.sampling.Request(item.tokens);
  if (item.suffix) return options.sampling.Between(model, item.prompt, *item.suffix);
  return options.sampling.Request(model, item.prompt);
}

OrderedJson ItemJson(const Item& item) {
  OrderedJson json = {{"id", item.id}, {"prompt", item.prompt}};
  if (item.suffix) json["suffix"] = *item.suffix;
  json["text"] = item.text;
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
      auto request = RequestOf(options, model, item);
      if (!request.ok()) return request.status().In("prompt " + item.id);
      request->constraint = options.constraint;
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
  PARVIS_ASSIGN_OR_RETURN(options.constraint, options.form.Open(model));
  PARVIS_RETURN_IF_ERROR(ReadConversations(options, model, items));
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
            "A prompt a line, or JSON lines with \"prompt\" (and \"suffix\") or \"messages\", and "
            "\"id\"; '-': stdin",
            {.required = true});
  flags.Add("-b,--batch", &options->batch, "Prompts at a time",
            {.min = 1, .max = 256, .show_default = true});
  flags.Add("--chat-template", &options->chat.template_path,
            "Use the template in this file (Jinja) for \"messages\"");
  options->form.AddTo(flags);
  options->sampling.AddTo(flags);
  options->sampling.AddHeal(flags);
  options->compute.AddTo(flags);
  return [options, &console] { return Generate(*options, console); };
}

}  // namespace

const Command kGenerate = {"generate", "Go on with many prompts, several at a time",
                           "parvis generate parvis-fable --prompts prompts.jsonl -n 64", &Define};

}  // namespace parvis::cli
