#include "parvis/train/corpus.h"

#include <utility>

namespace parvis::train {

void Corpus::Add(std::string id, size_t source, int64_t text_bytes, std::span<const int32_t> tokens,
                 std::span<const int32_t> numbers) {
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  begin_.push_back(static_cast<int64_t>(tokens_.size()));
  numbers_.insert(numbers_.end(), numbers.begin(), numbers.end());
  numbers_begin_.push_back(static_cast<int64_t>(numbers_.size()));
  ids_.push_back(std::move(id));
  sources_.push_back(static_cast<uint32_t>(source));
  document_bytes_.push_back(text_bytes);
  text_bytes_ += text_bytes;
}

}  // namespace parvis::train
