// Any bytes as what another service streams: they are read alike however they are cut, and no more
// comes out than was agreed.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/check.h"
#include "parvis/service/upstream_stream.h"

namespace {

constexpr size_t kMaxChoiceBytes = 4096, kMaxChoiceTokens = 256;

// "STATUS" or the deltas, one a line. `logprobs`: how many alternatives were asked for.
std::string Read(std::string_view bytes, size_t piece, int logprobs) {
  parvis::service::UpstreamStream stream({.chat = true,
                                          .tools = true,
                                          .logprobs = logprobs,
                                          .choices = 3,
                                          .max_choice_bytes = kMaxChoiceBytes,
                                          .max_choice_tokens = kMaxChoiceTokens,
                                          .max_bytes = size_t{1} << 20});
  std::string read;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    std::vector<parvis::service::Delta> deltas;
    const parvis::Status status = stream.Add(bytes.substr(at, piece), deltas);
    for (const auto& delta : deltas) {
      PARVIS_CHECK(delta.choice >= 0 && delta.choice < 3);
      read += std::to_string(delta.choice) + delta.text + (delta.finish ? "!\n" : "\n");
      for (const auto& token : delta.tokens) {
        PARVIS_CHECK(std::isfinite(token.logprob) && token.logprob <= 0);
        PARVIS_CHECK(static_cast<int>(token.top.size()) <= logprobs + 1);
        read += token.bytes;
      }
    }
    if (!status.ok()) return read + status.message();
  }
  PARVIS_CHECK(stream.text_bytes() <= 3 * kMaxChoiceBytes);
  return read + (stream.whole() ? "whole" : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const int logprobs : {-1, 2}) {
    PARVIS_CHECK(Read(bytes, size + 1, logprobs) == Read(bytes, 5, logprobs));
  }
  return 0;
}
