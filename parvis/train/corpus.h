#ifndef PARVIS_TRAIN_CORPUS_H_
#define PARVIS_TRAIN_CORPUS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace parvis::train {

// Documents as tokens, in memory, one after another; what tokens stand around a text is the
// objective's choice.
class Corpus {
 public:
  int64_t num_documents() const { return static_cast<int64_t>(ids_.size()); }
  std::span<const int32_t> Tokens(int64_t document) const {
    return {tokens_.data() + begin_[document],
            static_cast<size_t>(begin_[document + 1] - begin_[document])};
  }
  // What else an objective keeps of a document: flags of its tokens, a label, …
  std::span<const int32_t> Numbers(int64_t document) const {
    return {numbers_.data() + numbers_begin_[document],
            static_cast<size_t>(numbers_begin_[document + 1] - numbers_begin_[document])};
  }
  const std::string& id(int64_t document) const { return ids_[document]; }
  size_t source(int64_t document) const { return sources_[document]; }
  int64_t num_tokens() const { return begin_.back(); }
  // Bytes of text that tokens stand for.
  int64_t text_bytes(int64_t document) const { return document_bytes_[document]; }
  int64_t text_bytes() const { return text_bytes_; }

  // `source`: index into the sources that were read.
  void Add(std::string id, size_t source, int64_t text_bytes, std::span<const int32_t> tokens,
           std::span<const int32_t> numbers = {});

 private:
  std::vector<int32_t> tokens_, numbers_;
  std::vector<int64_t> begin_ = {0}, numbers_begin_ = {0};
  std::vector<std::string> ids_;
  std::vector<uint32_t> sources_;
  std::vector<int64_t> document_bytes_;
  int64_t text_bytes_ = 0;
};

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_CORPUS_H_
