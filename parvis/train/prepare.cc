#include "parvis/train/prepare.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "fmt/format.h"
#include "parvis/core/file.h"
#include "parvis/core/sha256.h"
#include "parvis/text/tokenizer_trainer.h"
#include "parvis/train/objectives.h"

namespace parvis::train {
namespace {

using ProgressCallback = std::function<void(const Progress&)>;

constexpr size_t kMaxTokenizerBytes = size_t{256} << 20;

void Tell(const ProgressCallback& progress, Progress::Stage stage, std::string message) {
  if (!progress) return;
  Progress report;
  report.stage = stage;
  report.message = std::move(message);
  progress(report);
}

// Of all the files that are trained on, with what is held out of them.
int64_t TextBytes(const Texts& texts) {
  int64_t bytes = 0;
  for (const DataFile& file : texts.train_files) bytes += file.text_bytes;
  return bytes;
}

text::TokenizerTrainerOptions TrainerOptions(const Recipe::Tokenizer& told) {
  text::TokenizerTrainerOptions options;
  options.kind = text::TokenizerKindFromName(told.kind).value();
  options.vocab_size = told.vocab_size;
  options.pre_tokenizer =
      told.style == "gpt2" ? text::PreTokenizer::kGpt2 : text::PreTokenizer::kLlama3;
  options.lowercase = told.lowercase;
  options.extra_ids = told.extra_ids;
  // The other kinds have ends of their own, which end_of_text may name.
  if (options.kind == text::TokenizerTrainerOptions::Kind::kByteBpe) {
    options.special_tokens = {told.end_of_text};
  }
  options.special_tokens.insert(options.special_tokens.end(), told.special_tokens.begin(),
                                told.special_tokens.end());
  return options;
}

// Learns from documents spread evenly over all sources, about train_bytes of text.
Result<std::unique_ptr<text::Tokenizer>> TrainTokenizer(ThreadPool& pool, const Recipe& recipe,
                                                        const Texts& texts) {
  const Recipe::Tokenizer& told = recipe.tokenizer;
  text::TokenizerTrainer trainer(TrainerOptions(told), pool);
  const double share =
      static_cast<double>(told.train_bytes) / static_cast<double>(TextBytes(texts));
  double due = 1.0;
  for (const Document& document : texts.train) {
    if (due >= 1.0) {
      due -= 1.0;
      trainer.Add(document.text);
      if (!document.second.empty()) trainer.Add(document.second);
    }
    due += std::min(share, 1.0);
  }
  return trainer.Train();
}

Result<std::unique_ptr<text::Tokenizer>> ReadTokenizer(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(const std::string json, ReadFile(path, kMaxTokenizerBytes));
  Result<std::unique_ptr<text::Tokenizer>> tokenizer = text::ReadTokenizerJson(json);
  if (!tokenizer.ok()) return tokenizer.status().In(path);
  return tokenizer;
}

using SharedTokenizer = std::shared_ptr<const text::Tokenizer>;

Result<SharedTokenizer> Made(text::Vocabulary vocabulary) {
  PARVIS_ASSIGN_OR_RETURN(std::unique_ptr<text::Tokenizer> made,
                          text::MakeTokenizer(std::move(vocabulary)));
  return SharedTokenizer(std::move(made));
}

// The recipe's chat template takes the place of the tokenizer's.
Result<SharedTokenizer> WithTemplate(SharedTokenizer tokenizer, const Recipe& recipe) {
  if (recipe.tokenizer.chat_template.empty()) return tokenizer;
  text::Vocabulary vocabulary = tokenizer->vocabulary();
  vocabulary.chat_template = recipe.tokenizer.chat_template;
  vocabulary.chat_templates.clear();
  return Made(std::move(vocabulary));
}

// Whether [tokenizer] end_of_text says how a document ends. A conversation's answers end with the
// tokenizer's own end where it is not trained here and has one.
bool NeedsEnd(const Recipe& recipe, const text::Tokenizer& tokenizer) {
  if (recipe.objective.kind == ObjectiveKind::kCausal) return true;
  return recipe.objective.kind == ObjectiveKind::kChat && tokenizer.kind() == "byte_bpe" &&
         (recipe.tokenizer.file.empty() || !tokenizer.eos());
}

// The same tokenizer, which knows how a document begins and ends.
Result<SharedTokenizer> WithEnd(const text::Tokenizer& tokenizer, const Recipe& recipe) {
  const std::string& end_of_text = recipe.tokenizer.end_of_text;
  const std::optional<text::TokenId> id = tokenizer.Find(end_of_text);
  if (!id.has_value()) {
    return InvalidArgument(fmt::format("{}: [tokenizer] end_of_text: the tokenizer has no \"{}\"",
                                       recipe.path, end_of_text));
  }
  text::Vocabulary vocabulary = tokenizer.vocabulary();
  vocabulary.bos = vocabulary.eos = id;
  vocabulary.add_bos = recipe.tokenizer.begin_document;
  vocabulary.add_eos = false;
  return Made(std::move(vocabulary));
}

// `json`: of the tokenizer.
Result<RunTokenizer> Ready(const Recipe& recipe, std::unique_ptr<text::Tokenizer> tokenizer,
                           const std::string& json) {
  RunTokenizer result{.sha256 = Sha256Hex(json)};
  if (NeedsEnd(recipe, *tokenizer)) {
    PARVIS_ASSIGN_OR_RETURN(result.tokenizer, WithEnd(*tokenizer, recipe));
  } else {
    result.tokenizer = std::move(tokenizer);
  }
  PARVIS_ASSIGN_OR_RETURN(result.tokenizer, WithTemplate(std::move(result.tokenizer), recipe));
  return result;
}

// On all threads; the order is the documents'. Of several documents that are refused the first is
// named.
Result<Corpus> Encode(ThreadPool& pool, const Objective& objective,
                      std::span<const Document> documents) {
  std::vector<std::vector<Objective::Example>> encoded(documents.size());
  std::vector<Status> statuses(documents.size());
  pool.Dynamic(static_cast<int64_t>(documents.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Result<std::vector<Objective::Example>> examples = objective.EncodeAll(documents[i]);
      if (examples.ok()) {
        encoded[i] = std::move(examples).value();
      } else {
        statuses[i] = examples.status();
      }
    }
  });
  Corpus corpus;
  for (size_t i = 0; i < documents.size(); ++i) {
    if (!statuses[i].ok()) return statuses[i].In(documents[i].id);
    int64_t bytes = documents[i].text_bytes();
    for (const Objective::Example& example : encoded[i]) {
      corpus.Add(documents[i].id, documents[i].source, bytes, example.tokens, example.numbers);
      bytes = 0;
    }
    encoded[i] = {};
  }
  return corpus;
}

// Takes every n-th document out of `documents`, so that about `share` of them are kept aside.
std::vector<Document> HoldOut(double share, std::vector<Document>& documents) {
  std::vector<Document> kept, held_out;
  double due = 0.0;
  for (Document& document : documents) {
    due += share;
    (due >= 1.0 ? held_out : kept).push_back(std::move(document));
    if (due >= 1.0) due -= 1.0;
  }
  documents = std::move(kept);
  return held_out;
}

// Documents of sources, or tokens if that is what they are.
Status ReadSet(const Recipe& recipe, const std::vector<DataSource>& sources,
               const std::vector<DataSource>& mix, TextSet& set, std::vector<DataFile>& files) {
  PARVIS_ASSIGN_OR_RETURN(const bool tokens, AreShards(sources));
  if (tokens) {
    if (!mix.empty()) {
      return InvalidArgument(recipe.path +
                             ": [data] mix: tokens do not say where a document is from");
    }
    PARVIS_ASSIGN_OR_RETURN(set.shards, OpenShards(sources));
    files = set.shards->files;
    return {};
  }
  PARVIS_ASSIGN_OR_RETURN(Documents read, ReadDocuments(sources, recipe.paragraphs,
                                                        RowFormatOf(recipe.objective.kind), mix));
  set.documents = std::move(read.documents);
  files = std::move(read.files);
  return {};
}

Status ReadTrainTexts(const Recipe& recipe, Texts& texts) {
  TextSet set;
  PARVIS_RETURN_IF_ERROR(ReadSet(recipe, recipe.train, recipe.mix, set, texts.train_files));
  if (set.shards && recipe.held_out > 0.0) {
    return InvalidArgument(recipe.path +
                           ": [data] held_out: tokens are held out when they are made; eval names "
                           "the file heldout-….tokens");
  }
  TextSet held_out{HoldOut(recipe.held_out, set.documents), {}};
  if (!held_out.documents.empty()) texts.eval.emplace_back("held out", std::move(held_out));
  texts.train = std::move(set.documents);
  texts.train_shards = std::move(set.shards);
  return {};
}

// The tokens of the documents, or those that were made before.
Result<Corpus> CorpusOf(ThreadPool& pool, const Objective& objective,
                        const text::Tokenizer& tokenizer, const std::vector<Document>& documents,
                        const std::optional<Shards>& shards) {
  if (shards) return CorpusOf(*shards, objective, tokenizer);
  return Encode(pool, objective, documents);
}

}  // namespace

