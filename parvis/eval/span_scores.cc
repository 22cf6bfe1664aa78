#include "parvis/eval/span_scores.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <vector>

#include "parvis/eval/python_text.h"
#include "parvis/text/utf8.h"

namespace parvis::eval {
namespace {

bool IsArticle(std::string_view word, AnswerLanguage language) {
  static constexpr std::string_view kEnglish[] = {"a", "an", "the"};
  static constexpr std::string_view kFrench[] = {"le", "la", "les", "un", "une", "des", "du"};
  const auto has = [&](const auto& list) {
    return std::find(std::begin(list), std::end(list), word) != std::end(list);
  };
  return language == AnswerLanguage::kEnglish ? has(kEnglish) : has(kFrench);
}

// \w of Python's regular expressions, which knows no marks.
bool IsWord(const text::Character& c) {
  const text::CharacterClass kind = text::ClassOf(c.code);
  return c.valid && (kind == text::CharacterClass::kLetter ||
                     kind == text::CharacterClass::kNumber || c.code == '_');
}

bool IsApostrophe(uint32_t code) { return code == '\'' || code == 0x2019; }

// U+2010 … U+203A: dashes, quotes, dots.
bool IsTypographic(uint32_t code) {
  return code == 0xAB || code == 0xBB || (code >= 0x2010 && code <= 0x2027) ||
         (code >= 0x2030 && code <= 0x203A);
}

// "l'" at the beginning of a word, as a space.
std::string WithoutElision(std::string_view text) {
  std::string out;
  bool in_word = false;
  for (size_t at = 0; at < text.size();) {
    const text::Character c = text::ReadCharacter(text, at);
    const size_t next = at + c.size;
    if (c.code == 'l' && !in_word && next < text.size()) {
      const text::Character mark = text::ReadCharacter(text, next);
      if (IsApostrophe(mark.code)) {
        out += ' ';
        at = next + mark.size;
        continue;
      }
    }
    in_word = IsWord(c);
    out.append(text.substr(at, c.size));
    at = next;
  }
  return out;
}

std::string WithoutPunctuation(std::string_view text, AnswerLanguage language) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const text::Character c = text::ReadCharacter(text, at);
    const bool ascii = c.code < 0x80 && std::ispunct(static_cast<int>(c.code)) != 0;
    const bool typographic =
        language == AnswerLanguage::kFrench && c.valid && IsTypographic(c.code);
    if (!ascii && !typographic) out.append(text.substr(at, c.size));
    at += c.size;
  }
  return out;
}

// Whole words that are articles, each as a space.
std::string WithoutArticles(std::string_view text, AnswerLanguage language) {
  std::string out, word;
  const auto end_word = [&] {
    out += IsArticle(word, language) ? " " : word;
    word.clear();
  };
  for (size_t at = 0; at < text.size();) {
    const text::Character c = text::ReadCharacter(text, at);
    if (IsWord(c)) {
      word.append(text.substr(at, c.size));
    } else {
      end_word();
      out.append(text.substr(at, c.size));
    }
    at += c.size;
  }
  end_word();
  return out;
}

double F1Of(const std::string& output, const std::string& answer) {
  const std::vector<std::string> ours = PythonSplit(output), theirs = PythonSplit(answer);
  if (ours.empty() || theirs.empty()) return ours.empty() && theirs.empty() ? 1 : 0;
  std::map<std::string, int64_t> left;
  for (const std::string& word : theirs) ++left[word];
  int64_t same = 0;
  for (const std::string& word : ours) {
    const auto found = left.find(word);
    if (found == left.end() || found->second == 0) continue;
    --found->second;
    ++same;
  }
  if (same == 0) return 0;
  const double precision = static_cast<double>(same) / static_cast<double>(ours.size());
  const double recall = static_cast<double>(same) / static_cast<double>(theirs.size());
  return 2 * precision * recall / (precision + recall);
}

}  // namespace

std::optional<AnswerLanguage> AnswerLanguageFromName(std::string_view name) {
  if (name == "en") return AnswerLanguage::kEnglish;
  if (name == "fr") return AnswerLanguage::kFrench;
  return std::nullopt;
}

std::string NormalizeAnswer(std::string_view answer, AnswerLanguage language) {
  std::string text = PythonLower(answer);
  if (language == AnswerLanguage::kFrench) text = WithoutElision(text);
  text = WithoutArticles(WithoutPunctuation(text, language), language);
  std::string normal;
  for (const std::string& word : PythonSplit(text)) normal += (normal.empty() ? "" : " ") + word;
  return normal;
}

SpanScore ScoreSpan(std::string_view output, std::span<const std::string> answers,
                    AnswerLanguage language) {
  const std::string ours = NormalizeAnswer(output, language);
  std::vector<std::string> expected;
  for (const std::string& answer : answers) {
    std::string normal = NormalizeAnswer(answer, language);
    if (!normal.empty()) expected.push_back(std::move(normal));
  }
  if (expected.empty()) expected.emplace_back();
  SpanScore best;
  for (const std::string& answer : expected) {
    best.exact = std::max(best.exact, ours == answer ? 1.0 : 0.0);
    best.f1 = std::max(best.f1, F1Of(ours, answer));
  }
  return best;
}

}  // namespace parvis::eval
