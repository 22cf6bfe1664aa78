// parvis tokenizer train FILE...: a tokeniser from texts.

#include <filesystem>
#include <memory>
#include <vector>

#include "fmt/format.h"
#include "parvis/cli/command.h"
#include "parvis/cli/flags.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/progress.h"
#include "parvis/core/file.h"
#include "parvis/data/reader.h"
#include "parvis/text/tokenizer_trainer.h"

namespace parvis::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string out = "tokenizer.json", kind = "bpe", style = "llama3";
  data::ReadOptions read;
  text::TokenizerTrainerOptions trainer;
  std::string end_of_text = "<|endoftext|>";
  int threads = 0;
  Flag style_flag, lowercase_flag, extra_flag, end_flag;
};

// The special tokens and settings of a kind that nothing else was said about.
Status Complete(Options& options) {
  using Kind = text::TokenizerTrainerOptions::Kind;
  text::TokenizerTrainerOptions& trainer = options.trainer;
  trainer.kind = text::TokenizerKindFromName(options.kind).value();
  if (trainer.kind != Kind::kByteBpe) {
    if (options.style_flag.given()) return InvalidArgument("--style is of --kind bpe only");
    if (options.end_flag.given()) return InvalidArgument("--end-of-text is of --kind bpe only");
  } else {
    if (trainer.lowercase) return InvalidArgument("--lowercase is not of --kind bpe");
    trainer.pre_tokenizer = text::PreTokenizerFromName(options.style).value();
    trainer.special_tokens.insert(trainer.special_tokens.begin(), options.end_of_text);
    trainer.eos = options.end_of_text;
  }
  if (trainer.kind != Kind::kUnigram) {
    if (options.extra_flag.given()) return InvalidArgument("--extra-ids is of --kind unigram only");
    trainer.extra_ids = 0;
  }
  return {};
}

Status ReadAll(const Options& options, const Console& console, ThreadPool& pool,
               text::TokenizerTrainer& trainer, int64_t& documents) {
  Progress progress("read", 0, "bytes", !console.quiet && !console.json);
  for (const std::string& path : options.files) {
    PARVIS_ASSIGN_OR_RETURN(const std::vector<std::string> files, data::FilesOf(path));
    if (files.empty()) return NotFound(path + ": no text in this folder");
    for (const std::string& file : files) {
      data::ReadOptions read = options.read;
      read.split = "blocks";
      if (read.format == "auto" && data::FormatOf(file).empty()) read.format = "text";
      PARVIS_RETURN_IF_ERROR(
          data::ReadDocumentsOf(file, read, pool, [&](const data::RawDocument& document) -> Status {
            if (TakeInterrupt()) return Cancelled("stopped; nothing is written");
            trainer.Add(document.text);
            if (!document.target.empty()) trainer.Add(document.target);
            ++documents;
            progress.Update(trainer.bytes());
            return {};
          }));
    }
  }
  return {};
}

