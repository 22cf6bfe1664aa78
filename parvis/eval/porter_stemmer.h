#ifndef PARVIS_EVAL_PORTER_STEMMER_H_
#define PARVIS_EVAL_PORTER_STEMMER_H_

#include <string>
#include <string_view>

namespace parvis::eval {

// The stem of an English word in small letters (Porter, "An algorithm for suffix stripping", 1980),
// with the changes that NLTK's stemmer makes by default, which rouge_score uses: a few irregular
// words, "-ies" and "-ied" of four letters, "y" after a consonant only, "-alli", "-fulli", "-logi".
std::string PorterStem(std::string_view word);

}  // namespace parvis::eval

#endif  // PARVIS_EVAL_PORTER_STEMMER_H_
