#include "parvis/text/token_shard.h"

#include <algorithm>
#include <cstring>

#include "parvis/core/byte_reader.h"
#include "parvis/core/check.h"
#include "parvis/text/token_shard_layout.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

using shard::kDigestBytes;
using shard::kHeadBytes;
using shard::kIndexBytes;
using shard::kTrailerBytes;

std::string_view TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Sha256Digest DigestOf(std::span<const std::byte> bytes) {
  Sha256Digest digest;
  std::memcpy(digest.data(), bytes.data(), digest.size());
  return digest;
}

template <typename T>
bool AllBelow(std::span<const std::byte> bytes, uint64_t bound) {
  T largest = 0;
  for (size_t at = 0; at < bytes.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    largest = std::max(largest, value);
  }
  return bytes.empty() || largest < bound;
}

}  // namespace

// The counts of the trailer, in its order.
struct TokenShard::Layout {
  uint64_t tokens = 0, documents = 0, names_bytes = 0, metadata_bytes = 0, vocab_size = 0;
};

Result<std::shared_ptr<const TokenShard>> TokenShard::Open(const std::string& path) {
  std::shared_ptr<TokenShard> result(new TokenShard());
  result->path_ = path;
  PARVIS_ASSIGN_OR_RETURN(result->file_, MappedFile::Open(path));
  result->bytes_ = result->file_->bytes();
  PARVIS_RETURN_IF_ERROR(result->Init().In(path));
  return std::shared_ptr<const TokenShard>(std::move(result));
}

Result<std::shared_ptr<const TokenShard>> TokenShard::Parse(std::span<const std::byte> bytes) {
  std::shared_ptr<TokenShard> result(new TokenShard());
  result->bytes_ = bytes;
  PARVIS_RETURN_IF_ERROR(result->Init());
  return std::shared_ptr<const TokenShard>(std::move(result));
}

// Head and trailer: where everything is, and that the file is exactly as long as that.
Status TokenShard::ReadLayout(Layout& layout) {
  ByteReader head(bytes_);
  PARVIS_ASSIGN_OR_RETURN(const std::string_view magic, head.Text("magic", shard::kMagic.size()));
  if (magic != shard::kMagic) return head.Refuse("magic", "not a file of tokens", 0);
  PARVIS_ASSIGN_OR_RETURN(const auto version, head.Read<uint32_t>("version"));
  if (version != shard::kVersion) {
    return head.Refuse("version", std::to_string(version) + "; known is 1", 8);
  }
  PARVIS_ASSIGN_OR_RETURN(const auto width, head.Read<uint32_t>("bytes of a token"));
  if (width != 2 && width != 4) {
    return head.Refuse("bytes of a token", std::to_string(width) + ", not 2 or 4", 12);
  }
  width_ = width;
  if (head.left() < kTrailerBytes) return head.Refuse("trailer", "the file is cut short");
  const size_t trailer = bytes_.size() - kTrailerBytes;
  ByteReader counts(bytes_.subspan(trailer));
  const uint64_t size = bytes_.size();
  // No count is larger than the file could hold, so that their sum cannot overflow.
  for (const auto& [field, count, most] :
       {std::tuple<const char*, uint64_t*, uint64_t>{"tokens", &layout.tokens, size / width_},
        {"documents", &layout.documents, size / kIndexBytes},
        {"bytes of names", &layout.names_bytes, size},
        {"bytes of metadata", &layout.metadata_bytes, shard::kMaxMetadataBytes},
        {"vocabulary", &layout.vocab_size, shard::kMaxVocabulary}}) {
    const size_t at = trailer + counts.offset();
    PARVIS_ASSIGN_OR_RETURN(*count, counts.Read<uint64_t>(field));
    if (*count > most) {
      return ByteReader::Refuse(field,
                                std::to_string(*count) +
                                    " cannot be; the file is cut short "
                                    "or damaged",
                                at);
    }
  }
  tokenizer_sha256_ = HexOf(DigestOf(bytes_.subspan(trailer + 40, kDigestBytes)));
  sha256_ = HexOf(DigestOf(bytes_.subspan(trailer + 40 + kDigestBytes, kDigestBytes)));
  return {};
}

