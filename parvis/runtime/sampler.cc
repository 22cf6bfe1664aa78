#include "parvis/runtime/sampler.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "fmt/format.h"
#include "parvis/runtime/in_range.h"

namespace parvis::runtime {
namespace {

constexpr float kImpossible = -std::numeric_limits<float>::infinity();

// The largest logit. Sixteen running ones, which compilers turn into vectors.
float LargestOf(std::span<const float> logits) {
  constexpr size_t kLanes = 16;
  std::array<float, kLanes> lanes;
  lanes.fill(logits[0]);
  size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) lanes[j] = std::max(lanes[j], logits[i + j]);
  }
  for (; i < logits.size(); ++i) lanes[0] = std::max(lanes[0], logits[i]);
  return *std::max_element(lanes.begin(), lanes.end());
}

// log of the sum of exp(logits), in f64.
double LogSumExp(std::span<const float> logits) {
  const double largest = LargestOf(logits);
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  return largest + std::log(sum);
}

bool AllFinite(std::span<const float> logits) {
  constexpr uint32_t kExponent = 0x7F800000;
  uint32_t bad = 0;  // without a branch, so that it becomes vectors
  for (const float logit : logits) {
    bad |= static_cast<uint32_t>((std::bit_cast<uint32_t>(logit) & kExponent) == kExponent);
  }
  return bad == 0;
}

}  // namespace

