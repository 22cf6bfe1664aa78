#ifndef PARVIS_DATA_READER_H_
#define PARVIS_DATA_READER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/core/thread_pool.h"

namespace parvis::data {

// One document as it stands in a file.
struct RawDocument {
  std::string id;      // the row's own, or "notes.txt", "stories.jsonl:12"
  std::string text;    // UTF-8
  std::string target;  // of a pair: what `text` is translated to
  // What the row or the file says of it; empty: nothing.
  std::string language, licence, author, title, url, note;
  std::string group;  // a book, say: documents of one group share a split. Empty: of none.
  std::string place;  // "stories.jsonl:12", for messages
  // Of a document whose row has not been read yet (ReadOptions::rows_later): its line.
  std::string row = {};
};

struct ReadOptions {
  // "auto" (by the file's name), "text", "markdown", "html", "jsonl", "csv", "tsv", "pairs".
  std::string format = "auto";
  // What is a document of a text file: "file", "paragraphs" (between blank lines) or "lines";
  // "blocks": about a MiB of whole lines, for who wants all text and no documents.
  std::string split = "file";
  std::string text_field = "text";  // of jsonl, csv and tsv
  // Of pairs: names of fields (jsonl) or numbers of columns from 0 (csv, tsv).
  std::string source_field = "source", target_field = "target";
  // Documents of .jsonl come with their line in `row` and nothing else but place and the id that
  // they have if the row gives none; ReadRow fills them in, on any thread.
  bool rows_later = false;
};

// The format of a file by its name ("notes.md.xz" is "markdown"); empty: none that we read.
std::string FormatOf(std::string_view path);

// Calls visit for each document of a file, in order. The file is read as a stream: memory is that
// of one document. A row without text is refused with its line; what `visit` returns ends the
// reading.
using VisitDocument = std::function<Status(RawDocument document)>;
Status ReadDocumentsOf(const std::string& path, const ReadOptions& options,
                       const VisitDocument& visit);

// The same, with the rows of .jsonl read on all threads. Memory is that of some MiB of documents.
Status ReadDocumentsOf(const std::string& path, const ReadOptions& options, ThreadPool& pool,
                       const VisitDocument& visit);

// Reads what `document.row` says and empties it; without a row it does nothing.
Status ReadRow(const ReadOptions& options, RawDocument& document);

// The files that a path names: itself, or all of a folder that have a format, by name. Files named
// directly need not have one if options say it.
Result<std::vector<std::string>> FilesOf(const std::string& path);

}  // namespace parvis::data

#endif  // PARVIS_DATA_READER_H_
