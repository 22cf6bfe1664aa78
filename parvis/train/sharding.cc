#include "parvis/train/sharding.h"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace parvis::train {
namespace {

constexpr int64_t kAlign = 16;  // parts begin at whole vectors of a bucket
// Elements of a bucket: large enough for a network, and several even of a small model, so that one
// travels while backward makes the next.
constexpr int64_t kLeast = 1 << 10, kMost = 1 << 20, kBuckets = 16;

// When backward reaches a mark: what follows the decoder's blocks, these from the last one, the
// same of the encoder, and at its end the rest.
int64_t TurnOf(std::string mark) {
  constexpr int64_t kEncoder = int64_t{1} << 32;
  constexpr std::string_view kPrefix = "encoder.";
  if (mark.empty()) return 2 * kEncoder;
  int64_t turn = 0;
  if (mark.starts_with(kPrefix)) {
    turn = kEncoder;
    mark.erase(0, kPrefix.size());
  }
  int64_t layer = kEncoder - 1;  // "final" comes before the last block
  std::from_chars(mark.data(), mark.data() + mark.size(), layer);
  return turn + kEncoder - 1 - layer;
}

// Elements [begin, end) of all parameters, which stand one after another in `order`.
std::vector<Slice> SlicesAt(std::span<ops::Parameter* const> learned,
                            const std::vector<size_t>& order, int64_t begin, int64_t end) {
  std::vector<Slice> slices;
  int64_t first = 0;  // of the parameter
  for (const size_t index : order) {
    const int64_t last = first + NumElements(learned[index]->shape);
    const int64_t from = std::max(begin, first), to = std::min(end, last);
    if (from < to) slices.push_back({index, from - first, to - first});
    first = last;
  }
  return slices;
}

}  // namespace

Sharding::Sharding(std::span<ops::Parameter* const> learned, int rank, int size)
    : rank_(rank), size_(size) {
  if (size == 1) {
    for (size_t i = 0; i < learned.size(); ++i) {
      own_.push_back({i, 0, NumElements(learned[i]->shape)});
    }
    return;
  }
  std::vector<size_t> order(learned.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto turn = [&](size_t i) { return TurnOf(nn::Stack::MarkOf(*learned[i])); };
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return turn(a) < turn(b); });

  int64_t all = 0, total = 0;
  for (const ops::Parameter* parameter : learned) all += NumElements(parameter->shape);
  const int64_t bucket = std::clamp(all / kBuckets, kLeast, kMost);
  for (const size_t index : order) {
    total += NumElements(learned[index]->shape);
    const std::string mark = nn::Stack::MarkOf(*learned[index]);
    if (complete_.empty() || complete_.back().first != mark) complete_.emplace_back(mark, 0);
    complete_.back().second = static_cast<size_t>(total / bucket);
  }
  for (int64_t begin = 0; begin < total; begin += bucket) {
    const int64_t end = std::min(total, begin + bucket);
    const int64_t part = ((end - begin + size - 1) / size + kAlign - 1) / kAlign * kAlign;
    std::vector<std::vector<Slice>>& parts = buckets_.emplace_back();
    for (int r = 0; r < size; ++r) {
      const int64_t from = std::min(end, begin + r * part);
      parts.push_back(SlicesAt(learned, order, from, std::min(end, from + part)));
    }
  }
  own_ = SlicesOf(rank);
}

size_t Sharding::CompleteAt(const std::string& mark) const {
  for (const auto& [name, buckets] : complete_) {
    if (name == mark) return mark.empty() ? buckets_.size() : buckets;
  }
  return 0;
}

std::vector<Slice> Sharding::SlicesOf(int rank) const {
  if (size_ == 1) return own_;
  std::vector<Slice> slices;
  for (const auto& parts : buckets_) {
    const std::vector<Slice>& part = parts[static_cast<size_t>(rank)];
    slices.insert(slices.end(), part.begin(), part.end());
  }
  return slices;
}

int64_t TotalSize(std::span<const Slice> slices) {
  int64_t count = 0;
  for (const Slice& slice : slices) count += slice.size();
  return count;
}

}  // namespace parvis::train
