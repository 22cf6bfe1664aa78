#ifndef PARVIS_TRAIN_SHARDS_H_
#define PARVIS_TRAIN_SHARDS_H_

#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/train/corpus.h"
#include "parvis/train/documents.h"
#include "parvis/train/objective.h"

namespace parvis::train {

// Files of tokens instead of text: what `parvis data build` makes of a data set with a [tokens]
// table.
struct Shards {
  std::vector<Corpus::Shard> shards;
  std::vector<DataFile> files;  // sha256: the hash that a shard carries, which covers all of it
};

// Whether sources are of tokens: files that end in .tokens, or folders with such files. Some of
// tokens and some of text, or both in one folder, is refused.
Result<bool> AreShards(const std::vector<DataSource>& sources);

// Opens the shards of sources in order, in a folder by name and without what is held out. Nothing
// is read but their indexes.
Result<Shards> OpenShards(const std::vector<DataSource>& sources);

// The corpus of an objective. Refuses an objective that needs more than plain tokens, and shards of
// another tokenizer.
Result<Corpus> CorpusOf(const Shards& shards, const Objective& objective,
                        const text::Tokenizer& tokenizer);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_SHARDS_H_
