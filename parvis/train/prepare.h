#ifndef PARVIS_TRAIN_PREPARE_H_
#define PARVIS_TRAIN_PREPARE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parvis/core/thread_pool.h"
#include "parvis/text/tokenizer.h"
#include "parvis/train/corpus.h"
#include "parvis/train/documents.h"
#include "parvis/train/objective.h"
#include "parvis/train/recipe.h"
#include "parvis/train/shards.h"
#include "parvis/train/train.h"

namespace parvis::train {

// Documents as text, or as tokens that were made before.
struct TextSet {
  std::vector<Document> documents;
  std::optional<Shards> shards;  // instead of documents
};

// The text of a run, before there is a model.
struct Texts {
  std::vector<Document> train;
  std::optional<Shards> train_shards;                 // instead of `train`
  std::vector<std::pair<std::string, TextSet>> eval;  // by file name
  std::vector<DataFile> train_files, eval_files;
};
Result<Texts> ReadTexts(const Recipe& recipe, const std::function<void(const Progress&)>& progress);

// The parent's tokenizer, if there is a parent; else that of `path` if it exists, so that a resumed
// run keeps its own; else the recipe's, which is then written there. It has the tokens of begin and
// end that the objective wants.
struct RunTokenizer {
  std::shared_ptr<const text::Tokenizer> tokenizer;
  std::string sha256;  // of its tokenizer.json
};
Result<RunTokenizer> PrepareTokenizer(ThreadPool& pool, const Recipe& recipe, const Texts& texts,
                                      std::shared_ptr<const text::Tokenizer> parent,
                                      const std::string& path,
                                      const std::function<void(const Progress&)>& progress);

// The same from what rank 0 has written to `path`.
Result<RunTokenizer> TokenizerFromJson(const Recipe& recipe, const std::string& json,
                                       std::shared_ptr<const text::Tokenizer> parent);

// How the ledger names the model that a run goes on from; empty: there is none.
struct ParentName {
  std::string name;    // of its file or folder
  std::string sha256;  // of the file; of a folder, over the names and hashes of its weights
};

// The text of a run, ready to train on.
struct Prepared {
  RunTokenizer tokenizer;
  std::shared_ptr<const Objective> objective;
  Corpus train;
  std::vector<std::pair<std::string, Corpus>> eval;  // by file name
  std::vector<DataFile> train_files, eval_files;
  ParentName parent;

  // Names what decides the numbers besides the recipe: the tokenizer, the training files, the
  // parent.
  Json Fingerprint() const;
};

// Makes of the documents what the objective learns from.
Result<Prepared> Prepare(ThreadPool& pool, Texts texts, RunTokenizer tokenizer,
                         std::shared_ptr<const Objective> objective,
                         const std::function<void(const Progress&)>& progress);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_PREPARE_H_
