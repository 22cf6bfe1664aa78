#ifndef PARVIS_RUNTIME_TOKEN_LABELS_H_
#define PARVIS_RUNTIME_TOKEN_LABELS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// From labels of tokens to names in a text, as transformers' token-classification pipeline has it.
namespace parvis::runtime {

// How the labels of a word's tokens become one, and words one name.
enum class Aggregation {
  kNone,     // every token on its own
  kSimple,   // neighbours with one tag (B- and I- aside) are one name; words may be cut
  kFirst,    // a word has the label of its first token
  kMax,      // … of its surest token
  kAverage,  // … that is likeliest on average
};
std::optional<Aggregation> AggregationFromName(std::string_view name);
inline constexpr std::string_view kAggregationNames[] = {"none", "simple", "first", "max",
                                                         "average"};

// One token of a text, without those of begin and end.
struct LabelledToken {
  uint32_t begin = 0, end = 0;        // bytes of the text
  bool continues = false;             // goes on with the word of the token before
  std::vector<double> probabilities;  // by label
};

struct LabelledRange {
  std::string label;  // without "B-" or "I-" where tokens were joined
  double score = 0;   // of one token or word its probability, of several their mean
  uint32_t begin = 0, end = 0;
};

// Ranges labelled `ignored` are left out ("O": nothing).
std::vector<LabelledRange> Aggregate(std::span<const LabelledToken> tokens,
                                     std::span<const std::string> labels, Aggregation aggregation,
                                     std::string_view ignored = "O");

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_TOKEN_LABELS_H_
