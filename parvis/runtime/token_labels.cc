#include "parvis/runtime/token_labels.h"

#include <algorithm>
#include <iterator>

namespace parvis::runtime {
namespace {

size_t Best(std::span<const double> values) {
  return static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

// The likelihoods that decide a word's label.
std::vector<double> OfWord(std::span<const LabelledToken> word, Aggregation aggregation) {
  if (aggregation == Aggregation::kMax) {
    const LabelledToken* surest = &word[0];
    for (const LabelledToken& token : word) {
      const auto& a = token.probabilities;
      const auto& b = surest->probabilities;
      if (a[Best(a)] > b[Best(b)]) surest = &token;
    }
    return surest->probabilities;
  }
  std::vector<double> sum = word[0].probabilities;
  if (aggregation != Aggregation::kAverage) return sum;
  for (const LabelledToken& token : word.subspan(1)) {
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += token.probabilities[i];
  }
  for (double& value : sum) value /= static_cast<double>(word.size());
  return sum;
}

LabelledRange RangeOf(std::span<const LabelledToken> word, std::span<const std::string> labels,
                      Aggregation aggregation) {
  const std::vector<double> likelihoods = OfWord(word, aggregation);
  const size_t best = Best(likelihoods);
  return {labels[best], likelihoods[best], word.front().begin, word.back().end};
}

// "B-PER" begins a name of the tag "PER"; what has no such mark goes on with one.
struct Tag {
  bool begins = false;
  std::string_view name;
};
Tag TagOf(std::string_view label) {
  if (label.starts_with("B-")) return {true, label.substr(2)};
  if (label.starts_with("I-")) return {false, label.substr(2)};
  return {false, label};
}

LabelledRange Joined(std::span<const LabelledRange> parts) {
  LabelledRange joined = parts[0];
  const size_t dash = joined.label.find('-');
  if (dash != std::string::npos) joined.label.erase(0, dash + 1);
  joined.score = 0;
  for (const LabelledRange& part : parts) joined.score += part.score;
  joined.score /= static_cast<double>(parts.size());
  joined.end = parts.back().end;
  return joined;
}

}  // namespace

std::optional<Aggregation> AggregationFromName(std::string_view name) {
  const auto* found = std::find(std::begin(kAggregationNames), std::end(kAggregationNames), name);
  if (found == std::end(kAggregationNames)) return std::nullopt;
  return static_cast<Aggregation>(found - std::begin(kAggregationNames));
}

std::vector<LabelledRange> Aggregate(std::span<const LabelledToken> tokens,
                                     std::span<const std::string> labels, Aggregation aggregation,
                                     std::string_view ignored) {
  const bool by_words = aggregation != Aggregation::kNone && aggregation != Aggregation::kSimple;
  std::vector<LabelledRange> parts;
  for (size_t begin = 0; begin < tokens.size();) {
    size_t end = begin + 1;
    while (by_words && end < tokens.size() && tokens[end].continues) ++end;
    parts.push_back(RangeOf(tokens.subspan(begin, end - begin), labels, aggregation));
    begin = end;
  }
  if (aggregation != Aggregation::kNone) {
    std::vector<LabelledRange> names;
    for (size_t begin = 0; begin < parts.size();) {
      size_t end = begin + 1;
      for (; end < parts.size(); ++end) {
        const Tag tag = TagOf(parts[end].label);
        if (tag.begins || tag.name != TagOf(parts[end - 1].label).name) break;
      }
      names.push_back(Joined(std::span(parts).subspan(begin, end - begin)));
      begin = end;
    }
    parts = std::move(names);
  }
  std::erase_if(parts, [&](const LabelledRange& part) { return part.label == ignored; });
  return parts;
}

}  // namespace parvis::runtime
