#ifndef PARVIS_GRAMMAR_REGEX_H_
#define PARVIS_GRAMMAR_REGEX_H_

#include <string_view>

#include "parvis/core/result.h"
#include "parvis/grammar/dfa.h"

namespace parvis::grammar {

// A regular expression as JSON Schema's "pattern" has it: a text is accepted if the expression is
// found anywhere in it; ^ and $ are the text's own begin and end.
//
// ECMA-262 with the flag u, of which this is read: characters, ., [classes], |, (groups),
// (?:groups),
// * + ? {n} {n,} {n,m} and the lazy forms (which accept the same texts), ^, $, \d \w \s \D \W \S,
// \t \n \v \f \r \0 \cX \xHH \uHHHH \u{H…}, and \ before punctuation. Refused with the byte where
// it stands: look-around, back references, \b, \B, \p. Nothing here takes more than the budget.
Result<Dfa> CompilePattern(std::string_view pattern, Budget& budget);

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_REGEX_H_
