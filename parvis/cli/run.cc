// parvis run MODEL [PROMPT]: talk to a model, or let it go on with one prompt.
//
// From here to the arithmetic: runtime/engine.cc → nn/stack.cc → nn/block.cc → ops/attention.cc →
// kernels/attention-inl.h (docs/ARCHITECTURE.md).

#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "parvis/cli/chat_flags.h"
#include "parvis/cli/command.h"
#include "parvis/cli/flags.h"
#include "parvis/cli/form_flags.h"
#include "parvis/cli/input.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/line_editor.h"
#include "parvis/cli/model_path.h"
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
  std::string prompt, system, suffix, suffix_file;
  int64_t context_length = 0;
  Flag prompt_flag, suffix_flag;

  // The model is asked for what stands between prompt and suffix.
  bool infills() const { return suffix_flag.given() || !suffix_file.empty(); }
};

struct Answer {
  std::string text;
  std::vector<int32_t> tokens;
  OrderedJson logprobs = OrderedJson::array();
  runtime::TokenEvent last;
};

void AddLogprobs(Answer& answer, const runtime::TokenEvent& event) {
  OrderedJson top = OrderedJson::array();
  for (const runtime::TokenLogprob& other : event.top) {
    top.push_back({{"token", other.token}, {"logprob", other.logprob}});
  }
  answer.logprobs.push_back({{"token", event.token}, {"logprob", event.logprob}, {"top", top}});
}

// Generates from one request; text goes to stdout as it comes, unless --json.
Result<Answer> Ask(const Options& options, runtime::Engine& engine,
                   runtime::GenerateRequest request, Console& console) {
  Answer answer;
  request.constraint = options.constraint;
  request.on_token = [&](const runtime::TokenEvent& event) {
    answer.text += event.text;
    if (event.token >= 0) {
      answer.tokens.push_back(event.token);
      if (options.sampling.logprobs >= 0) AddLogprobs(answer, event);
    }
    if (!console.json) {
      console.Print(event.text);
      console.Flush();
    }
    if (event.finish) answer.last = event;
  };
  PARVIS_ASSIGN_OR_RETURN(const runtime::RequestId id, engine.Submit(std::move(request)));
  Drive(engine, {id});
  PARVIS_RETURN_IF_ERROR(answer.last.status);
  return answer;
}

Status RunOnce(const Options& options, const models::Model& model, runtime::Engine& engine,
               std::string_view kernels, const std::string& prompt,
               runtime::GenerateRequest request, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const Answer answer, Ask(options, engine, std::move(request), console));
  if (console.json) {
    OrderedJson document = Console::Document("run");
    document["model"] = model.name;
    document["kernels"] = kernels;
    document["seed"] = options.sampling.seed;
    document["prompt"] = prompt;
    if (options.infills()) document["suffix"] = options.suffix;
    document["text"] = answer.text;
    document["tokens"] = answer.tokens;
    if (options.sampling.logprobs >= 0) document["logprobs"] = answer.logprobs;
    document.update(AnswerFacts(answer.last));
    console.PrintJson(document);
  } else if (!answer.text.ends_with('\n')) {
    console.Print("\n");
  }
  return Interrupted() ? Cancelled("interrupted") : Status();
}

constexpr char kHelp[] =
    "Type the beginning of a text; the model goes on with it. It is a base model: it continues\n"
    "text, it was not taught to answer questions. Every entry starts afresh.\n"
    "  \"\"\"      begins and ends a text of several lines\n"
    "  Ctrl-C   stops the text, or drops what you type     Ctrl-D or /bye   leaves\n"
    "  /help    shows this";

constexpr char kChatHelp[] =
    "Write to the model; it answers, and remembers what was said.\n"
    "  \"\"\"      begins and ends a text of several lines\n"
    "  Ctrl-C   stops the answer, or drops what you type   Ctrl-D or /bye   leaves\n"
    "  /clear   forgets the conversation                   /help    shows this";

// Goes on with one request. A generation that fails is told, and the next entry is asked for.
std::optional<Answer> Continue(Options& options, runtime::Engine& engine,
                               Result<runtime::GenerateRequest> request, Console& console) {
  const auto answer = request.ok() ? Ask(options, engine, std::move(request).value(), console)
                                   : Result<Answer>(request.status());
  if (!answer.ok()) {
    console.Fail("run", answer.status());
    return std::nullopt;
  }
  // Obeyed. One that came too late for that counts at the prompt, where it does no harm.
  if (answer->last.finish == runtime::FinishReason::kCancelled) TakeInterrupt();
  console.Print("\n");
  console.Flush();
  const double seconds = answer->last.timings.generation;
  const double after_first = static_cast<double>(answer->tokens.size()) - 1;
  console.Note(fmt::format("[{} tokens, {:.1f} a second, seed {}]", answer->tokens.size(),
                           seconds > 0 && after_first > 0 ? after_first / seconds : 0.0,
                           options.sampling.seed));
  options.sampling.ChooseSeed();
  return *answer;
}

