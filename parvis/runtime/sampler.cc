#include "parvis/runtime/sampler.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fmt/format.h"

namespace parvis::runtime {
namespace {

// The ranges are wide enough for any use and keep every changed logit finite.
Status InRange(const char* field, double value, double least, double most) {
  if (value >= least && value <= most) return {};  // false for NaN
  return InvalidArgument(fmt::format("{}: {} is not between {} and {}", field, value, least, most));
}

// The largest logit; of equal ones that with the lowest id.
size_t Largest(std::span<const float> logits) {
  size_t best = 0;
  for (size_t i = 1; i < logits.size(); ++i) {
    if (logits[i] > logits[best]) best = i;
  }
  return best;
}

// log of the sum of exp(logits), in f64.
double LogSumExp(std::span<const float> logits) {
  const double largest = logits[Largest(logits)];
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  return largest + std::log(sum);
}

bool AllFinite(std::span<const float> logits) {
  // x - x is 0 for finite numbers and NaN for the others; a sum vectorises where a branch does not.
  float sum = 0.0f;
  for (const float logit : logits) sum += logit - logit;
  return sum == 0.0f;
}

}  // namespace

Status Sampler::Validate(const SamplingParams& p, int64_t vocab_size) {
  PARVIS_RETURN_IF_ERROR(InRange("temperature", p.temperature, 0.0, 100.0));
  PARVIS_RETURN_IF_ERROR(InRange("top_k", p.top_k, 0.0, INT32_MAX));
  PARVIS_RETURN_IF_ERROR(InRange("top_p", p.top_p, 1e-9, 1.0));
  PARVIS_RETURN_IF_ERROR(InRange("min_p", p.min_p, 0.0, 1.0));
  PARVIS_RETURN_IF_ERROR(InRange("repetition_penalty", p.repetition_penalty, 0.01, 100.0));
  PARVIS_RETURN_IF_ERROR(InRange("presence_penalty", p.presence_penalty, -100.0, 100.0));
  PARVIS_RETURN_IF_ERROR(InRange("frequency_penalty", p.frequency_penalty, -100.0, 100.0));
  if (p.logit_bias.size() > kMaxLogitBias) {
    return InvalidArgument(fmt::format("logit_bias: {} tokens are given; at most {} are allowed",
                                       p.logit_bias.size(), kMaxLogitBias));
  }
  for (const auto& [token, bias] : p.logit_bias) {
    if (token < 0 || token >= vocab_size) {
      return InvalidArgument(fmt::format("logit_bias: there is no token {}; the vocabulary has {}",
                                         token, vocab_size));
    }
    PARVIS_RETURN_IF_ERROR(InRange("logit_bias", bias, -1e6, 1e6));
  }
  return {};
}

Sampler::Sampler(SamplingParams params, std::span<const int32_t> prompt)
    : params_(std::move(params)), random_(params_.seed) {
  for (const int32_t token : prompt) generated_.emplace(token, 0);
}

bool Sampler::Before(const Candidate& a, const Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
}

Result<Sample> Sampler::Next(std::span<const float> logits, int top_logprobs) {
  PARVIS_CHECK(!logits.empty());
  if (!AllFinite(logits)) {
    return DataLoss("logits are not finite: weights are damaged, or numbers overflowed");
  }
  logits_.assign(logits.begin(), logits.end());
  Change();
  Sample sample;
  sample.token = params_.temperature == 0.0f ? static_cast<int32_t>(Largest(logits_)) : Draw();
  ++generated_[sample.token];
  if (top_logprobs < 0) return sample;

  const double total = LogSumExp(logits);
  const auto logprob = [&](int32_t token) { return static_cast<float>(logits[token] - total); };
  sample.logprob = logprob(sample.token);
  candidates_.clear();
  for (size_t i = 0; i < logits.size(); ++i) {
    candidates_.push_back({logits[i], static_cast<int32_t>(i)});
  }
  const auto count = std::min<size_t>(top_logprobs, candidates_.size());
  std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<int64_t>(count),
                    candidates_.end(), Before);
  for (size_t i = 0; i < count; ++i) {
    sample.top.push_back({candidates_[i].token, logprob(candidates_[i].token)});
  }
  return sample;
}

void Sampler::Change() {
  for (const auto& [token, bias] : params_.logit_bias) logits_[token] += bias;
  const bool repetition = params_.repetition_penalty != 1.0f;
  if (!repetition && params_.presence_penalty == 0.0f && params_.frequency_penalty == 0.0f) return;
  for (const auto& [token, times] : generated_) {  // each token once: the order does not matter
    float& logit = logits_[token];
    if (repetition) {
      logit =
          logit > 0.0f ? logit / params_.repetition_penalty : logit * params_.repetition_penalty;
    }
    if (times > 0) {
      logit -= params_.presence_penalty + params_.frequency_penalty * static_cast<float>(times);
    }
  }
}

int32_t Sampler::Draw() {
  // Relative to the largest, whose weight is then 1 and which no step below removes.
  const float largest = logits_[Largest(logits_)];
  candidates_.clear();
  for (size_t i = 0; i < logits_.size(); ++i) {
    candidates_.push_back({(logits_[i] - largest) / params_.temperature, static_cast<int32_t>(i)});
  }
  KeepTopK();
  if (params_.top_p < 1.0f) KeepTopP();

  double sum = 0.0;
  weights_.clear();
  for (const Candidate& candidate : candidates_) {
    const double weight = std::exp(double{candidate.logit});
    weights_.push_back(weight < params_.min_p ? 0.0 : weight);
    sum += weights_.back();
  }
  double left = random_.Uniform() * sum;
  size_t chosen = 0;
  for (size_t i = 0; i < weights_.size(); ++i) {
    if (weights_[i] == 0.0) continue;
    chosen = i;  // the last one if rounding leaves a rest
    left -= weights_[i];
    if (left < 0.0) break;
  }
  return candidates_[chosen].token;
}

void Sampler::KeepTopK() {
  const auto k = static_cast<size_t>(params_.top_k);
  if (k == 0 || k >= candidates_.size()) return;
  std::nth_element(candidates_.begin(), candidates_.begin() + static_cast<int64_t>(k) - 1,
                   candidates_.end(), Before);
  candidates_.resize(k);
  std::sort(candidates_.begin(), candidates_.end(), Before);
}

void Sampler::KeepTopP() {
  double sum = 0.0;
  for (const Candidate& candidate : candidates_) sum += std::exp(double{candidate.logit});
  // Takes the most probable ones from a heap: mostly a few of a large vocabulary suffice.
  const auto after = [](const Candidate& a, const Candidate& b) { return Before(b, a); };
  std::make_heap(candidates_.begin(), candidates_.end(), after);
  double reached = 0.0;
  auto rest = candidates_.end();
  while (rest != candidates_.begin() && reached < params_.top_p * sum) {
    std::pop_heap(candidates_.begin(), rest, after);
    --rest;
    reached += std::exp(double{rest->logit});
  }
  candidates_.erase(candidates_.begin(), rest);
  std::reverse(candidates_.begin(), candidates_.end());
}

}  // namespace parvis::runtime
