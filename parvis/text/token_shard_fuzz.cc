// Any bytes as a file of tokens; what is not refused is read to the end. The first byte says
// whether the checksums are made to fit, so that the checks behind them are reached, too.

#include <cstring>
#include <string>
#include <vector>

#include "parvis/core/check.h"
#include "parvis/text/token_shard.h"
#include "parvis/text/token_shard_layout.h"

using parvis::text::TokenShard;
namespace shard = parvis::text::shard;

namespace {

// The checksums that a writer would have written around these bytes; as far as they have a place.
void Sign(std::string& bytes) {
  if (bytes.size() < shard::kHeadBytes + shard::kTrailerBytes) return;
  uint32_t width;
  uint64_t tokens;
  std::memcpy(&width, bytes.data() + 12, 4);
  std::memcpy(&tokens, bytes.data() + bytes.size() - shard::kTrailerBytes, 8);
  if (tokens > bytes.size() || width > 4) return;
  const size_t end = shard::kHeadBytes + tokens * width;
  const size_t tail = end + shard::PaddingAfter(end);
  const size_t digest = bytes.size() - shard::kDigestBytes;
  if (tail > digest) return;
  const size_t blocks = (tokens * width + TokenShard::kBlockBytes - 1) / TokenShard::kBlockBytes;
  for (size_t block = 0; block < blocks; ++block) {
    const size_t at = shard::kHeadBytes + block * TokenShard::kBlockBytes;
    if (tail + (block + 1) * shard::kDigestBytes > digest) return;
    const auto sum = parvis::Sha256(
        std::string_view(bytes).substr(at, std::min(TokenShard::kBlockBytes, end - at)));
    std::memcpy(bytes.data() + tail + block * shard::kDigestBytes, sum.data(), sum.size());
  }
  const auto sum = parvis::Sha256(std::string_view(bytes).substr(tail, digest - tail));
  std::memcpy(bytes.data() + digest, sum.data(), sum.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 1) Sign(bytes);
  const auto read = TokenShard::Parse(std::as_bytes(std::span(bytes)));
  if (!read.ok()) return 0;
  const TokenShard& tokens = **read;
  int64_t count = 0;
  for (int64_t i = 0; i < tokens.num_documents(); ++i) {
    (void)std::string(tokens.name(i));
    std::vector<parvis::text::TokenId> ids(tokens.size(i));
    count += tokens.size(i);
    if (!tokens.Read(i, 0, ids).ok()) continue;
    for (const auto id : ids) PARVIS_CHECK(id >= 0 && id < tokens.vocab_size());
  }
  PARVIS_CHECK(count == tokens.num_tokens());
  return 0;
}