// One turn of a dialogue. What could not be answered was not said.
void Reply(Options& options, runtime::Engine& engine, const chat::Prompter& prompter,
           Dialogue& dialogue, const std::string& entry, Console& console) {
  dialogue.Add("user", entry);
  const auto prompt = dialogue.Prompt(prompter);
  const auto size = prompt.ok() ? static_cast<int64_t>(prompt->ids.size()) : 0;
  if (size >= engine.context_length()) {
    console.Note(
        fmt::format("The conversation has {} tokens now, and the context length is {}: "
                    "nothing was sent. /clear begins anew.",
                    size, engine.context_length()));
    return dialogue.TakeBack();
  }
  const auto answer = Continue(options, engine,
                               prompt.ok() ? options.sampling.Request(prompt->ids)
                                           : Result<runtime::GenerateRequest>(prompt.status()),
                               console);
  if (!answer) return dialogue.TakeBack();
  dialogue.Add("assistant", answer->text);
  const runtime::Usage& usage = answer->last.usage;
  if (usage.prompt_tokens + usage.completion_tokens >= engine.context_length()) {
    console.Note("The context is full: the answer ends here. /clear begins anew.");
  }
}

Status Converse(Options& options, const models::Model& model, runtime::Engine& engine,
                const std::optional<chat::Prompter>& prompter, Console& console) {
  const char* const help = prompter ? kChatHelp : kHelp;
  Dialogue dialogue(options.system);
  console.Note(fmt::format("{}: {}", model.name, help));
  LineEditor editor(HomeFolder() + "/history");
  std::string entry;
  for (;;) {
    const Typed typed = ReadEntry(editor, ">>> ", &entry);
    if (typed == Typed::kEnd || (typed == Typed::kText && entry == "/bye")) break;
    if (typed == Typed::kInterrupt) {
      if (entry.empty()) console.Note("Ctrl-D or /bye leaves.");
    } else if (entry == "/help") {
      console.Note(help);
    } else if (prompter && entry == "/clear") {
      dialogue.Clear();
      console.Note("The conversation is forgotten.");
    } else if (prompter && !entry.empty()) {
      Reply(options, engine, *prompter, dialogue, entry, console);
    } else if (!entry.empty()) {
      Continue(options, engine, options.sampling.Request(model, entry), console);
    }
  }
  console.Note("");
  return {};
}

Status Run(Options& options, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const Compute compute, Compute::Make(options.compute));
  PARVIS_ASSIGN_OR_RETURN(models::Model model, options.model.Load(compute));
  const ops::Exec exec = compute.exec();
  runtime::EngineOptions engine_options;
  engine_options.context_length = options.context_length;
  PARVIS_ASSIGN_OR_RETURN(const auto engine, runtime::Engine::Create(model, exec, engine_options));
  options.sampling.ChooseSeed();
  PARVIS_ASSIGN_OR_RETURN(options.constraint, options.form.Open(model));
  std::optional<chat::Prompter> prompter;
  if (model.tokenizer != nullptr) {
    PARVIS_ASSIGN_OR_RETURN(prompter, options.chat.Open(*model.tokenizer));
  }
  if (options.suffix_flag.given() && !options.suffix_file.empty()) {
    return InvalidArgument("--suffix and --suffix-file exclude each other");
  }
  if (options.infills() && !options.system.empty()) {
    return InvalidArgument("--system: nobody is spoken to where a text has a --suffix");
  }
  if (!prompter && !options.system.empty()) {
    return InvalidArgument("--system: this model has no chat template, so nobody would read it");
  }

  const bool given = options.prompt_flag.given();
  if (!options.suffix_file.empty()) {
    PARVIS_ASSIGN_OR_RETURN(options.suffix, ReadInput(options.suffix_file));
  }
  if (!given && !options.infills() && IsTerminal(STDIN_FILENO) && !console.json) {
    CatchInterrupts();
    return Converse(options, model, *engine, prompter, console);
  }
  std::string prompt = options.prompt;
  if (!given || prompt == "-") {
    PARVIS_ASSIGN_OR_RETURN(prompt, ReadStdin());
  }
  CatchInterrupts();
  runtime::GenerateRequest request;
  if (options.infills()) {
    PARVIS_ASSIGN_OR_RETURN(request, options.sampling.Between(model, prompt, options.suffix));
  } else if (prompter) {
    Dialogue dialogue(options.system);
    dialogue.Add("user", prompt);
    PARVIS_ASSIGN_OR_RETURN(const chat::Prompt read, dialogue.Prompt(*prompter));
    PARVIS_ASSIGN_OR_RETURN(request, options.sampling.Request(read.ids));
  } else {
    PARVIS_ASSIGN_OR_RETURN(request, options.sampling.Request(model, prompt));
  }
  return RunOnce(options, model, *engine, compute.kernels_name(), prompt, std::move(request),
                 console);
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  options->model.AddTo(flags);
  options->prompt_flag = flags.Add("-p,--prompt,prompt", &options->prompt,
                                   "What to say, or how a text begins; '-' or none: stdin");
  options->suffix_flag = flags.Add("--suffix", &options->suffix,
                                   "How the text ends: the model writes what stands between");
  flags.Add("--suffix-file", &options->suffix_file, "The same from this file");
  flags.Add("--system", &options->system, "What a chat model is told first");
  options->chat.AddTo(flags);
  options->form.AddTo(flags);
  options->sampling.AddTo(flags);
  options->compute.AddTo(flags);
  flags.Add("--context-length", &options->context_length,
            "Prompt and answer together (default: the model's)", {.min = 0});
  return [options, &console] { return Run(*options, console); };
}

}  // namespace

const Command kRun = {"run", "Talk to a model, or let it go on with one prompt",
                      "parvis run parvis-fable 'Once upon a time'", &Define};

}  // namespace parvis::cli
