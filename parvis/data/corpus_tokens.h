#ifndef PARVIS_DATA_CORPUS_TOKENS_H_
#define PARVIS_DATA_CORPUS_TOKENS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "parvis/core/thread_pool.h"
#include "parvis/data/clean.h"
#include "parvis/data/corpus_recipe.h"
#include "parvis/data/corpus_writer.h"
#include "parvis/text/token_shard.h"

namespace parvis::data {

// The documents of a data set once more, as tokens that training reads without tokenising:
// tokens/SPLIT-00000.tokens, …, and the tokenizer beside them. Documents stand in the order in
// which they are given.
class CorpusTokens {
 public:
  // `recipe` and `writer` must outlive it. REQUIRES: recipe.tokenizer is told.
  static Result<std::unique_ptr<CorpusTokens>> Create(const CorpusRecipe& recipe,
                                                      FolderWriter& writer);

  struct Kept {
    const CleanDocument* document;
    std::string split;
  };
  // Tokenises on all threads, writes in order.
  Status Add(ThreadPool& pool, std::span<const Kept> documents);
  // Ends all files; gives their names in the folder.
  Result<std::vector<std::string>> Finish();

 private:
  // The file that a split is being written to.
  struct Open {
    std::optional<text::TokenShardWriter> writer;
    int files = 0;
    std::map<std::string, int64_t> licences;  // documents of this file
  };
  CorpusTokens(const CorpusRecipe& recipe, FolderWriter& writer,
               std::unique_ptr<text::Tokenizer> tokenizer)
      : recipe_(recipe), writer_(writer), tokenizer_(std::move(tokenizer)) {}
  void Begin(const std::string& split, Open& open);
  Status End(const std::string& split, Open& open);

  const CorpusRecipe& recipe_;
  FolderWriter& writer_;
  std::unique_ptr<text::Tokenizer> tokenizer_;
  std::map<std::string, Open> splits_;
  std::vector<std::string> files_;
};

}  // namespace parvis::data

#endif  // PARVIS_DATA_CORPUS_TOKENS_H_
