#ifndef PARVIS_TEXT_TOKEN_SHARD_H_
#define PARVIS_TEXT_TOKEN_SHARD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/mapped_file.h"
#include "parvis/core/result.h"
#include "parvis/core/sha256.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {

// What decides the tokens of a text: the hash of tokenizer.json without the part that says what
// stands around a text. Tokenizers that agree in it give the same plain tokens.
std::string PlainTokensSha256(const Tokenizer& tokenizer);

// Texts as plain tokens (Encode without special ones) in one file, which is read through a mapping;
// the layout stands in docs/formats/token-shards.md. Of one writer: Add for each document, then
// Finish. The file's bytes go to `sink`, front to back; of the documents some 50 bytes each stay in
// memory until then.
class TokenShardWriter {
 public:
  using Sink = std::function<Status(std::string_view bytes)>;
  TokenShardWriter(const Tokenizer& tokenizer, Sink sink);
  TokenShardWriter(int64_t vocab_size, const Sha256Digest& tokenizer, Sink sink);

  // `text_bytes`: of the text that these tokens stand for. REQUIRES: each id is in the vocabulary.
  Status Add(std::string_view name, int64_t text_bytes, std::span<const TokenId> ids);
  // `metadata`: an object, what else is to be known of the documents.
  Status Finish(const Json& metadata);
  int64_t num_tokens() const { return num_tokens_; }

 private:
  Status Flush();

  Sink sink_;
  int64_t vocab_size_;
  Sha256Digest tokenizer_;
  size_t width_;
  int64_t num_tokens_ = 0, num_documents_ = 0;
  std::string block_, digests_, index_, names_;
  bool begun_ = false;
};

// A file of tokens. Untrusted: layout, index, names and the table of checksums are checked when it
// is opened; a block of tokens when it is first read, against its checksum and the vocabulary.
// Nothing of a block is given out before. Memory: a byte for each block of 256 KiB. Safe from
// several threads.
class TokenShard {
 public:
  static Result<std::shared_ptr<const TokenShard>> Open(const std::string& path);
  // The same of bytes that outlive it.
  static Result<std::shared_ptr<const TokenShard>> Parse(std::span<const std::byte> bytes);

  int64_t num_documents() const { return num_documents_; }
  int64_t num_tokens() const { return num_tokens_; }
  int64_t text_bytes() const { return text_bytes_; }
  int64_t vocab_size() const { return vocab_size_; }
  int64_t file_bytes() const { return static_cast<int64_t>(bytes_.size()); }
  const std::string& tokenizer_sha256() const { return tokenizer_sha256_; }
  // A hash that covers all that the file says.
  const std::string& sha256() const { return sha256_; }
  const Json& metadata() const { return metadata_; }
  const std::string& path() const { return path_; }

  // REQUIRES of all: 0 <= document < num_documents().
  std::string_view name(int64_t document) const;
  int64_t size(int64_t document) const;  // in tokens
  int64_t text_bytes(int64_t document) const;
  // Tokens [begin, begin + to.size()) of a document, which must be there.
  Status Read(int64_t document, int64_t begin, std::span<TokenId> to) const;

  static constexpr size_t kBlockBytes = size_t{256} << 10;  // of tokens under one checksum

 private:
  struct Layout;
  TokenShard() = default;
  Status Init();
  Status ReadLayout(Layout& layout);
  Status CheckIndex();
  Status CheckBlock(size_t block) const;
  uint64_t IndexAt(int64_t document, int column) const;

  std::string path_;
  std::shared_ptr<const MappedFile> file_;
  std::span<const std::byte> bytes_, tokens_, digests_, index_;
  std::string_view names_;
  size_t width_ = 0;
  int64_t num_documents_ = 0, num_tokens_ = 0, text_bytes_ = 0, vocab_size_ = 0;
  std::string tokenizer_sha256_, sha256_;
  Json metadata_;
  mutable std::vector<std::atomic<uint8_t>> checked_;  // by block
};

// The end of the names of such files.
constexpr std::string_view kTokenShardSuffix = ".tokens";

}  // namespace parvis::text

#endif  // PARVIS_TEXT_TOKEN_SHARD_H_
