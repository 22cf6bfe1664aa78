#include "parvis/eval/porter_stemmer.h"

#include <utility>
#include <vector>

namespace parvis::eval {
namespace {

// A "y" is a consonant unless one stands before it.
std::vector<bool> ConsonantsOf(std::string_view word) {
  std::vector<bool> consonants;
  for (size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    const bool vowel = c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
    consonants.push_back(!vowel && (c != 'y' || i == 0 || !consonants[i - 1]));
  }
  return consonants;
}

// The m of the paper: how often a vowel is followed by a consonant.
int Measure(std::string_view stem) {
  const std::vector<bool> consonants = ConsonantsOf(stem);
  int measure = 0;
  for (size_t i = 1; i < consonants.size(); ++i) measure += !consonants[i - 1] && consonants[i];
  return measure;
}

bool HasVowel(std::string_view stem) {
  for (const bool consonant : ConsonantsOf(stem)) {
    if (!consonant) return true;
  }
  return false;
}

bool EndsInDoubleConsonant(std::string_view word) {
  const size_t n = word.size();
  return n >= 2 && word[n - 1] == word[n - 2] && ConsonantsOf(word).back();
}

// *o of the paper, and (NLTK) a word of a vowel and a consonant.
bool EndsInShortSyllable(std::string_view word) {
  const std::vector<bool> c = ConsonantsOf(word);
  const size_t n = word.size();
  if (n == 2) return !c[0] && c[1];
  return n >= 3 && c[n - 3] && !c[n - 2] && c[n - 1] && word[n - 1] != 'w' && word[n - 1] != 'x' &&
         word[n - 1] != 'y';
}

struct Rule {
  std::string_view suffix, replacement;
};

// The first rule whose suffix the word has, if the stem's measure is more than `above`.
template <size_t N>
std::string Apply(const std::string& word, const Rule (&rules)[N], int above) {
  for (const Rule& rule : rules) {
    if (!word.ends_with(rule.suffix)) continue;
    const std::string stem = word.substr(0, word.size() - rule.suffix.size());
    if (above >= 0 && Measure(stem) <= above) return word;
    return stem + std::string(rule.replacement);
  }
  return word;
}

std::string Plural(const std::string& word) {  // step 1a
  if (word.size() == 4 && word.ends_with("ies")) return word.substr(0, 3);
  static constexpr Rule kRules[] = {{"sses", "ss"}, {"ies", "i"}, {"ss", "ss"}, {"s", ""}};
  return Apply(word, kRules, -1);
}

// What is left of a word in "-ed" or "-ing" (the end of step 1b).
std::string Mended(std::string stem) {
  if (stem.ends_with("at") || stem.ends_with("bl") || stem.ends_with("iz")) return stem + "e";
  if (EndsInDoubleConsonant(stem)) {
    const char last = stem.back();
    if (last != 'l' && last != 's' && last != 'z') stem.pop_back();
    return stem;
  }
  return Measure(stem) == 1 && EndsInShortSyllable(stem) ? stem + "e" : stem;
}

std::string Participle(const std::string& word) {  // step 1b
  const size_t n = word.size();
  if (word.ends_with("ied")) return word.substr(0, n == 4 ? n - 1 : n - 2);
  if (word.ends_with("eed"))
    return Measure(word.substr(0, n - 3)) > 0 ? word.substr(0, n - 1) : word;
  for (const std::string_view suffix : {"ed", "ing"}) {
    if (!word.ends_with(suffix)) continue;
    std::string stem = word.substr(0, n - suffix.size());
    if (HasVowel(stem)) return Mended(std::move(stem));
  }
  return word;
}

std::string FinalY(std::string word) {  // step 1c
  if (word.size() > 2 && word.back() == 'y' && ConsonantsOf(word)[word.size() - 2]) {
    word.back() = 'i';
  }
  return word;
}

std::string DoubleSuffix(const std::string& word) {  // step 2
  static constexpr Rule kRules[] = {{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"},
                                    {"anci", "ance"},   {"izer", "ize"},    {"bli", "ble"},
                                    {"alli", "al"},     {"entli", "ent"},   {"eli", "e"},
                                    {"ousli", "ous"},   {"ization", "ize"}, {"ation", "ate"},
                                    {"ator", "ate"},    {"alism", "al"},    {"iveness", "ive"},
                                    {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"},
                                    {"iviti", "ive"},   {"biliti", "ble"},  {"fulli", "ful"}};
  const size_t n = word.size();
  if (word.ends_with("alli") && Measure(word.substr(0, n - 4)) > 0) {
    return DoubleSuffix(word.substr(0, n - 2));
  }
  // Its "l" counts for the stem: "geologi" becomes "geolog".
  if (word.ends_with("logi"))
    return Measure(word.substr(0, n - 3)) > 0 ? word.substr(0, n - 1) : word;
  return Apply(word, kRules, 0);
}

std::string Derived(const std::string& word) {  // step 3
  static constexpr Rule kRules[] = {{"icate", "ic"}, {"ative", ""},  {"alize", "al"},
                                    {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""},
                                    {"ness", ""}};
  return Apply(word, kRules, 0);
}

std::string Suffix(const std::string& word) {  // step 4
  static constexpr Rule kBefore[] = {{"al", ""},    {"ance", ""}, {"ence", ""}, {"er", ""},
                                     {"ic", ""},    {"able", ""}, {"ible", ""}, {"ant", ""},
                                     {"ement", ""}, {"ment", ""}, {"ent", ""}};
  static constexpr Rule kAfter[] = {{"ou", ""},  {"ism", ""}, {"ate", ""}, {"iti", ""},
                                    {"ous", ""}, {"ive", ""}, {"ize", ""}};
  for (const Rule& rule : kBefore) {
    if (word.ends_with(rule.suffix)) return Apply(word, kBefore, 1);
  }
  if (!word.ends_with("ion")) return Apply(word, kAfter, 1);
  const std::string stem = word.substr(0, word.size() - 3);
  const bool fits = Measure(stem) > 1 && (stem.back() == 's' || stem.back() == 't');
  return fits ? stem : word;
}

std::string FinalE(const std::string& word) {  // step 5a
  if (!word.ends_with('e')) return word;
  std::string stem = word.substr(0, word.size() - 1);
  const int measure = Measure(stem);
  return measure > 1 || (measure == 1 && !EndsInShortSyllable(stem)) ? stem : word;
}

std::string DoubleL(std::string word) {  // step 5b
  if (word.ends_with("ll") && Measure(word.substr(0, word.size() - 1)) > 1) word.pop_back();
  return word;
}

}  // namespace

std::string PorterStem(std::string_view word) {
  static constexpr Rule kIrregular[] = {
      {"skies", "sky"},      {"sky", "sky"},          {"dying", "die"},
      {"lying", "lie"},      {"tying", "tie"},        {"news", "news"},
      {"innings", "inning"}, {"inning", "inning"},    {"outings", "outing"},
      {"outing", "outing"},  {"cannings", "canning"}, {"canning", "canning"},
      {"howe", "howe"},      {"proceed", "proceed"},  {"exceed", "exceed"},
      {"succeed", "succeed"}};
  for (const Rule& irregular : kIrregular) {
    if (word == irregular.suffix) return std::string(irregular.replacement);
  }
  if (word.size() <= 2) return std::string(word);
  const std::string stem = FinalY(Participle(Plural(std::string(word))));
  return DoubleL(FinalE(Suffix(Derived(DoubleSuffix(stem)))));
}

}  // namespace parvis::eval
