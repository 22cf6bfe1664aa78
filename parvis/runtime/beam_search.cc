#include "parvis/runtime/beam_search.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include "fmt/format.h"
#include "parvis/models/model.h"
#include "parvis/runtime/kv_cache.h"

namespace parvis::runtime {
namespace {

constexpr auto kPage = static_cast<int64_t>(kPageTokens);

// Pages of one page each, which beams share as long as they do not write to them.
using SharedPage = std::shared_ptr<PageTable>;

struct Beam {
  std::vector<int32_t> tokens;  // after the start token
  float score = 0.0f;           // the sum of their log-probabilities
  std::vector<SharedPage> pages;
};

// A beam that would go on with one token.
struct Candidate {
  size_t beam;
  int32_t token;
  float score;
};

Status Check(const nn::Blueprint& b, std::span<const int32_t> prompt,
             const BeamSearchParams& params) {
  if (b.encoder_layers == 0) {
    return InvalidArgument("num_beams: only models with an encoder are searched with beams");
  }
  if (params.num_beams < 1 || 2 * params.num_beams > b.vocab_size) {
    return InvalidArgument(fmt::format("num_beams: {} is not between 1 and half of the {} tokens",
                                       params.num_beams, b.vocab_size));
  }
  if (params.num_return_sequences < 1 || params.num_return_sequences > params.num_beams) {
    return InvalidArgument("num_return_sequences: must be between 1 and num_beams");
  }
  if (params.min_tokens < 0 || params.no_repeat_ngram_size < 0) {
    return InvalidArgument("min_tokens, no_repeat_ngram_size: must not be negative");
  }
  for (const int32_t token : params.end_tokens) {
    if (token < 0 || token >= b.vocab_size) return InvalidArgument("end_tokens: no such token");
  }
  if (params.max_tokens < 1) return InvalidArgument("max_tokens: must be at least 1");
  if (!std::isfinite(params.length_penalty)) {
    return InvalidArgument("length_penalty: is not a number");
  }
  if (prompt.empty()) return InvalidArgument("prompt: there is no token");
  for (const int32_t token : prompt) {
    if (token < 0 || token >= b.vocab_size) {
      return InvalidArgument(fmt::format("prompt: there is no token {}", token));
    }
  }
  return {};
}

class Search : public BeamSearcher {
 public:
  Search(models::Model& model, const ops::Exec& exec, std::vector<int32_t> prompt,
         const BeamSearchParams& params, std::unique_ptr<KvCache> cache)
      : stack_(model.stack),
        exec_(exec),
        prompt_(std::move(prompt)),
        params_(params),
        cache_(std::move(cache)) {}

  Result<bool> Step() override {
    if (memory_ == nullptr) {
      PARVIS_RETURN_IF_ERROR(Read(prompt_));
      beams_.resize(1);
      return true;
    }
    PARVIS_ASSIGN_OR_RETURN(const Tensor logits, Compute());
    PARVIS_ASSIGN_OR_RETURN(const std::vector<Candidate> best, Best(logits));
    return Advance(best);
  }

  std::vector<Hypothesis> Take() override {
    if (static_cast<int64_t>(ended_.size()) > params_.num_return_sequences) {
      ended_.resize(static_cast<size_t>(params_.num_return_sequences));
    }
    return std::move(ended_);
  }

 private:
  size_t num_beams() const { return static_cast<size_t>(params_.num_beams); }
  bool full() const { return ended_.size() == num_beams(); }

  // What the decoder sees of the prompt.
  Status Read(std::span<const int32_t> prompt) {
    prompt_size_ = static_cast<int64_t>(prompt.size());
    memory_ = std::make_unique<PageTable>(*cache_);
    PARVIS_RETURN_IF_ERROR(memory_->Grow(prompt_size_));
    const nn::Segment whole{0, prompt_size_};
    const nn::AdaptedRows rows{params_.adapter, 0, prompt_size_};
    const Tensor encoded =
        stack_.Encode(exec_, {.tokens = prompt, .segments = {&whole, 1}, .adapters = All(rows)});
    const ops::KvView view = memory_->view();
    const nn::Segment kept{0, prompt_size_, 0, &view};
    stack_.Remember(exec_, encoded, {&kept, 1}, All(rows));
    return {};
  }

