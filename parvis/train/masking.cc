#include "parvis/train/masking.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "parvis/text/words.h"

namespace parvis::train {
namespace {

constexpr double kMasked = 0.8, kReplaced = 0.1;

}  // namespace

Masking::Masking(double share, bool whole_word, std::shared_ptr<const text::Tokenizer> tokenizer)
    : share_(share),
      whole_word_(whole_word),
      tokenizer_(std::move(tokenizer)),
      mask_(*tokenizer_->vocabulary().mask) {
  for (int32_t id = 0; id < tokenizer_->vocab_size(); ++id) {
    if (!tokenizer_->IsSpecial(id)) words_.push_back(id);
  }
}

std::vector<int32_t> Masking::Continues(const text::Encoded& encoded, std::string_view text) const {
  if (!whole_word_) return {};
  std::vector<int32_t> flags(encoded.ids.size(), 0);
  if (tokenizer_->kind() == "byte_bpe") {
    const std::vector<int64_t> words = text::WordsOf(*tokenizer_, encoded, text);
    for (size_t i = 1; i < flags.size(); ++i) flags[i] = words[i] == words[i - 1] ? 1 : 0;
  } else {
    const std::vector<bool> continues = text::ContinuesWord(*tokenizer_, encoded, text);
    std::copy(continues.begin(), continues.end(), flags.begin());
  }
  return flags;
}

void Masking::Hide(int64_t begin, int64_t end, std::span<const int32_t> continues, Random& random,
                   Batch& batch) const {
  if (begin >= end) return;
  for (const int64_t at : Choose(end - begin, continues, random)) {
    int32_t& token = batch.tokens[begin + at];
    batch.head_rows.push_back(begin + at);
    batch.targets.push_back(token);
    const double what = random.Uniform();
    if (what < kMasked) {
      token = mask_;
    } else if (what < kMasked + kReplaced) {
      token = words_[random.Below(words_.size())];
    }
  }
}

// Places among `count` tokens, in order.
std::vector<int64_t> Masking::Choose(int64_t count, std::span<const int32_t> continues,
                                     Random& random) const {
  std::vector<int64_t> words;  // where each begins
  for (int64_t at = 0; at < count; ++at) {
    if (at == 0 || continues.empty() || continues[at] == 0) words.push_back(at);
  }
  std::vector<size_t> order(words.size());
  std::iota(order.begin(), order.end(), 0);
  const auto wanted =
      static_cast<size_t>(std::max<int64_t>(1, std::llround(share_ * static_cast<double>(count))));
  std::vector<int64_t> chosen;
  for (size_t i = 0; i < order.size() && chosen.size() < wanted; ++i) {
    std::swap(order[i], order[i + random.Below(order.size() - i)]);
    const size_t word = order[i];
    const int64_t end = word + 1 < words.size() ? words[word + 1] : count;
    const auto size = static_cast<size_t>(end - words[word]);
    if (!chosen.empty() && chosen.size() + size > wanted) continue;
    for (int64_t at = words[word]; at < end; ++at) chosen.push_back(at);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace parvis::train