Json Prepared::Fingerprint() const {
  Json files = Json::array();
  for (const DataFile& file : train_files) files.push_back(file.sha256);
  Json fingerprint = {{"tokenizer", tokenizer.sha256}, {"train", std::move(files)}};
  if (!parent.sha256.empty()) fingerprint["parent"] = parent.sha256;
  return fingerprint;
}

Result<Texts> ReadTexts(const Recipe& recipe, const ProgressCallback& progress) {
  Texts texts;
  Tell(progress, Progress::Stage::kReading, fmt::format("{} sources", recipe.train.size()));
  PARVIS_RETURN_IF_ERROR(ReadTrainTexts(recipe, texts));
  for (const DataSource& source : recipe.eval) {
    TextSet set;
    std::vector<DataFile> files;
    PARVIS_RETURN_IF_ERROR(ReadSet(recipe, {source}, {}, set, files));
    texts.eval.emplace_back(std::filesystem::path(source.path).filename().string(), std::move(set));
    for (DataFile& file : files) texts.eval_files.push_back(std::move(file));
  }
  return texts;
}

Result<RunTokenizer> PrepareTokenizer(ThreadPool& pool, const Recipe& recipe, const Texts& texts,
                                      std::shared_ptr<const text::Tokenizer> parent,
                                      const std::string& path, const ProgressCallback& progress) {
  if (parent != nullptr) {
    if (!parent->eos() && recipe.objective.kind == ObjectiveKind::kCausal) {
      return InvalidArgument(recipe.path + ": [model] from: its tokenizer has no end of text");
    }
    const std::string json = text::WriteTokenizerJson(*parent);
    PARVIS_RETURN_IF_ERROR(WriteFileAtomically(path, json));
    PARVIS_ASSIGN_OR_RETURN(parent, WithTemplate(std::move(parent), recipe));
    return RunTokenizer{std::move(parent), Sha256Hex(json)};
  }
  std::unique_ptr<text::Tokenizer> tokenizer;
  const bool kept = std::filesystem::exists(path);
  if (kept || !recipe.tokenizer.file.empty()) {
    PARVIS_ASSIGN_OR_RETURN(tokenizer, ReadTokenizer(kept ? path : recipe.tokenizer.file));
  } else if (texts.train_shards) {
    return InvalidArgument(recipe.path +
                           ": [tokenizer]: nothing can be learned from tokens: file names the "
                           "tokenizer.json that lies beside them");
  } else {
    Tell(progress, Progress::Stage::kTokenizer,
         fmt::format("{} tokens from {} bytes of text", recipe.tokenizer.vocab_size,
                     std::min(TextBytes(texts), recipe.tokenizer.train_bytes)));
    PARVIS_ASSIGN_OR_RETURN(tokenizer, TrainTokenizer(pool, recipe, texts));
  }
  const std::string json = text::WriteTokenizerJson(*tokenizer);
  PARVIS_ASSIGN_OR_RETURN(RunTokenizer result, Ready(recipe, std::move(tokenizer), json));
  if (!kept) PARVIS_RETURN_IF_ERROR(WriteFileAtomically(path, json));
  return result;
}