  static std::span<const nn::AdaptedRows> All(const nn::AdaptedRows& rows) {
    return {&rows, rows.adapter == nullptr ? size_t{0} : size_t{1}};
  }

  // A page of the beam's own for its next position.
  Status MakeRoom(Beam& beam) {
    const size_t at = beam.tokens.size() / kPageTokens;
    if (at < beam.pages.size() && beam.pages[at].use_count() == 1) return {};
    auto page = std::make_shared<PageTable>(*cache_);
    PARVIS_RETURN_IF_ERROR(page->Grow(kPage));
    if (at == beam.pages.size()) {
      beam.pages.push_back(std::move(page));
    } else {
      std::memcpy(page->view().pages[0], beam.pages[at]->view().pages[0], cache_->page_bytes());
      beam.pages[at] = std::move(page);
    }
    return {};
  }

  // Logits after the last token of every beam.
  Result<Tensor> Compute() {
    std::vector<int32_t> tokens;
    std::vector<std::vector<float*>> pages(beams_.size());
    std::vector<ops::KvView> views(beams_.size());
    std::vector<nn::Segment> segments, memories;
    const ops::KvView memory = memory_->view();
    for (size_t i = 0; i < beams_.size(); ++i) {
      Beam& beam = beams_[i];
      PARVIS_RETURN_IF_ERROR(MakeRoom(beam));
      for (const SharedPage& page : beam.pages) pages[i].push_back(page->view().pages[0]);
      views[i] = {pages[i], cache_->layout()};
      const auto start = static_cast<int32_t>(stack_.blueprint().decoder_start_token);
      tokens.push_back(beam.tokens.empty() ? start : beam.tokens.back());
      segments.push_back(
          {static_cast<int64_t>(i), 1, static_cast<int64_t>(beam.tokens.size()), &views[i]});
      memories.push_back({0, 0, prompt_size_, &memory});
    }
    const nn::AdaptedRows rows{params_.adapter, 0, static_cast<int64_t>(tokens.size())};
    return stack_.Logits(exec_, stack_.Forward(exec_, {.tokens = tokens,
                                                       .segments = segments,
                                                       .memories = memories,
                                                       .adapters = All(rows)}));
  }

  // Tokens that may not follow.
  std::vector<int32_t> Forbidden(const std::vector<int32_t>& answer) const {
    std::vector<int32_t> forbidden;
    if (static_cast<int64_t>(answer.size()) < params_.min_tokens) forbidden = params_.end_tokens;
    if (params_.no_repeat_ngram_size == 0) return forbidden;
    std::vector<int32_t> all = {static_cast<int32_t>(stack_.blueprint().decoder_start_token)};
    all.insert(all.end(), answer.begin(), answer.end());
    const auto known = params_.no_repeat_ngram_size - 1;
    for (auto run = all.begin(); all.end() - run > known; ++run) {
      if (std::equal(run, run + known, all.end() - known)) forbidden.push_back(*(run + known));
    }
    return forbidden;
  }

  // Twice as many candidates as beams: half of them might end. Best first; of equal ones the lower
  // beam, then the lower token.
  Result<std::vector<Candidate>> Best(const Tensor& logits) const {
    std::vector<Candidate> all;
    const int64_t vocab_size = logits.dim(1);
    all.reserve(static_cast<size_t>(logits.size()));
    for (size_t beam = 0; beam < beams_.size(); ++beam) {
      const float* row = logits.f32() + static_cast<int64_t>(beam) * vocab_size;
      const float log_sum = exec_.kernels().LogSumExp(row, static_cast<size_t>(vocab_size));
      if (!std::isfinite(log_sum)) return DataLoss("logits that are not finite: damaged weights?");
      std::vector<float> scores(row, row + vocab_size);
      for (float& score : scores) score -= log_sum;
      for (const int32_t token : Forbidden(beams_[beam].tokens)) {
        scores[token] = -std::numeric_limits<float>::infinity();
      }
      for (int64_t token = 0; token < vocab_size; ++token) {
        all.push_back({beam, static_cast<int32_t>(token), scores[token] + beams_[beam].score});
      }
    }
    const auto before = [](const Candidate& a, const Candidate& b) {
      if (a.score != b.score) return a.score > b.score;
      return std::pair(a.beam, a.token) < std::pair(b.beam, b.token);
    };
    const auto kept = static_cast<std::ptrdiff_t>(2 * num_beams());
    std::partial_sort(all.begin(), all.begin() + kept, all.end(), before);
    all.resize(static_cast<size_t>(kept));
    return all;
  }

