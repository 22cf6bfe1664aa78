#ifndef PARVIS_DATA_BUILD_H_
#define PARVIS_DATA_BUILD_H_

#include <atomic>
#include <functional>
#include <string>

#include "parvis/core/thread_pool.h"
#include "parvis/data/corpus_recipe.h"
#include "parvis/data/corpus_report.h"

namespace parvis::data {

struct BuildOptions {
  std::string date;                         // of today: "2026-11-25"
  const std::atomic<bool>* stop = nullptr;  // true: leave as soon as possible, write nothing
  // bytes of text read, documents kept; called now and then by the calling thread.
  std::function<void(int64_t bytes, int64_t kept)> progress;
};

// Makes the data set of a recipe in recipe.out (docs/design/data.md):
//
//   text/train.jsonl, text/heldout.jsonl, test/test.jsonl   documents, as `parvis train` reads them
//   tokens/train-00000.tokens, …, tokens/heldout-00000.tokens, tokens/tokenizer.json   the same as
//     tokens, if the recipe has a [tokens]
//   documents.jsonl   every document that was read: origin, licence, hash, what was done, where it
//     went
//   report.json, croissant.json, corpus.toml
//
// Files are streams; in memory are some MiB of documents, and one to three kilobytes for each that
// is kept. The folder appears whole or not at all. What it holds depends neither on threads nor on
// time, but for the date.
Result<CorpusReport> BuildCorpus(const CorpusRecipe& recipe, ThreadPool& pool,
                                 const BuildOptions& options);

}  // namespace parvis::data

#endif  // PARVIS_DATA_BUILD_H_
