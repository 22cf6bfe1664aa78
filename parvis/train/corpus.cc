#include "parvis/train/corpus.h"

#include <algorithm>
#include <utility>

#include "parvis/core/check.h"

namespace parvis::train {
namespace {

// Copies of `part`, which stands at `at` in a document, what lies in [begin, begin + to.size()).
void CopyPart(std::span<const int32_t> part, int64_t at, int64_t begin, std::span<int32_t> to) {
  for (size_t i = 0; i < part.size(); ++i) {
    const int64_t place = at + static_cast<int64_t>(i) - begin;
    if (place >= 0 && place < static_cast<int64_t>(to.size())) to[place] = part[i];
  }
}

}  // namespace

void Corpus::Add(std::string id, size_t source, int64_t text_bytes, std::span<const int32_t> tokens,
                 std::span<const int32_t> numbers) {
  PARVIS_CHECK(shards_.empty());
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  begin_.push_back(static_cast<int64_t>(tokens_.size()));
  numbers_.insert(numbers_.end(), numbers.begin(), numbers.end());
  numbers_begin_.push_back(static_cast<int64_t>(numbers_.size()));
  ids_.push_back(std::move(id));
  sources_.push_back(static_cast<uint32_t>(source));
  document_bytes_.push_back(text_bytes);
  ++num_documents_;
  num_tokens_ += static_cast<int64_t>(tokens.size());
  text_bytes_ += text_bytes;
}

void Corpus::SetNumbers(int64_t document, std::span<const int32_t> numbers) {
  PARVIS_CHECK(shards_.empty() && numbers.size() == Numbers(document).size());
  std::copy(numbers.begin(), numbers.end(), numbers_.begin() + numbers_begin_[document]);
}

Corpus Corpus::OfShards(const std::vector<Shard>& shards, std::vector<int32_t> before,
                        std::vector<int32_t> after) {
  Corpus corpus;
  corpus.before_ = std::move(before);
  corpus.after_ = std::move(after);
  corpus.failure_ = std::make_shared<Failure>();
  for (const Shard& shard : shards) {
    if (shard.tokens->num_documents() == 0) continue;
    corpus.first_.push_back(corpus.num_documents_);
    corpus.shards_.push_back(shard);
    corpus.num_documents_ += shard.tokens->num_documents();
    corpus.num_tokens_ += shard.tokens->num_tokens();
    corpus.text_bytes_ += shard.tokens->text_bytes();
  }
  corpus.num_tokens_ +=
      corpus.num_documents_ * static_cast<int64_t>(corpus.before_.size() + corpus.after_.size());
  return corpus;
}

Corpus::Place Corpus::PlaceOf(int64_t document) const {
  const auto after = std::upper_bound(first_.begin(), first_.end(), document);
  const auto shard = static_cast<size_t>(after - first_.begin()) - 1;
  return {shards_[shard], document - first_[shard]};
}

int64_t Corpus::size(int64_t document) const {
  if (shards_.empty()) return begin_[document + 1] - begin_[document];
  const Place place = PlaceOf(document);
  return place.shard.tokens->size(place.document) +
         static_cast<int64_t>(before_.size() + after_.size());
}

std::vector<int32_t> Corpus::Read(int64_t document, int64_t begin, int64_t count) const {
  if (shards_.empty()) {
    const auto tokens = Tokens(document).subspan(begin, count);
    return {tokens.begin(), tokens.end()};
  }
  const Place place = PlaceOf(document);
  const text::TokenShard& shard = *place.shard.tokens;
  const auto first = static_cast<int64_t>(before_.size());
  const int64_t end = first + shard.size(place.document);
  PARVIS_CHECK(begin >= 0 && count >= 0 && begin + count <= size(document));
  std::vector<int32_t> tokens(count, 0);
  const int64_t from = std::clamp(begin, first, end), to = std::clamp(begin + count, first, end);
  const Status read =
      shard.Read(place.document, from - first,
                 std::span(tokens).subspan(from < to ? from - begin : 0, to - from));
  if (!read.ok()) {
    const std::lock_guard lock(failure_->mutex);
    if (failure_->status.ok()) failure_->status = read;
  }
  CopyPart(before_, 0, begin, tokens);
  CopyPart(after_, end, begin, tokens);
  return tokens;
}

std::span<const int32_t> Corpus::Tokens(int64_t document) const {
  PARVIS_CHECK(shards_.empty());
  return {tokens_.data() + begin_[document],
          static_cast<size_t>(begin_[document + 1] - begin_[document])};
}

std::span<const int32_t> Corpus::Numbers(int64_t document) const {
  if (!shards_.empty()) return {};
  return {numbers_.data() + numbers_begin_[document],
          static_cast<size_t>(numbers_begin_[document + 1] - numbers_begin_[document])};
}

std::string Corpus::id(int64_t document) const {
  if (shards_.empty()) return ids_[document];
  const Place place = PlaceOf(document);
  return std::string(place.shard.tokens->name(place.document));
}

size_t Corpus::source(int64_t document) const {
  return shards_.empty() ? sources_[document] : PlaceOf(document).shard.source;
}

int64_t Corpus::text_bytes(int64_t document) const {
  if (shards_.empty()) return document_bytes_[document];
  const Place place = PlaceOf(document);
  return place.shard.tokens->text_bytes(place.document);
}

Status Corpus::status() const {
  if (failure_ == nullptr) return {};
  const std::lock_guard lock(failure_->mutex);
  return failure_->status;
}

}  // namespace parvis::train
