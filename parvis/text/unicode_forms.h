#ifndef PARVIS_TEXT_UNICODE_FORMS_H_
#define PARVIS_TEXT_UNICODE_FORMS_H_

#include "parvis/text/aligned_text.h"

namespace parvis::text {

enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };

// Brings a text into a normalisation form (Unicode Standard Annex 15). Runs of combining marks are
// sorted in O(n log n). REQUIRES: valid UTF-8.
void ToForm(UnicodeForm form, AlignedText& text);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_UNICODE_FORMS_H_
