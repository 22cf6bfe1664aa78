#ifndef PARVIS_TRAIN_PREPARE_H_
#define PARVIS_TRAIN_PREPARE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "parvis/core/thread_pool.h"
#include "parvis/text/tokenizer.h"
#include "parvis/train/corpus.h"
#include "parvis/train/documents.h"
#include "parvis/train/objective.h"
#include "parvis/train/recipe.h"
#include "parvis/train/train.h"

namespace parvis::train {

// The text of a run, ready to train on.
struct Prepared {
  std::shared_ptr<const text::Tokenizer> tokenizer;
  std::string tokenizer_sha256;  // of its tokenizer.json
  std::shared_ptr<const Objective> objective;
  Corpus train;
  std::vector<std::pair<std::string, Corpus>> eval;  // by file name
  std::vector<DataFile> train_files, eval_files;

  // Names what decides the numbers besides the recipe: the tokenizer and the training files.
  Json Fingerprint() const;
};

// Reads the documents, makes the tokenizer (that of `tokenizer_path` if it exists, so that a
// resumed run keeps its own; else the recipe's, which is then written there) and tokenises.
Result<Prepared> Prepare(ThreadPool& pool, const Recipe& recipe, const std::string& tokenizer_path,
                         const std::function<void(const Progress&)>& progress);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_PREPARE_H_
