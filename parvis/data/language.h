#ifndef PARVIS_DATA_LANGUAGE_H_
#define PARVIS_DATA_LANGUAGE_H_

#include <string>
#include <string_view>

namespace parvis::data {

struct Language {
  std::string code = "und";  // BCP 47: "fr", "zh-Hant"; "und": cannot be told
  double share = 0;          // of the text that is in it
  bool reliable = false;     // whether the identifier stands by it
};

// By CLD2 (Compact Language Detector, 83 languages, its data built in). Safe from several threads.
// REQUIRES: valid UTF-8.
Language IdentifyLanguage(std::string_view text);

}  // namespace parvis::data

#endif  // PARVIS_DATA_LANGUAGE_H_