  // Ends answers and chooses the beams to go on with. False: the search is over.
  bool Advance(const std::vector<Candidate>& best) {
    const size_t length = beams_[0].tokens.size() + 1;
    const float divisor = std::pow(static_cast<float>(length), params_.length_penalty);
    const bool last = static_cast<int64_t>(length) == params_.max_tokens;
    const bool closed = full() && params_.early_stopping;
    std::vector<Beam> next;
    for (size_t i = 0; i < best.size(); ++i) {
      const Candidate& candidate = best[i];
      const auto& ends = params_.end_tokens;
      std::vector<int32_t> tokens = beams_[candidate.beam].tokens;
      tokens.push_back(candidate.token);
      if (last || std::find(ends.begin(), ends.end(), candidate.token) != ends.end()) {
        // Only what would have been a beam can be an answer.
        if (i < num_beams() && !closed) Keep({std::move(tokens), candidate.score / divisor});
      } else if (next.size() < num_beams()) {
        next.push_back({std::move(tokens), candidate.score, beams_[candidate.beam].pages});
      }
    }
    beams_ = std::move(next);
    if (beams_.empty()) return false;
    if (!full()) return true;
    return !params_.early_stopping && beams_[0].score / divisor > ended_.back().score;
  }

  // Among the num_beams best; an earlier one goes before an equal one.
  void Keep(Hypothesis hypothesis) {
    const auto at = std::upper_bound(
        ended_.begin(), ended_.end(), hypothesis,
        [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; });
    ended_.insert(at, std::move(hypothesis));
    if (ended_.size() > num_beams()) ended_.pop_back();
  }

  nn::Stack& stack_;
  const ops::Exec& exec_;
  const std::vector<int32_t> prompt_;
  const BeamSearchParams params_;
  std::unique_ptr<KvCache> cache_;  // before whoever has pages of it
  std::unique_ptr<PageTable> memory_;
  int64_t prompt_size_ = 0;
  std::vector<Beam> beams_;        // best first
  std::vector<Hypothesis> ended_;  // likewise
};

}  // namespace

Result<std::unique_ptr<BeamSearcher>> BeamSearcher::Create(models::Model& model,
                                                           const ops::Exec& exec,
                                                           std::vector<int32_t> prompt,
                                                           const BeamSearchParams& params) {
  const nn::Blueprint& b = model.stack.blueprint();
  PARVIS_RETURN_IF_ERROR(Check(b, prompt, params));
  const ops::PageLayout layout{static_cast<size_t>(b.num_layers),
                               static_cast<size_t>(b.attention.num_kv_heads),
                               static_cast<size_t>(b.attention.head_dim)};
  PARVIS_ASSIGN_OR_RETURN(auto cache, KvCache::Create(layout, params.kv_budget_bytes));
  return std::unique_ptr<BeamSearcher>(
      new Search(model, exec, std::move(prompt), params, std::move(cache)));
}

Result<std::vector<Hypothesis>> BeamSearch(models::Model& model, const ops::Exec& exec,
                                           std::span<const int32_t> prompt,
                                           const BeamSearchParams& params) {
  PARVIS_ASSIGN_OR_RETURN(
      const auto search,
      BeamSearcher::Create(model, exec, std::vector<int32_t>(prompt.begin(), prompt.end()),
                           params));
  while (true) {
    if (params.cancelled && params.cancelled()) return Cancelled("interrupted");
    PARVIS_ASSIGN_OR_RETURN(const bool more, search->Step());
    if (!more) return search->Take();
  }
}

}  // namespace parvis::runtime