// The ranges are wide enough for any use and keep every changed logit finite.
Status Sampler::Validate(const SamplingParams& p, int64_t vocab_size) {
  PARVIS_RETURN_IF_ERROR(InRange("temperature", p.temperature, 0.0, 100.0));
  PARVIS_RETURN_IF_ERROR(InRange("top_k", p.top_k, 0.0, INT32_MAX));
  PARVIS_RETURN_IF_ERROR(InRange("top_p", p.top_p, 1e-9, 1.0));
  PARVIS_RETURN_IF_ERROR(InRange("min_p", p.min_p, 0.0, 1.0));
  PARVIS_RETURN_IF_ERROR(InRange("typical_p", p.typical_p, 1e-9, 1.0));
  PARVIS_RETURN_IF_ERROR(InRange("repetition_penalty", p.repetition_penalty, 0.01, 100.0));
  PARVIS_RETURN_IF_ERROR(InRange("presence_penalty", p.presence_penalty, -100.0, 100.0));
  PARVIS_RETURN_IF_ERROR(InRange("frequency_penalty", p.frequency_penalty, -100.0, 100.0));
  PARVIS_RETURN_IF_ERROR(Dry::Validate(p.dry));
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

Sampler::Sampler(SamplingParams params, std::span<const int32_t> prompt,
                 std::unique_ptr<ConstraintState> constraint, const text::Tokenizer* tokenizer)
    : params_(std::move(params)), random_(params_.seed), constraint_(std::move(constraint)) {
  for (const int32_t token : prompt) generated_.emplace(token, 0);
  if (params_.dry.multiplier > 0.0f) dry_.emplace(params_.dry, tokenizer, prompt);
}

bool Sampler::Before(const Candidate& a, const Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
}

Result<Sample> Score(std::span<const float> logits, int32_t token, int top) {
  if (!AllFinite(logits)) {
    return DataLoss("logits are not finite: weights are damaged, or numbers overflowed");
  }
  const double total = LogSumExp(logits);
  const auto logprob = [&](int32_t id) { return static_cast<float>(logits[id] - total); };
  Sample sample{.token = token, .logprob = logprob(token)};
  std::vector<int32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto count = std::min(ids.size(), static_cast<size_t>(top));
  std::partial_sort(
      ids.begin(), ids.begin() + static_cast<ptrdiff_t>(count), ids.end(),
      [&](int32_t a, int32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  for (size_t i = 0; i < count; ++i) sample.top.push_back({ids[i], logprob(ids[i])});
  return sample;
}

Result<Sample> Sampler::Next(std::span<const float> logits, int top_logprobs) {
  PARVIS_CHECK(!logits.empty());
  if (!AllFinite(logits)) {
    return DataLoss("logits are not finite: weights are damaged, or numbers overflowed");
  }
  Sample sample;
  PARVIS_ASSIGN_OR_RETURN(const std::span<const float> changed, Change(logits));
  if (params_.temperature == 0.0f) {
    const auto first = std::find(changed.begin(), changed.end(), LargestOf(changed));
    sample.token = static_cast<int32_t>(first - changed.begin());
  } else {
    sample.token = Draw(changed);
  }
  ++generated_[sample.token];
  if (dry_) dry_->Accept(sample.token);
  if (constraint_) constraint_->Accept(sample.token);
  if (top_logprobs < 0) return sample;

  const double total = LogSumExp(logits);
  const auto logprob = [&](int32_t token) { return static_cast<float>(logits[token] - total); };
  sample.logprob = logprob(sample.token);
  TakeBest(logits, static_cast<size_t>(top_logprobs));
  std::sort(candidates_.begin(), candidates_.end(), Before);
  for (const Candidate& c : candidates_) sample.top.push_back({c.token, logprob(c.token)});
  return sample;
}

Result<std::span<const float>> Sampler::Change(std::span<const float> logits) {
  const bool penalties = params_.repetition_penalty != 1.0f || params_.presence_penalty != 0.0f ||
                         params_.frequency_penalty != 0.0f;
  if (!constraint_ && !penalties && !dry_ && params_.logit_bias.empty()) return logits;

  changed_.assign(logits.begin(), logits.end());
  // -infinity stays what it is whatever is added to it and whatever divides it.
  if (constraint_) PARVIS_RETURN_IF_ERROR(constraint_->Mask(changed_));
  for (const auto& [token, bias] : params_.logit_bias) changed_[token] += bias;
  if (penalties) Penalise();
  if (dry_) dry_->Subtract(changed_);
  return std::span<const float>(changed_);
}

void Sampler::Penalise() {
  const float repetition = params_.repetition_penalty;
  for (const auto& [token, times] : generated_) {  // each token once: the order does not matter
    float& logit = changed_[token];
    if (repetition != 1.0f) logit = logit > 0.0f ? logit / repetition : logit * repetition;
    if (times > 0) {
      logit -= params_.presence_penalty + params_.frequency_penalty * static_cast<float>(times);
    }
  }
}

int32_t Sampler::Draw(std::span<const float> logits) {
  const auto top_k = static_cast<size_t>(params_.top_k);
  TakeBest(logits, top_k > 0 ? top_k : logits.size());
  // Relative to the largest, whose weight is then 1 and which no step below removes.
  const float largest = LargestOf(logits);
  double sum = 0.0;
  for (Candidate& candidate : candidates_) {
    candidate.weight = std::exp(double{(candidate.logit - largest) / params_.temperature});
    sum += candidate.weight;
  }
  if (params_.top_p < 1.0f) sum = KeepTopP(sum);
  if (params_.min_p > 0.0f) {
    std::erase_if(candidates_, [&](const Candidate& c) { return c.weight < params_.min_p; });
    sum = 0.0;
    for (const Candidate& candidate : candidates_) sum += candidate.weight;
  }
  if (params_.typical_p < 1.0f) sum = KeepTypical(sum);
  double left = random_.Uniform() * sum;
  for (const Candidate& candidate : candidates_) {
    left -= candidate.weight;
    if (left < 0.0) return candidate.token;
  }
  return candidates_.back().token;  // rounding left a rest
}

void Sampler::TakeBest(std::span<const float> logits, size_t count) {
  candidates_.clear();
  if (count == 0) return;
  if (count >= logits.size()) {
    for (size_t i = 0; i < logits.size(); ++i) {
      if (logits[i] == kImpossible) continue;
      candidates_.push_back({logits[i], static_cast<int32_t>(i)});
    }
    return;
  }
  // A heap with the last of them on top: mostly one comparison for each logit.
  for (size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] == kImpossible) continue;
    if (candidates_.size() == count) {
      if (logits[i] <= candidates_.front().logit) continue;  // equal: the lower id stays
      std::pop_heap(candidates_.begin(), candidates_.end(), Before);
      candidates_.pop_back();
    }
    candidates_.push_back({logits[i], static_cast<int32_t>(i)});
    std::push_heap(candidates_.begin(), candidates_.end(), Before);
  }
  std::sort_heap(candidates_.begin(), candidates_.end(), Before);
}

// Returns the sum of those that stay.
double Sampler::KeepTopP(double sum) {
  // From a heap, because mostly a few of a large vocabulary suffice.
  const auto after = [](const Candidate& a, const Candidate& b) { return Before(b, a); };
  std::make_heap(candidates_.begin(), candidates_.end(), after);
  double reached = 0.0;
  auto rest = candidates_.end();
  while (rest != candidates_.begin() && reached < params_.top_p * sum) {
    std::pop_heap(candidates_.begin(), rest, after);
    --rest;
    reached += rest->weight;
  }
  candidates_.erase(candidates_.begin(), rest);
  return reached;
}

// Of the distribution as the steps before have left it. Returns the sum of those that stay.
double Sampler::KeepTypical(double sum) {
  const auto surprise = [sum](const Candidate& c) { return std::log(sum) - std::log(c.weight); };
  double expected = 0.0;
  for (const Candidate& candidate : candidates_) {
    if (candidate.weight > 0.0) expected += candidate.weight / sum * surprise(candidate);
  }
  std::vector<std::pair<double, size_t>> distances;  // from the expected surprise, and whose
  for (size_t i = 0; i < candidates_.size(); ++i) {
    if (candidates_[i].weight == 0.0) continue;  // would never be drawn
    distances.emplace_back(std::abs(surprise(candidates_[i]) - expected), i);
  }
  std::sort(distances.begin(), distances.end());
  std::vector<Candidate> kept;
  double reached = 0.0;
  double last = 0.0;  // how far the one was that reached typical_p; as near as that is near enough
  for (const auto& [distance, i] : distances) {
    if (reached >= params_.typical_p * sum && distance > last) break;
    if (reached < params_.typical_p * sum) last = distance;
    kept.push_back(candidates_[i]);
    reached += candidates_[i].weight;
  }
  candidates_ = std::move(kept);
  return reached;
}

}  // namespace parvis::runtime
