#ifndef PARVIS_TEXT_SENTENCES_H_
#define PARVIS_TEXT_SENTENCES_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace parvis::text {

// Cuts a text after each sentence: after . ! ? … and their like, with the quotes and brackets that
// close behind them, where white space follows and no small letter after it; and at the end of
// each line. White space stays with the sentence before it: all parts together are the text.
// Sentences of abbreviations ("M. Dupont") may be cut once too often, never lost.
std::vector<std::string_view> Sentences(std::string_view text);

// A part of a text and the white space that stood behind it.
struct TextPiece {
  std::string text, space;
  bool within_sentence = false;  // cut because the sentence did not fit
};

// Whole sentences, as many together as `fits` allows; those of several lines only if
// `across_lines`. A sentence that does not fit alone is cut between words, a word between
// characters; a character goes alone even if it does not fit. All pieces together are the text, but
// for white space before the first. fits("") is taken for granted.
std::vector<TextPiece> PackSentences(std::string_view text, bool across_lines,
                                     const std::function<bool(std::string_view)>& fits);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_SENTENCES_H_
