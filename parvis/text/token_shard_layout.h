#ifndef PARVIS_TEXT_TOKEN_SHARD_LAYOUT_H_
#define PARVIS_TEXT_TOKEN_SHARD_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

// What writer and reader of token shards agree on: docs/formats/token-shards.md.
namespace parvis::text::shard {

constexpr std::string_view kMagic = "PARVTOKS";
constexpr uint32_t kVersion = 1;
constexpr size_t kHeadBytes = 16;  // magic, version, bytes of a token
constexpr size_t kDigestBytes = 32;
constexpr size_t kIndexBytes = 24;                          // of a document
constexpr size_t kTrailerBytes = 5 * 8 + 2 * kDigestBytes;  // five counts, two hashes
constexpr uint64_t kMaxMetadataBytes = uint64_t{1} << 20;
constexpr uint64_t kMaxVocabulary = uint64_t{1} << 31;

// Zeros after the tokens, so that what follows begins at a multiple of 8.
constexpr size_t PaddingAfter(size_t end) { return (8 - end % 8) % 8; }

}  // namespace parvis::text::shard

#endif  // PARVIS_TEXT_TOKEN_SHARD_LAYOUT_H_
