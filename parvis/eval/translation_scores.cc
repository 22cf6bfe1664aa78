#include "parvis/eval/translation_scores.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <unordered_map>

#include "fmt/format.h"
#include "parvis/eval/python_text.h"
#include "parvis/text/utf8.h"

namespace parvis::eval {
namespace {

using Counts = std::unordered_map<std::string, int64_t>;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsPoint(char c) { return c == '.' || c == ','; }

// Visible ASCII that is no letter or digit and always stands alone; of . , - and ' see below.
bool StandsAlone(char c) {
  return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') ||
         (c >= '(' && c <= '+') || (c >= ':' && c <= '@') || c == '/';
}

void ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

// Without the white space at its end: a "-" there joins no lines.
std::string_view WithoutEnd(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n\v\f\x1C\x1D\x1E\x1F") + 1);
}

// `between` decides whether the neighbours text[i], text[i + 1] are parted, and `write` how; what
// was parted is not looked at again. Bytes do: all that is asked for is ASCII.
template <typename Between, typename Write>
std::string PartNeighbours(const std::string& text, Between between, Write write) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i + 1 < text.size() && between(text[i], text[i + 1])) {
      write(out, text[i], text[i + 1]);
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

Counts WordGrams(const std::vector<std::string>& words, size_t order) {
  Counts counts;
  for (size_t i = 0; i + order <= words.size(); ++i) {
    std::string gram = words[i];
    for (size_t n = 1; n < order; ++n) gram += " " + words[i + n];
    ++counts[gram];
  }
  return counts;
}

// The beginnings of the characters of a text without its white space, and its end.
struct Characters {
  std::string text;
  std::vector<size_t> begins;
};

Characters CharactersOf(std::string_view text) {
  Characters characters;
  for (const std::string& word : PythonSplit(text)) characters.text += word;
  for (size_t at = 0; at < characters.text.size();) {
    characters.begins.push_back(at);
    at += text::ReadCharacter(characters.text, at).size;
  }
  characters.begins.push_back(characters.text.size());
  return characters;
}

Counts CharacterGrams(const Characters& characters, size_t order) {
  Counts counts;
  for (size_t i = 0; i + order < characters.begins.size(); ++i) {
    const size_t begin = characters.begins[i];
    ++counts[characters.text.substr(begin, characters.begins[i + order] - begin)];
  }
  return counts;
}

int64_t TotalOf(const Counts& counts) {
  int64_t total = 0;
  for (const auto& [gram, count] : counts) total += count;
  return total;
}

int64_t MatchesOf(const Counts& output, const Counts& reference) {
  int64_t matches = 0;
  for (const auto& [gram, count] : output) {
    const auto found = reference.find(gram);
    if (found != reference.end()) matches += std::min(count, found->second);
  }
  return matches;
}

}  // namespace

std::vector<std::string> Tokenize13a(std::string_view line) {
  std::string text(line);
  ReplaceAll(text, "<skipped>", "");
  ReplaceAll(text, "-\n", "");
  ReplaceAll(text, "\n", " ");
  ReplaceAll(text, "&quot;", "\"");
  ReplaceAll(text, "&amp;", "&");
  ReplaceAll(text, "&lt;", "<");
  ReplaceAll(text, "&gt;", ">");
  std::string apart;
  for (const char c : " " + text + " ") {
    apart += StandsAlone(c) ? std::string{' ', c, ' '} : std::string{c};
  }
  apart = PartNeighbours(
      apart, [](char a, char b) { return !IsDigit(a) && IsPoint(b); },
      [](std::string& out, char a, char b) {
        out += {a, ' ', b, ' '};
      });
  apart = PartNeighbours(
      apart, [](char a, char b) { return IsPoint(a) && !IsDigit(b); },
      [](std::string& out, char a, char b) {
        out += {' ', a, ' ', b};
      });
  apart = PartNeighbours(
      apart, [](char a, char b) { return IsDigit(a) && b == '-'; },
      [](std::string& out, char a, char b) {
        out += {a, ' ', b, ' '};
      });
  return PythonSplit(apart);
}

BleuCounts& BleuCounts::operator+=(const BleuCounts& other) {
  for (size_t n = 0; n < kOrders; ++n) {
    correct[n] += other.correct[n];
    total[n] += other.total[n];
  }
  output_words += other.output_words;
  reference_words += other.reference_words;
  return *this;
}

BleuCounts CountBleu(std::string_view output, std::span<const std::string> references) {
  BleuCounts counts;
  const std::vector<std::string> words = Tokenize13a(WithoutEnd(output));
  counts.output_words = static_cast<int64_t>(words.size());
  std::vector<std::vector<std::string>> expected;
  for (const std::string& reference : references) {
    expected.push_back(Tokenize13a(WithoutEnd(reference)));
    const auto size = static_cast<int64_t>(expected.back().size());
    const int64_t far = std::abs(size - counts.output_words);
    const int64_t best = std::abs(counts.reference_words - counts.output_words);
    if (expected.size() == 1 || far < best || (far == best && size < counts.reference_words)) {
      counts.reference_words = size;
    }
  }
  for (size_t n = 0; n < BleuCounts::kOrders; ++n) {
    Counts most;
    for (const auto& reference : expected) {
      for (const auto& [gram, count] : WordGrams(reference, n + 1)) {
        most[gram] = std::max(most[gram], count);
      }
    }
    const Counts given = WordGrams(words, n + 1);
    counts.total[n] = TotalOf(given);
    counts.correct[n] = MatchesOf(given, most);
  }
  return counts;
}

double Bleu(const BleuCounts& counts) {
  double logs = 0, smooth = 1;
  bool any = false;
  for (size_t n = 0; n < BleuCounts::kOrders; ++n) {
    any = any || counts.correct[n] > 0;
    if (counts.total[n] == 0) return 0;  // no text is so long: no precision of this order
    double precision = 0;
    if (counts.correct[n] == 0) {
      smooth *= 2;
      precision = 100.0 / (smooth * static_cast<double>(counts.total[n]));
    } else {
      precision =
          100.0 * static_cast<double>(counts.correct[n]) / static_cast<double>(counts.total[n]);
    }
    logs += std::log(precision);
  }
  if (!any) return 0;
  double brevity = 1;
  if (counts.output_words < counts.reference_words) {
    brevity = std::exp(1.0 - static_cast<double>(counts.reference_words) /
                                 static_cast<double>(counts.output_words));
  }
  return brevity * std::exp(logs / BleuCounts::kOrders);
}

ChrfCounts& ChrfCounts::operator+=(const ChrfCounts& other) {
  for (size_t n = 0; n < kOrders; ++n) {
    output[n] += other.output[n];
    reference[n] += other.reference[n];
    match[n] += other.match[n];
  }
  return *this;
}

ChrfCounts CountChrf(std::string_view output, std::span<const std::string> references) {
  const Characters given = CharactersOf(output);
  ChrfCounts best;
  double best_score = -1;
  for (const std::string& reference : references) {
    const Characters expected = CharactersOf(reference);
    ChrfCounts counts;
    for (size_t n = 0; n < ChrfCounts::kOrders; ++n) {
      const Counts ours = CharacterGrams(given, n + 1), theirs = CharacterGrams(expected, n + 1);
      counts.reference[n] = TotalOf(theirs);
      // What no reference could match is not counted against the output.
      counts.output[n] = counts.reference[n] > 0 ? TotalOf(ours) : 0;
      counts.match[n] = MatchesOf(ours, theirs);
    }
    const double score = Chrf(counts);
    if (score > best_score) {
      best_score = score;
      best = counts;
    }
  }
  return best;
}

double Chrf(const ChrfCounts& counts) {
  constexpr double kFactor = 4;  // beta = 2: recall weighs twice as much, squared
  double precision = 0, recall = 0;
  int orders = 0;
  for (size_t n = 0; n < ChrfCounts::kOrders; ++n) {
    if (counts.output[n] == 0 || counts.reference[n] == 0) continue;
    const auto match = static_cast<double>(counts.match[n]);
    precision += match / static_cast<double>(counts.output[n]);
    recall += match / static_cast<double>(counts.reference[n]);
    ++orders;
  }
  if (precision + recall == 0) return 0;
  precision /= orders;
  recall /= orders;
  return 100 * (1 + kFactor) * precision * recall / (kFactor * precision + recall);
}

std::string BleuSignature(size_t references, std::string_view version) {
  return fmt::format("nrefs:{}|case:mixed|eff:no|tok:13a|smooth:exp|version:parvis-{}",
                     references == 0 ? "var" : fmt::format("{}", references), version);
}

std::string ChrfSignature(size_t references, std::string_view version) {
  return fmt::format("nrefs:{}|case:mixed|eff:yes|nc:6|nw:0|space:no|version:parvis-{}",
                     references == 0 ? "var" : fmt::format("{}", references), version);
}

}  // namespace parvis::eval
