#include <cstring>
#include <utility>

#include "parvis/core/check.h"
#include "parvis/text/token_shard.h"
#include "parvis/text/token_shard_layout.h"

namespace parvis::text {
namespace {

template <typename T>
void Put(std::string& to, T value) {
  static_assert(std::endian::native == std::endian::little);
  to.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void Put(std::string& to, const Sha256Digest& digest) {
  to.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

std::string PlainPart(const Tokenizer& tokenizer) {
  Json json = ParseJson(WriteTokenizerJson(tokenizer)).value();
  json.erase("post_processor");
  return json.dump();
}

}  // namespace

std::string PlainTokensSha256(const Tokenizer& tokenizer) {
  return Sha256Hex(PlainPart(tokenizer));
}

TokenShardWriter::TokenShardWriter(const Tokenizer& tokenizer, Sink sink)
    : TokenShardWriter(tokenizer.vocab_size(), Sha256(PlainPart(tokenizer)), std::move(sink)) {}

TokenShardWriter::TokenShardWriter(int64_t vocab_size, const Sha256Digest& tokenizer, Sink sink)
    : sink_(std::move(sink)),
      vocab_size_(vocab_size),
      tokenizer_(tokenizer),
      width_(vocab_size <= 65536 ? 2 : 4) {}

// A whole block, or the last one.
Status TokenShardWriter::Flush() {
  if (!begun_) {
    std::string head(shard::kMagic);
    Put(head, shard::kVersion);
    Put(head, static_cast<uint32_t>(width_));
    PARVIS_RETURN_IF_ERROR(sink_(head));
    begun_ = true;
  }
  if (block_.empty()) return {};
  Put(digests_, Sha256(block_));
  PARVIS_RETURN_IF_ERROR(sink_(block_));
  block_.clear();
  return {};
}

Status TokenShardWriter::Add(std::string_view name, int64_t text_bytes,
                             std::span<const TokenId> ids) {
  for (const TokenId id : ids) {
    PARVIS_CHECK(id >= 0 && id < vocab_size_);
    block_.append(reinterpret_cast<const char*>(&id), width_);  // little-endian
    if (block_.size() == TokenShard::kBlockBytes) PARVIS_RETURN_IF_ERROR(Flush());
  }
  num_tokens_ += static_cast<int64_t>(ids.size());
  ++num_documents_;
  names_ += name;
  Put(index_, static_cast<uint64_t>(num_tokens_));
  Put(index_, static_cast<uint64_t>(names_.size()));
  Put(index_, static_cast<uint64_t>(text_bytes));
  return {};
}

Status TokenShardWriter::Finish(const Json& metadata) {
  PARVIS_RETURN_IF_ERROR(Flush());
  const std::string told = metadata.dump(-1, ' ', false, Json::error_handler_t::replace);
  const size_t end = shard::kHeadBytes + static_cast<size_t>(num_tokens_) * width_;
  PARVIS_RETURN_IF_ERROR(sink_(std::string(shard::PaddingAfter(end), '\0')));
  std::string tail = std::move(digests_);
  tail += index_;
  tail += names_;
  tail += told;
  for (const auto count :
       {static_cast<uint64_t>(num_tokens_), static_cast<uint64_t>(num_documents_),
        static_cast<uint64_t>(names_.size()), static_cast<uint64_t>(told.size()),
        static_cast<uint64_t>(vocab_size_)}) {
    Put(tail, count);
  }
  Put(tail, tokenizer_);
  Put(tail, Sha256(tail));
  return sink_(tail);
}

}  // namespace parvis::text