Status TokenShard::Init() {
  Layout layout;
  PARVIS_RETURN_IF_ERROR(ReadLayout(layout));
  num_tokens_ = static_cast<int64_t>(layout.tokens);
  num_documents_ = static_cast<int64_t>(layout.documents);
  vocab_size_ = static_cast<int64_t>(layout.vocab_size);
  const size_t token_bytes = layout.tokens * width_;
  const size_t blocks = (token_bytes + kBlockBytes - 1) / kBlockBytes;
  const size_t padding = shard::PaddingAfter(kHeadBytes + token_bytes);
  ByteReader reader(bytes_);
  PARVIS_RETURN_IF_ERROR(reader.Bytes("head", kHeadBytes).status());
  PARVIS_ASSIGN_OR_RETURN(tokens_, reader.Bytes("tokens", token_bytes));
  PARVIS_ASSIGN_OR_RETURN(const std::string_view zeros, reader.Text("padding", padding));
  if (zeros.find_first_not_of('\0') != std::string_view::npos) {
    return reader.Refuse("padding", "is not zero", reader.offset() - padding);
  }
  const size_t tail = reader.offset();
  PARVIS_ASSIGN_OR_RETURN(digests_, reader.Bytes("checksums", blocks * kDigestBytes));
  PARVIS_ASSIGN_OR_RETURN(index_, reader.Bytes("index", layout.documents * kIndexBytes));
  PARVIS_ASSIGN_OR_RETURN(names_, reader.Text("names", layout.names_bytes));
  const size_t metadata_at = reader.offset();
  PARVIS_ASSIGN_OR_RETURN(const std::string_view told,
                          reader.Text("metadata", layout.metadata_bytes));
  if (reader.left() != kTrailerBytes) {
    return reader.Refuse("trailer", std::to_string(reader.left()) + " bytes are left, not " +
                                        std::to_string(kTrailerBytes));
  }
  const auto covered = bytes_.subspan(tail, bytes_.size() - tail - kDigestBytes);
  if (HexOf(Sha256(TextOf(covered))) != sha256_) {
    return ByteReader::Refuse("checksum of the index", "does not fit: the file is damaged",
                              bytes_.size() - kDigestBytes);
  }
  PARVIS_RETURN_IF_ERROR(CheckIndex());
  Result<Json> metadata = ParseJson(told);
  if (!metadata.ok()) {
    return ByteReader::Refuse("metadata", metadata.status().message(), metadata_at);
  }
  metadata_ = *std::move(metadata);
  if (!metadata_.is_object()) return ByteReader::Refuse("metadata", "no object", metadata_at);
  checked_ = std::vector<std::atomic<uint8_t>>(blocks);
  return {};
}

