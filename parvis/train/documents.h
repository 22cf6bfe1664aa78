#ifndef PARVIS_TRAIN_DOCUMENTS_H_
#define PARVIS_TRAIN_DOCUMENTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/train/recipe.h"

namespace parvis::train {

// One text: a story, a chapter. Tokens of different documents never see each other.
struct Document {
  std::string id;      // the row's "id", else "file.jsonl:12"
  std::string text;    // UTF-8, not empty
  std::string second;  // of a pair; else empty
  Json fields;         // of the row, those that were asked for; null if there are none
  size_t source = 0;   // index into the sources that were read
  int64_t text_bytes() const { return static_cast<int64_t>(text.size() + second.size()); }
};

// Where the parts of a document are in a row.
struct RowFormat {
  std::string text = "text";  // a list of words is joined by spaces
  // The text's name in rows of a data set (parvis data build), whose "source" says where they are
  // from; "": the same.
  std::string built_text = "";
  std::string second = "";  // "": no second text
  bool second_needed = false;
  std::vector<std::string> fields = {};  // taken over where a row has them
  // If not empty, instead of the texts: entries that a row must have, each a text or a list of
  // messages. They are taken over as fields, and what they say is the document's text.
  std::vector<std::string> said = {};
  std::vector<std::string> perhaps_said = {};  // the like, that a row may have

  bool plain() const { return second.empty() && fields.empty() && said.empty(); }
};

// What one data file was, for the ledger.
struct DataFile {
  std::string path;
  std::string sha256;  // of the file as it lies on the disk
  int64_t bytes = 0;   // of the file
  int64_t text_bytes = 0;
  int64_t documents = 0;
  std::map<std::string, int64_t> licences;  // documents by their row's "license"; "": not told
};

struct Documents {
  std::vector<Document> documents;
  std::vector<DataFile> files;
  int64_t text_bytes() const;
};

// A file whose name begins with "heldout": in a folder it is not trained on.
bool IsHeldOut(const std::string& path);

// `mix`: documents whose row's "source" is one of these names have the index of that name behind
// the sources' (Document::source). A name that no document has is refused.
//
// Reads sources in order; a folder is walked by name, without what is held out. Files: .txt (one
// document, or one per paragraph), .jsonl (an object a line, see RowFormat), .tsv (a pair a line),
// and all as .xz. A format with more than texts needs .jsonl, one with pairs .jsonl or .tsv. Other
// files of a folder are passed over; another file named directly is refused. A malformed line is
// refused with file and line; so are a line or a document that is too long (64 and 128 MiB) and
// bytes that are not UTF-8, with their offset. No text at all is an error.
Result<Documents> ReadDocuments(const std::vector<DataSource>& sources, bool paragraphs,
                                const RowFormat& format = {},
                                const std::vector<DataSource>& mix = {});

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_DOCUMENTS_H_
