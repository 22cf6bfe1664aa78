#include "parvis/runtime/dry.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "fmt/format.h"
#include "parvis/runtime/in_range.h"

namespace parvis::runtime {
namespace {

// For each place k, counted from the end, how many tokens up to it are those at the end (the
// Z-function of the reversed tokens: D. Gusfield, "Algorithms on Strings, Trees, and Sequences",
// 1997, §1.3).
std::vector<size_t> MatchesWithEnd(std::span<const int32_t> tokens) {
  const size_t n = tokens.size();
  const auto at = [&](size_t k) { return tokens[n - 1 - k]; };
  std::vector<size_t> matches(n, n);
  size_t left = 0, right = 0;  // the match that was found to reach farthest: [left, right)
  for (size_t k = 1; k < n; ++k) {
    size_t length = k < right ? std::min(right - k, matches[k - left]) : 0;
    while (k + length < n && at(length) == at(k + length)) ++length;
    matches[k] = length;
    if (k + length > right) {
      left = k;
      right = k + length;
    }
  }
  return matches;
}

}  // namespace

Status Dry::Validate(const DryParams& p) {
  PARVIS_RETURN_IF_ERROR(InRange("dry_multiplier", p.multiplier, 0.0, 100.0));
  PARVIS_RETURN_IF_ERROR(InRange("dry_base", p.base, 1.0, 100.0));
  PARVIS_RETURN_IF_ERROR(InRange("dry_allowed_length", p.allowed_length, 1.0, INT32_MAX));
  PARVIS_RETURN_IF_ERROR(InRange("dry_penalty_last_n", p.penalty_last_n, -1.0, INT32_MAX));
  if (p.sequence_breakers.size() > kMaxBreakers) {
    return InvalidArgument(
        fmt::format("dry_sequence_breakers: {} are given; at most {} are allowed",
                    p.sequence_breakers.size(), kMaxBreakers));
  }
  for (const std::string& breaker : p.sequence_breakers) {
    if (!breaker.empty() && breaker.size() <= kMaxBreakerBytes) continue;
    return InvalidArgument(
        fmt::format("dry_sequence_breakers: one has {} bytes; 1 to {} are allowed", breaker.size(),
                    kMaxBreakerBytes));
  }
  return {};
}

Dry::Dry(DryParams params, const text::Tokenizer* tokenizer, std::span<const int32_t> prompt)
    : params_(std::move(params)), tokenizer_(tokenizer), seen_(prompt.begin(), prompt.end()) {
  while (since_break_ < seen_.size() && !Breaks(seen_[seen_.size() - 1 - since_break_])) {
    ++since_break_;
  }
}

bool Dry::Breaks(int32_t token) const {
  if (tokenizer_ == nullptr || params_.sequence_breakers.empty()) return false;
  const std::string bytes = tokenizer_->TokenBytes(token);
  return std::any_of(params_.sequence_breakers.begin(), params_.sequence_breakers.end(),
                     [&](const std::string& b) { return bytes.find(b) != std::string::npos; });
}

void Dry::Accept(int32_t token) {
  seen_.push_back(token);
  since_break_ = Breaks(token) ? 0 : since_break_ + 1;
}

void Dry::Subtract(std::span<float> logits) const {
  const size_t count = params_.penalty_last_n < 0
                           ? seen_.size()
                           : std::min(seen_.size(), static_cast<size_t>(params_.penalty_last_n));
  const auto allowed = static_cast<size_t>(params_.allowed_length);
  if (std::min(since_break_, count) < allowed) return;
  const std::span<const int32_t> tokens = std::span(seen_).last(count);
  const std::vector<size_t> matches = MatchesWithEnd(tokens);
  std::unordered_map<int32_t, size_t> longest;  // what followed → how much before it is repeated
  for (size_t k = 1; k < count; ++k) {
    const size_t length = std::min(matches[k], since_break_);
    if (length < allowed) continue;
    size_t& most = longest[tokens[count - k]];
    most = std::max(most, length);
  }
  for (const auto& [token, length] : longest) {  // each token once: the order does not matter
    if (Breaks(token)) continue;
    const float exponent = static_cast<float>(length - allowed);
    logits[token] -= std::min(kMostPenalty, params_.multiplier * std::pow(params_.base, exponent));
  }
}

}  // namespace parvis::runtime
