#ifndef PARVIS_SERVICE_ARCHIVE_H_
#define PARVIS_SERVICE_ARCHIVE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "parvis/core/result.h"

struct evp_md_ctx_st;

// One file that holds several: a tar (POSIX.1-1988, "ustar") whose last member is the SHA-256 of
// all bytes before it, so that any other program can open it and no changed byte goes unseen.
namespace parvis::service {

// SHA-256 of what is added, piece by piece.
class RunningDigest {
 public:
  RunningDigest();
  ~RunningDigest();
  RunningDigest(const RunningDigest&) = delete;
  RunningDigest& operator=(const RunningDigest&) = delete;
  void Add(std::string_view bytes);
  std::string Hex() const;  // of all so far

 private:
  evp_md_ctx_st* context_;
};

// One thread at a time.
class ArchiveWriter {
 public:
  // The file is new, and for its owner only.
  static Result<std::unique_ptr<ArchiveWriter>> Create(const std::string& path);
  ~ArchiveWriter();  // without Finish, what was written is no archive

  // Names: of letters, digits and "._-/", at most 99, none that leads outside.
  Status Add(const std::string& name, std::string_view content);
  // A file's bytes. kNotFound: there is no such file, and nothing was added.
  Status AddFile(const std::string& name, const std::string& source);
  // Adds the digest and syncs.
  Status Finish();

 private:
  ArchiveWriter(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  Status Write(std::string_view bytes);
  Status Pad(int64_t size);

  const std::string path_;
  int fd_;
  RunningDigest digest_;
};

// Reads what ArchiveWriter wrote and nothing else: untrusted bytes. One thread at a time.
class ArchiveReader {
 public:
  struct Member {
    std::string name;
    int64_t size = 0;
  };
  using Sink = std::function<Status(std::string_view bytes)>;

  static Result<std::unique_ptr<ArchiveReader>> Open(const std::string& path);
  ~ArchiveReader();

  // The next member, whose bytes must be read before the one after it. Nothing: that was all, and
  // every byte of it is as it was written. kDataLoss: it is not.
  Result<std::optional<Member>> Next();
  Status Read(const Member& member, const Sink& sink);
  Result<std::string> ReadAll(const Member& member, int64_t most);

 private:
  ArchiveReader(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  Status Take(char* bytes, size_t size);
  Status CheckEnd(const Member& last, const std::string& digest);
  Status Damaged(const std::string& what) const;

  const std::string path_;
  const int fd_;
  RunningDigest digest_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_ARCHIVE_H_
