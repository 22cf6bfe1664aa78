#ifndef PARVIS_TRAIN_CORPUS_H_
#define PARVIS_TRAIN_CORPUS_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/text/token_shard.h"

namespace parvis::train {

// Documents as tokens, one after another; what tokens stand around a text is the objective's
// choice. Either in memory, document by document (Add), or in files of tokens that are mapped
// (OfShards), whose memory does not grow with the text.
class Corpus {
 public:
  // What shards say of a document, without what an objective puts around it.
  struct Shard {
    std::shared_ptr<const text::TokenShard> tokens;
    size_t source = 0;  // index into the sources that were read
  };
  // Every document is `before`, its tokens, `after`.
  static Corpus OfShards(const std::vector<Shard>& shards, std::vector<int32_t> before,
                         std::vector<int32_t> after);

  int64_t num_documents() const { return num_documents_; }
  int64_t size(int64_t document) const;  // in tokens
  // Tokens [begin, begin + count) of a document. Of shards that turn out to be damaged: zeros, and
  // status() says it. Safe from several threads.
  std::vector<int32_t> Read(int64_t document, int64_t begin, int64_t count) const;
  // All tokens of a document. REQUIRES: in memory.
  std::span<const int32_t> Tokens(int64_t document) const;
  // What else an objective keeps of a document: flags of its tokens, a label, … Shards have none.
  std::span<const int32_t> Numbers(int64_t document) const;
  std::string id(int64_t document) const;
  size_t source(int64_t document) const;
  int64_t num_tokens() const { return num_tokens_; }
  // Bytes of text that tokens stand for.
  int64_t text_bytes(int64_t document) const;
  int64_t text_bytes() const { return text_bytes_; }
  // The first failure of Read; nothing that was read since may be used.
  Status status() const;

  // `source`: index into the sources that were read. REQUIRES: not of shards.
  void Add(std::string id, size_t source, int64_t text_bytes, std::span<const int32_t> tokens,
           std::span<const int32_t> numbers = {});
  // Other numbers of a document, as many as before. REQUIRES: not of shards.
  void SetNumbers(int64_t document, std::span<const int32_t> numbers);

 private:
  struct Place {
    const Shard& shard;
    int64_t document;  // in the shard
  };
  Place PlaceOf(int64_t document) const;

  int64_t num_documents_ = 0, num_tokens_ = 0, text_bytes_ = 0;
  // In memory.
  std::vector<int32_t> tokens_, numbers_;
  std::vector<int64_t> begin_ = {0}, numbers_begin_ = {0};
  std::vector<std::string> ids_;
  std::vector<uint32_t> sources_;
  std::vector<int64_t> document_bytes_;
  // Of shards.
  struct Failure {
    std::mutex mutex;
    Status status;
  };
  std::vector<Shard> shards_;
  std::vector<int64_t> first_;  // number of each shard's first document
  std::vector<int32_t> before_, after_;
  std::shared_ptr<Failure> failure_;
};

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_CORPUS_H_
