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
// No sentence ends after a title ("M. Dupont"), an initial ("J. Smith"), or what numbers are told
// by ("fig. 3"); one of other abbreviations may be cut once too often, never lost.
std::vector<std::string_view> Sentences(std::string_view text);

// Whether a text ends in such a sign, quotes and brackets and white space behind it aside.
bool EndsAsSentence(std::string_view text);

// A part of a text and the white space that stood behind it.
struct TextPiece {
  std::string text, space;
  bool within_sentence = false;  // cut because the sentence did not fit
};

// What sentences may be of one piece.
enum class Together { kNone, kOfALine, kAll };

// Whole sentences, as many together as `fits` and `together` allow. A sentence that does not fit
// alone is cut between words, a word between characters; a character goes alone even if it does not
// fit. All pieces together are the text, but for white space before the first. fits("") is taken
// for granted.
std::vector<TextPiece> PackSentences(std::string_view text, Together together,
                                     const std::function<bool(std::string_view)>& fits);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_SENTENCES_H_
