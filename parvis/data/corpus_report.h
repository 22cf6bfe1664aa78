#ifndef PARVIS_DATA_CORPUS_REPORT_H_
#define PARVIS_DATA_CORPUS_REPORT_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/data/clean.h"
#include "parvis/data/corpus_recipe.h"

namespace parvis::data {

// How much of something there is.
struct Amount {
  int64_t documents = 0, words = 0, bytes = 0;
  void Add(const CleanDocument& document);
  OrderedJson ToJson() const;
};

// What was counted while a data set was built.
struct CorpusReport {
  int64_t read = 0, bytes_read = 0, struck = 0;
  Amount kept;
  std::map<std::string, Amount> splits, sources, languages, licences;  // of what was kept
  std::map<std::string, int64_t> dropped;             // documents by their first reason
  std::map<std::string, int64_t> rules;               // documents that broke each quality rule
  std::map<std::string, int64_t> changes;             // kept documents by what was done to them
  std::array<int64_t, kPersonalKinds> personal = {};  // findings in all documents
  std::map<int, int64_t> word_histogram;              // kept documents by floor(log2(words))
  std::vector<std::string> unknown_strikes;           // ids of strike files that no document has
  double seconds = 0;

  void AddKept(const CorpusRecipe& recipe, const CleanDocument& document,
               const std::string& licence, const std::string& split);
  // The content of report.json; shares are of bytes.
  OrderedJson ToJson(const CorpusRecipe& recipe) const;
};

// A file of the data set, for its description.
struct CorpusFile {
  std::string name, sha256;
  int64_t bytes = 0;
};

// The data set's description in Croissant 1.1 (MLCommons) with its RAI terms: croissant.json.
OrderedJson CroissantOf(const CorpusRecipe& recipe, const CorpusReport& report,
                        const std::vector<CorpusFile>& files, const std::string& date);

}  // namespace parvis::data

#endif  // PARVIS_DATA_CORPUS_REPORT_H_
