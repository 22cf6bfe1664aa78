#ifndef PARVIS_DATA_CLEAN_H_
#define PARVIS_DATA_CLEAN_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/data/corpus_recipe.h"
#include "parvis/data/language.h"
#include "parvis/data/near_duplicates.h"
#include "parvis/data/quality.h"
#include "parvis/data/reader.h"

namespace parvis::data {

// A document and all that can be said of it without looking at others.
struct CleanDocument {
  RawDocument raw;  // its texts are empty once they are clean
  size_t source = 0;
  Status status;           // of reading its row; not OK: nothing else is filled in
  int64_t bytes_read = 0;  // of the text as it was read
  std::string id;          // "novels/FRA00101:3"
  std::string sha256;      // of the text as it was read (of a pair: text, a zero byte, target)
  std::string text, target;
  std::vector<std::string> changes;  // "line_ends", "control_characters", "nfc", "spaces", "masked"
  Language language;                 // of `text`
  std::array<int64_t, kPersonalKinds> personal = {};
  QualityMeasures measures;
  std::vector<std::string> broken_rules;
  uint64_t content =
      0;  // a hash of the words: equal texts but for white space and capitals have it
  MinHash min_hash = {};
};

// CR LF becomes LF, control characters go (but for tabs and line ends), the normalisation form is
// made, spaces at ends of lines go, and more than one blank line becomes one. Adds what changed.
std::string CleanText(std::string_view text, const std::string& form,
                      std::vector<std::string>& changes);

// Fills in everything from raw and source; what the row does not say, the source does. Safe from
// several threads.
void Clean(const CorpusRecipe& recipe, CleanDocument& document);

}  // namespace parvis::data

#endif  // PARVIS_DATA_CLEAN_H_