// Ends never go back and the last ones are the counts; names are text.
Status TokenShard::CheckIndex() {
  uint64_t token_end = 0, name_end = 0;
  for (int64_t document = 0; document < num_documents_; ++document) {
    const auto at = static_cast<size_t>(index_.data() - bytes_.data()) +
                    static_cast<size_t>(document) * kIndexBytes;
    const uint64_t next_token = IndexAt(document, 0), next_name = IndexAt(document, 1);
    if (next_token < token_end || next_token > static_cast<uint64_t>(num_tokens_)) {
      return ByteReader::Refuse("end of a document",
                                std::to_string(next_token) + " is not between " +
                                    std::to_string(token_end) + " and " +
                                    std::to_string(num_tokens_),
                                at);
    }
    if (next_name < name_end || next_name > names_.size()) {
      return ByteReader::Refuse("end of a name",
                                std::to_string(next_name) + " is not between " +
                                    std::to_string(name_end) + " and " +
                                    std::to_string(names_.size()),
                                at + 8);
    }
    constexpr uint64_t kMostText = uint64_t{1} << 50;  // of a shard, so that sums cannot overflow
    if (IndexAt(document, 2) > kMostText - static_cast<uint64_t>(text_bytes_)) {
      return ByteReader::Refuse("bytes of a text", "more than any shard stands for", at + 16);
    }
    if (!IsValidUtf8(names_.substr(name_end, next_name - name_end))) {
      return ByteReader::Refuse("name of a document", "is not UTF-8", at + 8);
    }
    token_end = next_token;
    name_end = next_name;
    text_bytes_ += static_cast<int64_t>(IndexAt(document, 2));
  }
  if (token_end != static_cast<uint64_t>(num_tokens_) || name_end != names_.size()) {
    return ByteReader::Refuse("index", "ends before the tokens or the names do",
                              static_cast<size_t>(index_.data() - bytes_.data()));
  }
  return {};
}

uint64_t TokenShard::IndexAt(int64_t document, int column) const {
  uint64_t value;
  std::memcpy(&value, index_.data() + static_cast<size_t>(document) * kIndexBytes + column * 8, 8);
  return value;
}

std::string_view TokenShard::name(int64_t document) const {
  const uint64_t begin = document == 0 ? 0 : IndexAt(document - 1, 1);
  return names_.substr(begin, IndexAt(document, 1) - begin);
}

int64_t TokenShard::size(int64_t document) const {
  return static_cast<int64_t>(IndexAt(document, 0) -
                              (document == 0 ? 0 : IndexAt(document - 1, 0)));
}

int64_t TokenShard::text_bytes(int64_t document) const {
  return static_cast<int64_t>(IndexAt(document, 2));
}

// Two threads may check the same block: both find the same.
Status TokenShard::CheckBlock(size_t block) const {
  if (checked_[block].load(std::memory_order_acquire) != 0) return {};
  const size_t begin = block * kBlockBytes;
  const auto part = tokens_.subspan(begin, std::min(kBlockBytes, tokens_.size() - begin));
  if (Sha256(TextOf(part)) != DigestOf(digests_.subspan(block * kDigestBytes, kDigestBytes))) {
    return ByteReader::Refuse("tokens", "their checksum does not fit: the file is damaged",
                              kHeadBytes + begin)
        .In(path_);
  }
  const auto bound = static_cast<uint64_t>(vocab_size_);
  if (!(width_ == 2 ? AllBelow<uint16_t>(part, bound) : AllBelow<uint32_t>(part, bound))) {
    return ByteReader::Refuse("tokens", "one of them is not in the vocabulary", kHeadBytes + begin)
        .In(path_);
  }
  checked_[block].store(1, std::memory_order_release);
  return {};
}

Status TokenShard::Read(int64_t document, int64_t begin, std::span<TokenId> to) const {
  PARVIS_CHECK(document >= 0 && document < num_documents_ && begin >= 0 &&
               begin + static_cast<int64_t>(to.size()) <= size(document));
  if (to.empty()) return {};
  const uint64_t first =
      (document == 0 ? 0 : IndexAt(document - 1, 0)) + static_cast<uint64_t>(begin);
  const std::byte* at = tokens_.data() + first * width_;
  const size_t last_byte = (first + to.size()) * width_ - 1;
  for (size_t block = first * width_ / kBlockBytes; block <= last_byte / kBlockBytes; ++block) {
    PARVIS_RETURN_IF_ERROR(CheckBlock(block));
  }
  if (width_ == 4) {
    std::memcpy(to.data(), at, to.size() * 4);
    return {};
  }
  for (TokenId& id : to) {
    uint16_t value;
    std::memcpy(&value, at, 2);
    id = value;
    at += 2;
  }
  return {};
}

}  // namespace parvis::text
