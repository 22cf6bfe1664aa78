#ifndef PARVIS_DATA_CORPUS_WRITER_H_
#define PARVIS_DATA_CORPUS_WRITER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "parvis/core/result.h"

namespace parvis::data {

// A folder that appears whole or not at all: its files are written to PATH.tmp.PID beside it, which
// takes its place at Commit(). Without Commit() the destructor removes what was written. What is at
// PATH already is replaced only if it is a data set (it has a corpus.toml) or empty.
class FolderWriter {
 public:
  static Result<FolderWriter> Create(const std::string& path);
  FolderWriter(FolderWriter&& other) noexcept;
  FolderWriter& operator=(FolderWriter&&) = delete;
  ~FolderWriter();

  // Appends to a file of the folder: "text/train.jsonl". A full disk is a status.
  Status Append(const std::string& name, std::string_view bytes);
  Status Close(const std::string& name);  // writes what is buffered; Append may go on
  // The path of a file while it is being written. REQUIRES: Close(name) was called last.
  std::string PathOf(const std::string& name) const { return temporary_ + "/" + name; }
  int64_t size(const std::string& name) const;
  // Syncs all files and puts the folder in its place.
  Status Commit();

 private:
  struct File {
    int fd = -1;
    std::string buffer;
    int64_t written = 0;
  };
  FolderWriter(std::string path, std::string temporary);
  Status Flush(File& file, const std::string& name);

  std::string path_, temporary_;
  std::map<std::string, File> files_;
};

}  // namespace parvis::data

#endif  // PARVIS_DATA_CORPUS_WRITER_H_
