#ifndef PARVIS_DATA_CORPUS_RECIPE_H_
#define PARVIS_DATA_CORPUS_RECIPE_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/data/personal.h"
#include "parvis/data/quality.h"
#include "parvis/data/reader.h"

namespace parvis::data {

enum class PersonalAction : uint8_t { kIgnore, kReport, kMask, kDrop };

// A data set as one file says it (docs/guide/en/data.md lists the keys). Everything that is not
// told has the default that stands here; an unknown key, a wrong type, a value out of range or a
// missing file is refused with file, line and key.
struct CorpusRecipe {
  std::string path;
  std::string text;  // as read

  // [corpus]
  std::string name, description, creator, url, version = "1.0.0", date;
  std::string licence;                    // of the whole; empty: that of its parts
  std::string out;                        // the folder to write
  std::vector<std::string> strike_files;  // of ids that must not be in it, one a line
  int threads = 0;

  // [[source]]
  struct Source {
    std::string name;
    std::string path;
    std::vector<std::string> files;
    ReadOptions read;
    // For documents whose row says nothing of it.
    std::string language, licence, author, url, consent;
  };
  std::vector<Source> sources;

  // [clean]
  std::string form = "nfc";            // "nfc", "nfkc" or "none"
  std::vector<std::string> languages;  // others are dropped; empty: none is
  // [quality]
  QualityRules quality;
  // [duplicates]
  bool drop_exact = true, drop_near = true;
  double near_threshold = 0.8;
  // [personal]
  std::array<PersonalAction, kPersonalKinds> personal;
  // [tokens]: the documents of train and heldout as tokens, too.
  std::string tokenizer;                      // a tokenizer.json; empty: no tokens
  int64_t shard_tokens = int64_t{128} << 20;  // a file has about so many
  // [split]
  double heldout = 0.01, test = 0.01;
};

// `text` is the content of `path`, which gives its folder to relative paths and its name to
// messages.
Result<CorpusRecipe> ParseCorpusRecipe(std::string_view text, const std::string& path);
Result<CorpusRecipe> ReadCorpusRecipe(const std::string& path);

}  // namespace parvis::data

#endif  // PARVIS_DATA_CORPUS_RECIPE_H_
