#ifndef PARVIS_EVAL_SPAN_SCORES_H_
#define PARVIS_EVAL_SPAN_SCORES_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace parvis::eval {

// Whose articles and punctuation are no part of an answer.
enum class AnswerLanguage { kEnglish, kFrench };
std::optional<AnswerLanguage> AnswerLanguageFromName(std::string_view name);  // "en", "fr"

// The official scripts' normalisation (Rajpurkar et al., "SQuAD", 2016): small letters, no ASCII
// punctuation, no "a", "an", "the", single spaces. French has no official one; here typographic
// punctuation goes too, and the articles are le, la, les, l', un, une, des, du.
std::string NormalizeAnswer(std::string_view answer, AnswerLanguage language);

struct SpanScore {
  double exact = 0, f1 = 0;  // 0 to 1
};

// Against the answer that it fits best, as SQuAD 2.0's script has it: without answers, or with
// empty ones only, "" is right. (SQuAD 1.1's gives the same wherever no text is empty.)
SpanScore ScoreSpan(std::string_view output, std::span<const std::string> answers,
                    AnswerLanguage language);

}  // namespace parvis::eval

#endif  // PARVIS_EVAL_SPAN_SCORES_H_
