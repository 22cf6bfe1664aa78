#ifndef PARVIS_DATA_CSV_H_
#define PARVIS_DATA_CSV_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/text/input_stream.h"

namespace parvis::data {

// The records of a file with columns. Separated by commas, fields may stand in quotes and then hold
// commas, line breaks and doubled quotes (RFC 4180); separated by tabs, a line is a record and
// nothing is quoted. Records are bounded as lines are.
class CsvReader {
 public:
  CsvReader(text::InputStream stream, char separator)
      : lines_(std::move(stream)), separator_(separator) {}

  // False at the end. Lines without any character are passed over.
  Result<bool> Next(std::vector<std::string>& fields);
  // "pairs.tsv:12": of the record that Next gave.
  std::string place() const;
  int64_t number() const { return first_line_; }

 private:
  text::LineReader lines_;
  char separator_;
  int64_t first_line_ = 0;
};

}  // namespace parvis::data

#endif  // PARVIS_DATA_CSV_H_
