#ifndef PARVIS_EVAL_ROWS_H_
#define PARVIS_EVAL_ROWS_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"

namespace parvis::eval {

// One line of a file of questions: an object of a .jsonl file, or the fields of a .tsv line as a
// list of texts. Of a .json file in SQuAD's form each question is one, with its "context".
struct Row {
  Json value;
  std::string file;   // its name without folder and endings: what rows without a group belong to
  std::string path;   // the whole of it
  std::string place;  // the line's number, from 1, or "data[0].paragraphs[2].qas[1]"
  std::string where() const;  // "folder/file.jsonl:12", for refusals
};

struct Rows {
  std::vector<Row> rows;
  // Of the file as it lies on the disk; of a folder that of the lines "SHA-256  name" of its files.
  std::string sha256;
};

// Reads a .jsonl or .tsv file (also .xz) or a SQuAD .json, or those of a folder, by name. Refuses,
// with file and line, a row that is not an object or (.tsv) not UTF-8; and a path without any row.
Result<Rows> ReadRows(const std::string& path);

// The SHA-256 of a file, or of a folder as in Rows (files directly in it).
Result<std::string> Sha256OfPath(const std::string& path);

// The first of these fields that the row has; refused where there is none, or of another type.
const Json* FindField(const Row& row, std::initializer_list<const char*> names);
Result<std::string> TextField(const Row& row, std::initializer_list<const char*> names);
// A text, or a list of texts that is not empty.
Result<std::vector<std::string>> TextsField(const Row& row,
                                            std::initializer_list<const char*> names);
Status BadRow(const Row& row, const std::string& what);

}  // namespace parvis::eval

#endif  // PARVIS_EVAL_ROWS_H_
