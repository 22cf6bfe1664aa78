#ifndef PARVIS_DATA_QUALITY_H_
#define PARVIS_DATA_QUALITY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parvis::data {

// What a document must be to stay. Shares are of the characters that are no white space unless said
// otherwise. A rule's name is what the report calls it.
struct QualityRules {
  int64_t min_words = 3;             // too_few_words
  int64_t max_words = 5'000'000;     // too_many_words
  double min_mean_word = 2.0;        // short_words: characters of a word, on average
  double max_mean_word = 15.0;       // long_words
  double max_symbols = 0.4;          // symbols: neither letters, digits nor marks
  double max_digits = 0.5;           // digits
  double max_capitals = 0.7;         // capitals: of letters that have capitals; 20 words or more
  double max_repeated_lines = 0.4;   // repeated_lines: of the lines; 10 lines or more
  double max_repeated_words = 0.25;  // repeated_words: of the words, in the run of 5 words that
                                     // occurs most; 50 words or more
  double max_replacements = 0.01;    // broken_characters: U+FFFD
  double min_function_words = 0.02;  // no_function_words: of the words of a French or English text,
                                     // the hundred most usual ones; 50 words or more
};

struct QualityMeasures {
  int64_t words = 0, characters = 0;  // characters: no white space
  double mean_word = 0, symbols = 0, digits = 0, capitals = 0, repeated_lines = 0;
  double repeated_words = 0, replacements = 0, function_words = 0;
};

// `lower`: the text in small letters. `language`: function words are counted of "fr" and "en" only.
// Linear in the text.
QualityMeasures MeasureQuality(std::string_view text, std::string_view lower,
                               std::string_view language);

// The names of the rules that a document breaks.
std::vector<std::string> BrokenRules(const QualityMeasures& measures, const QualityRules& rules,
                                     std::string_view language);

}  // namespace parvis::data

#endif  // PARVIS_DATA_QUALITY_H_