Result<RunTokenizer> TokenizerFromJson(const Recipe& recipe, const std::string& json,
                                       std::shared_ptr<const text::Tokenizer> parent) {
  if (parent != nullptr) {
    PARVIS_ASSIGN_OR_RETURN(parent, WithTemplate(std::move(parent), recipe));
    return RunTokenizer{std::move(parent), Sha256Hex(json)};
  }
  PARVIS_ASSIGN_OR_RETURN(std::unique_ptr<text::Tokenizer> tokenizer,
                          text::ReadTokenizerJson(json));
  return Ready(recipe, std::move(tokenizer), json);
}

Result<Prepared> Prepare(ThreadPool& pool, Texts texts, RunTokenizer tokenizer,
                         std::shared_ptr<const Objective> objective,
                         const ProgressCallback& progress) {
  Prepared prepared{.tokenizer = std::move(tokenizer), .objective = std::move(objective)};
  const text::Tokenizer& encoder = *prepared.tokenizer.tokenizer;
  PARVIS_ASSIGN_OR_RETURN(prepared.train, CorpusOf(pool, *prepared.objective, encoder, texts.train,
                                                   texts.train_shards));
  for (auto& [name, set] : texts.eval) {
    PARVIS_ASSIGN_OR_RETURN(
        Corpus corpus, CorpusOf(pool, *prepared.objective, encoder, set.documents, set.shards));
    prepared.eval.emplace_back(name, std::move(corpus));
    set = {};
  }
  prepared.train_files = std::move(texts.train_files);
  prepared.eval_files = std::move(texts.eval_files);
  Tell(progress, Progress::Stage::kTokens,
       fmt::format("{} documents, {} tokens, {:.2f} bytes a token", prepared.train.num_documents(),
                   prepared.train.num_tokens(),
                   static_cast<double>(prepared.train.text_bytes()) /
                       static_cast<double>(prepared.train.num_tokens())));
  return prepared;
}

}  // namespace parvis::train