Status Train(Options options, Console& console) {
  PARVIS_RETURN_IF_ERROR(Complete(options));
  ThreadPool pool(options.threads > 0 ? options.threads : AvailableThreads());
  text::TokenizerTrainer trainer(options.trainer, pool);
  int64_t documents = 0;
  CatchInterrupts();
  PARVIS_RETURN_IF_ERROR(ReadAll(options, console, pool, trainer, documents));
  const int64_t bytes = trainer.bytes();
  std::unique_ptr<text::Tokenizer> tokenizer;
  {
    Progress progress("learn", options.trainer.vocab_size, "tokens",
                      !console.quiet && !console.json);
    PARVIS_ASSIGN_OR_RETURN(tokenizer,
                            trainer.Train([&](int64_t done, int64_t) { progress.Update(done); }));
  }
  const int64_t forgotten = trainer.counter().forgotten_below();
  if (forgotten > 1) {
    console.Note(
        fmt::format("more than {} different pieces: some counted less than {} times were "
                    "forgotten on the way",
                    text::PieceCounter::kMaxDistinct, forgotten));
  }
  if (tokenizer->vocab_size() < options.trainer.vocab_size) {
    console.Note(fmt::format("the text gives {} tokens, not {}", tokenizer->vocab_size(),
                             options.trainer.vocab_size));
  }
  const std::filesystem::path folder = std::filesystem::path(options.out).parent_path();
  std::error_code error;  // if it cannot be made, writing says why
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  PARVIS_RETURN_IF_ERROR(WriteFileAtomically(options.out, text::WriteTokenizerJson(*tokenizer)));
  const std::string config = (folder / "tokenizer_config.json").string();
  const bool named = std::filesystem::path(options.out).filename() == "tokenizer.json";
  if (named) {
    PARVIS_RETURN_IF_ERROR(WriteFileAtomically(config, text::WriteTokenizerConfigJson(*tokenizer)));
  }
  if (console.json) {
    OrderedJson document = Console::Document("tokenizer-train");
    document["tokenizer"] = options.out;
    document["kind"] = options.kind;
    document["tokens"] = tokenizer->vocab_size();
    document["bytes"] = bytes;
    console.PrintJson(document);
    return {};
  }
  console.Note(fmt::format("{} tokens from {}", tokenizer->vocab_size(),
                           BytesText(static_cast<double>(bytes))));
  console.Print(options.out + "\n");
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  text::TokenizerTrainerOptions& trainer = options->trainer;
  trainer.extra_ids = 100;
  flags.Add("files", &options->files,
            "Texts: .txt, .md, .html, .jsonl, .csv, .tsv (also .xz), folders of them, - for stdin",
            {.required = true});
  flags.Add("-k,--kind", &options->kind,
            "bpe (GPT, BLOOM, LLaMA 3), unigram (T5) or wordpiece (BERT)",
            {.one_of = {"bpe", "unigram", "wordpiece"}, .show_default = true});
  flags.Add("-v,--vocab-size", &trainer.vocab_size,
            "Tokens, with the special ones and bytes or characters",
            {.min = 2, .max = 1'000'000, .show_default = true});
  flags.Add("-o,--out", &options->out, "The file to write", {.show_default = true});
  options->style_flag = flags.Add(
      "--style", &options->style, "How bpe cuts text before it merges",
      {.one_of = {"gpt2", "llama3", "qwen2", "bloom", "starcoder"}, .show_default = true});
  flags.Add("--lowercase", &trainer.lowercase,
            "Of unigram and wordpiece: capitals become small (wordpiece: accents go, too)");
  flags.Add("--alphabet", &trainer.alphabet,
            "Of unigram and wordpiece: characters that become tokens, at most",
            {.min = 1, .max = 200000, .show_default = true});
  flags.Add("--min-count", &trainer.min_count, "What is rarer becomes no token",
            {.min = 1, .show_default = true});
  flags.Add("--special", &trainer.special_tokens, "A special token more (may be given again)");
  options->end_flag = flags.Add("--end-of-text", &options->end_of_text,
                                "Of bpe: the token that ends a text", {.show_default = true});
  options->extra_flag =
      flags.Add("--extra-ids", &trainer.extra_ids, "Of unigram: T5's <extra_id_0>, … for spans",
                {.min = 0, .max = 1000, .show_default = true});
  flags.Add("--format", &options->read.format, "How the files are read",
            {.one_of = {"auto", "text", "markdown", "html", "jsonl", "csv", "tsv"},
             .show_default = true});
  flags.Add("--field", &options->read.text_field, "The field or column that holds the text",
            {.show_default = true});
  flags.Add("-t,--threads", &options->threads, "Threads (default: all processors)",
            {.min = 0, .max = 1024});
  return [options, &console] { return Train(*options, console); };
}

}  // namespace

const Command kTokenizerTrain = {
    "tokenizer train", "Learn a tokeniser from texts",
    "parvis tokenizer train texts/ --kind unigram --vocab-size 16000 -o tokenizer.json", &Define};

}  // namespace parvis::cli
