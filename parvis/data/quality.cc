#include "parvis/data/quality.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "parvis/data/words.h"
#include "parvis/text/lower_case.h"
#include "parvis/text/piece_counter.h"
#include "parvis/text/utf8.h"

namespace parvis::data {
namespace {

constexpr int64_t kFewWords = 20, kManyWords = 50, kManyLines = 10;
constexpr size_t kRun = 5;

const std::unordered_set<std::string_view>& FunctionWords(std::string_view language) {
  static const std::unordered_set<std::string_view> none;
  static const std::unordered_set<std::string_view> english = {
      "the",   "of",   "and",  "to",    "a",     "in",    "is",    "it",    "that", "was", "for",
      "on",    "as",   "with", "he",    "be",    "his",   "at",    "by",    "i",    "had", "not",
      "are",   "but",  "from", "or",    "have",  "an",    "they",  "which", "one",  "you", "were",
      "her",   "all",  "she",  "there", "would", "their", "we",    "him",   "been", "has", "when",
      "who",   "will", "more", "no",    "if",    "out",   "so",    "said",  "what", "up",  "its",
      "about", "into", "than", "them",  "can",   "only",  "other", "this",  "my",   "me",  "your",
      "do",    "did",  "some", "could", "then",  "these", "how",   "any",   "our",  "may", "such"};
  static const std::unordered_set<std::string_view> french = {
      "de",    "la",    "le",     "et",    "les",  "des",  "en",    "un",    "du",    "une",
      "que",   "est",   "pour",   "qui",   "dans", "a",    "par",   "plus",  "pas",   "au",
      "sur",   "ne",    "se",     "ce",    "il",   "sont", "aux",   "avec",  "son",   "ou",
      "mais",  "comme", "on",     "tout",  "nous", "sa",   "elle",  "été",   "ses",   "fut",
      "était", "cette", "leur",   "lui",   "je",   "vous", "qu",    "d",     "l",     "n",
      "s",     "c",     "j",      "m",     "y",    "à",    "être",  "ces",   "même",  "si",
      "où",    "deux",  "sans",   "avait", "me",   "mon",  "ma",    "ils",   "elles", "bien",
      "faire", "fait",  "peut",   "entre", "cela", "dont", "notre", "votre", "tu",    "te",
      "moi",   "aussi", "encore", "quand"};
  return language == "en" ? english : language == "fr" ? french : none;
}

bool IsCapital(uint32_t code, std::string& small, std::string& own) {
  if (code < 128) return code >= 'A' && code <= 'Z';
  own.clear();
  text::AppendUtf8(code, own);
  small = text::LowerCase(own);
  return small != own;
}

struct WordCounts {
  int64_t count = 0, characters = 0, function_words = 0;
  std::vector<uint64_t> hashes;  // of the words, in small letters
};

WordCounts CountWords(std::string_view lower, std::string_view language) {
  WordCounts words;
  const auto& usual = FunctionWords(language);
  ForEachWord(lower, [&](std::string_view word, int64_t characters) {
    ++words.count;
    words.characters += characters;
    words.function_words += usual.contains(word);
    words.hashes.push_back(text::PieceCounts::Hash(word));
  });
  return words;
}

// The share of the words that stand in the run of kRun words that occurs most often.
double RepeatedWords(const std::vector<uint64_t>& words) {
  if (static_cast<int64_t>(words.size()) < kManyWords) return 0;
  std::unordered_map<uint64_t, int64_t> runs;
  int64_t most = 1;
  for (size_t i = 0; i + kRun <= words.size(); ++i) {
    uint64_t hash = 0;
    for (size_t k = 0; k < kRun; ++k) hash = (hash ^ words[i + k]) * 0x9E3779B97F4A7C15u;
    most = std::max(most, ++runs[hash]);
  }
  if (most < 3) return 0;
  return std::min(1.0, static_cast<double>(most * static_cast<int64_t>(kRun)) /
                           static_cast<double>(words.size()));
}

double RepeatedLines(std::string_view text) {
  std::unordered_set<uint64_t> seen;
  int64_t lines = 0, repeated = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    ++lines;
    repeated += !seen.insert(text::PieceCounts::Hash(line)).second;
  }
  return lines < kManyLines ? 0 : static_cast<double>(repeated) / static_cast<double>(lines);
}

}  // namespace

QualityMeasures MeasureQuality(std::string_view text, std::string_view lower,
                               std::string_view language) {
  QualityMeasures m;
  int64_t symbols = 0, digits = 0, letters = 0, capitals = 0, replacements = 0;
  std::string small, own;
  for (size_t at = 0; at < text.size();) {
    const text::Character c = NextCharacter(text, at);
    at += c.size;
    const text::CharacterClass kind = QuickClassOf(c.code);
    if (kind == text::CharacterClass::kSpace) continue;
    ++m.characters;
    digits += kind == text::CharacterClass::kNumber;
    if (kind == text::CharacterClass::kLetter) {
      ++letters;
      capitals += IsCapital(c.code, small, own);
    } else if (kind == text::CharacterClass::kOther && (c.code < 128 || !text::IsMark(c.code))) {
      ++symbols;
    }
    replacements += c.code == 0xFFFD;
  }
  const auto share = [](int64_t part, int64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  const WordCounts words = CountWords(lower, language);
  m.words = words.count;
  m.mean_word = share(words.characters, words.count);
  m.symbols = share(symbols, m.characters);
  m.digits = share(digits, m.characters);
  m.capitals = share(capitals, letters);
  m.replacements = share(replacements, m.characters);
  m.function_words = share(words.function_words, words.count);
  m.repeated_words = RepeatedWords(words.hashes);
  m.repeated_lines = RepeatedLines(text);
  return m;
}

std::vector<std::string> BrokenRules(const QualityMeasures& m, const QualityRules& rules,
                                     std::string_view language) {
  std::vector<std::string> broken;
  const auto rule = [&broken](bool is_broken, const char* name) {
    if (is_broken) broken.emplace_back(name);
  };
  rule(m.words < rules.min_words, "too_few_words");
  rule(m.words > rules.max_words, "too_many_words");
  if (m.words > 0) {
    rule(m.mean_word < rules.min_mean_word, "short_words");
    rule(m.mean_word > rules.max_mean_word, "long_words");
  }
  rule(m.symbols > rules.max_symbols, "symbols");
  rule(m.digits > rules.max_digits, "digits");
  rule(m.words >= kFewWords && m.capitals > rules.max_capitals, "capitals");
  rule(m.repeated_lines > rules.max_repeated_lines, "repeated_lines");
  rule(m.repeated_words > rules.max_repeated_words, "repeated_words");
  rule(m.replacements > rules.max_replacements, "broken_characters");
  rule(m.words >= kManyWords && !FunctionWords(language).empty() &&
           m.function_words < rules.min_function_words,
       "no_function_words");
  return broken;
}

}  // namespace parvis::data
