#ifndef PARVIS_TEXT_LANGUAGE_GUESS_H_
#define PARVIS_TEXT_LANGUAGE_GUESS_H_

#include <string>
#include <string_view>

namespace parvis::text {

// "en" or "fr", whichever a text rather is, by its short words, its letters and what stands before
// and behind apostrophes; empty where that says too little (a name, a word of both). It knows no
// third language: a text in one may be taken for either.
std::string_view GuessLanguage(std::string_view text);

// What was not told of a translation (empty), from or to, becomes English or French, whichever the
// text is in or is not. False: nothing was told, and the text says too little.
bool GuessLanguages(std::string_view text, std::string& from, std::string& to);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_LANGUAGE_GUESS_H_
