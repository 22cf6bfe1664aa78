#ifndef PARVIS_GRAMMAR_CODE_RANGES_H_
#define PARVIS_GRAMMAR_CODE_RANGES_H_

#include "parvis/grammar/nfa.h"

namespace parvis::grammar {

CodeRanges Normalized(CodeRanges ranges);         // sorted, apart from one another
CodeRanges Complement(const CodeRanges& ranges);  // REQUIRES: normalised

// \d, \w, \s and their opposites as ECMA-262 has them, by the letter; null for others.
const CodeRanges* NamedClass(char letter);

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_CODE_RANGES_H_
