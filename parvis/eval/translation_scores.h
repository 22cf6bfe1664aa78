#ifndef PARVIS_EVAL_TRANSLATION_SCORES_H_
#define PARVIS_EVAL_TRANSLATION_SCORES_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// BLEU and chrF as sacreBLEU 2 computes them by default (Post, "A Call for Clarity in Reporting
// BLEU Scores", 2018; Popović, "chrF", 2015). Both are scores of a whole corpus: counts of its
// sentences are added, then made a number from 0 to 100.
namespace parvis::eval {

// The words of mteval-v13a: punctuation stands alone, but between digits.
std::vector<std::string> Tokenize13a(std::string_view line);

struct BleuCounts {
  static constexpr int kOrders = 4;
  std::array<int64_t, kOrders> correct = {}, total = {};  // n-grams of 1 to 4 words
  int64_t output_words = 0;
  int64_t reference_words = 0;  // of the reference nearest in length; of two, the shorter

  BleuCounts& operator+=(const BleuCounts& other);
};
// REQUIRES: at least one reference.
BleuCounts CountBleu(std::string_view output, std::span<const std::string> references);
// Orders without a match count as half, a quarter … of one ("exp" smoothing).
double Bleu(const BleuCounts& counts);

struct ChrfCounts {
  static constexpr int kOrders = 6;
  std::array<int64_t, kOrders> output = {}, reference = {}, match = {};  // of 1 to 6 characters

  ChrfCounts& operator+=(const ChrfCounts& other);
};
// Against the reference that gives the best score. REQUIRES: at least one.
ChrfCounts CountChrf(std::string_view output, std::span<const std::string> references);
double Chrf(const ChrfCounts& counts);

// "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:parvis-0.1": what sacreBLEU prints, but for
// whose version it is. `references` 0: their number varies.
std::string BleuSignature(size_t references, std::string_view version);
std::string ChrfSignature(size_t references, std::string_view version);

}  // namespace parvis::eval

#endif  // PARVIS_EVAL_TRANSLATION_SCORES_H_
