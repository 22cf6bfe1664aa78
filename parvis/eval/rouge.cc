#include "parvis/eval/rouge.h"

#include <algorithm>
#include <map>

#include "parvis/eval/porter_stemmer.h"
#include "parvis/eval/python_text.h"

namespace parvis::eval {
namespace {

RougeScore ScoreOf(double common, size_t output, size_t reference) {
  RougeScore score;
  score.precision = common / static_cast<double>(std::max<size_t>(output, 1));
  score.recall = common / static_cast<double>(std::max<size_t>(reference, 1));
  const double sum = score.precision + score.recall;
  if (sum > 0) score.f1 = 2 * score.precision * score.recall / sum;
  return score;
}

RougeScore ScoreGrams(const std::vector<std::string>& output,
                      const std::vector<std::string>& reference, size_t order) {
  std::map<std::string, int64_t> ours, theirs;
  const auto count = [&](const std::vector<std::string>& words, auto& counts) {
    size_t total = 0;
    for (size_t i = 0; i + order <= words.size(); ++i, ++total) {
      std::string gram = words[i];
      for (size_t n = 1; n < order; ++n) gram += " " + words[i + n];
      ++counts[gram];
    }
    return total;
  };
  const size_t output_grams = count(output, ours), reference_grams = count(reference, theirs);
  int64_t common = 0;
  for (const auto& [gram, times] : ours) {
    const auto found = theirs.find(gram);
    if (found != theirs.end()) common += std::min(times, found->second);
  }
  return ScoreOf(static_cast<double>(common), output_grams, reference_grams);
}

// The longest common subsequence.
RougeScore ScoreLongest(const std::vector<std::string>& output,
                        const std::vector<std::string>& reference) {
  std::vector<size_t> row(reference.size() + 1);
  for (const std::string& word : output) {
    size_t diagonal = 0;  // of the row before
    for (size_t j = 1; j < row.size(); ++j) {
      const size_t above = row[j];
      row[j] = word == reference[j - 1] ? diagonal + 1 : std::max(above, row[j - 1]);
      diagonal = above;
    }
  }
  return ScoreOf(static_cast<double>(row.back()), output.size(), reference.size());
}

void KeepBetter(const RougeScore& score, RougeScore& best) {
  if (score.f1 > best.f1) best = score;
}

}  // namespace

std::vector<std::string> RougeWords(std::string_view text, bool stem) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : PythonLower(text) + " ") {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(stem && word.size() > 3 ? PorterStem(word) : word);
      word.clear();
    }
  }
  return words;
}

Rouge ScoreRouge(std::string_view output, std::span<const std::string> references, bool stem) {
  Rouge best;
  const std::vector<std::string> ours = RougeWords(output, stem);
  for (const std::string& reference : references) {
    const std::vector<std::string> theirs = RougeWords(reference, stem);
    KeepBetter(ScoreGrams(ours, theirs, 1), best.one);
    KeepBetter(ScoreGrams(ours, theirs, 2), best.two);
    KeepBetter(ScoreLongest(ours, theirs), best.longest);
  }
  return best;
}

}  // namespace parvis::eval
