#ifndef PARVIS_RUNTIME_DRY_H_
#define PARVIS_RUNTIME_DRY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/text/tokenizer.h"

namespace parvis::runtime {

// "Don't repeat yourself", against circles: what would go on with a repetition becomes the less
// likely the longer that is, and all else stays as it was. (P. E. Weidmann, "DRY: A modern
// repetition penalty that reliably prevents looping", pull request 5677 of text-generation-webui,
// 2024. Names as llama.cpp has them.)
struct DryParams {
  float multiplier = 0.0f;      // 0: none of this
  float base = 1.75f;           // from 1
  int32_t allowed_length = 2;   // tokens that may be repeated for nothing, from 1
  int32_t penalty_last_n = -1;  // tokens of prompt and answer that are looked at; -1: all, 0: none
  // A repetition does not reach across a token whose bytes hold one of these.
  std::vector<std::string> sequence_breakers = {"\n", ":", "\"", "*"};
};

// The tokens of one request. If the last n of them stood there before, and n >= allowed_length,
// then multiplier · base^(n - allowed_length) is subtracted from the logit of what followed there;
// of several places the one with the largest n counts. Not synchronised.
class Dry {
 public:
  static constexpr size_t kMaxBreakers = 32;
  static constexpr size_t kMaxBreakerBytes = 64;
  static constexpr float kMostPenalty = 1e6f;  // keeps logits finite

  // Refuses values that make no sense.
  static Status Validate(const DryParams& params);

  // REQUIRES: Validate(params) is ok. `tokenizer` may be null (then nothing breaks a sequence), and
  // has to live as long.
  Dry(DryParams params, const text::Tokenizer* tokenizer, std::span<const int32_t> prompt);

  void Accept(int32_t token);
  // Time: O(tokens that are looked at). -infinity stays what it is.
  void Subtract(std::span<float> logits) const;

 private:
  bool Breaks(int32_t token) const;

  DryParams params_;
  const text::Tokenizer* tokenizer_;
  std::vector<int32_t> seen_;
  size_t since_break_ = 0;  // tokens at the end of seen_ none of which breaks a sequence
};

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_DRY_H_
