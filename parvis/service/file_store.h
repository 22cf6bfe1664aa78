#ifndef PARVIS_SERVICE_FILE_STORE_H_
#define PARVIS_SERVICE_FILE_STORE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/service/caller.h"
#include "parvis/service/file_content.h"
#include "parvis/service/refusal.h"
#include "parvis/store/database.h"

namespace parvis::service {

// A file that somebody has given us, or that we wrote for them.
struct StoredFile {
  std::string id;  // "file-…"; ours
  std::string organisation, owner;
  std::string name;     // the caller's word for it; never a path here
  std::string purpose;  // "batch", "batch_output"
  int64_t bytes = 0;
  int64_t created_ms = 0;
  std::optional<int64_t> expires_ms = {};
};

// Which of a list is wanted.
struct Page {
  std::string after;  // an id; empty: from the beginning
  int64_t limit = 20;
  bool newest_first = true;
};
template <typename T>
struct Paged {
  std::vector<T> items;
  bool more = false;
};
// The rows of a statement that asks for one more than `limit`, each made by `make(statement)`.
template <typename Make>
auto ReadPaged(store::Statement& list, int64_t limit, Make make)
    -> Result<Paged<decltype(make(list))>> {
  Paged<decltype(make(list))> paged;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, list.Step());
    if (!row) return paged;
    if (static_cast<int64_t>(paged.items.size()) == limit) {
      paged.more = true;
      return paged;
    }
    paged.items.push_back(make(list));
  }
}

struct FileLimits {
  int64_t owner_bytes = int64_t{1} << 30;  // of one owner, together
  int64_t owner_files = 10'000;
  int64_t keep_ms = 0;  // after which a file goes, if its owner has not said sooner; 0: never
};

// Files of owners: what they are in the database, their bytes in FOLDER/OWNER/ID, where OWNER is a
// digest and ID is ours, so that no name of a caller is ever a path. A file is there wholly or not
// at all. Owners see their own only: for others it is as if there was nothing.
//
// Safe to call from several threads.
class FileStore {
 public:
  // `database`: a file with the schema of records.h; opened once more for this. Removes what a
  // crash left: bytes without an entry.
  static Result<std::unique_ptr<FileStore>> Open(const std::string& database,
                                                 const std::string& folder,
                                                 const FileLimits& limits);

  OrRefusal<StoredFile> Add(const Caller& caller, const std::string& name,
                            const std::string& purpose, std::string_view content,
                            std::optional<int64_t> expires_ms);
  // Writes the file of this id anew, whatever was there; no quota. For what we write ourselves.
  Status Put(const StoredFile& file, std::string_view content);
  OrRefusal<StoredFile> Find(const Caller& caller, const std::string& id);
  OrRefusal<std::string> Read(const Caller& caller, const std::string& id);
  // The same, to be read piece by piece; it can be to its end, even if the file is removed
  // meanwhile.
  OrRefusal<FileContent> Content(const Caller& caller, const std::string& id);
  OrRefusal<Paged<StoredFile>> List(const Caller& caller, const std::string& purpose,
                                    const Page& page);
  // Refuses a file that a batch is still reading.
  std::optional<Refusal> Remove(const Caller& caller, const std::string& id);
  // Removes files whose time is over.
  Status Expire(int64_t now_ms);

 private:
  FileStore(std::unique_ptr<store::Database> database, std::string folder, const FileLimits& limits)
      : database_(std::move(database)), folder_(std::move(folder)), limits_(limits) {}
  std::string PathOf(const std::string& organisation, const std::string& owner,
                     const std::string& id) const;
  Result<std::optional<StoredFile>> Get(const Caller& caller, const std::string& id);
  Status Insert(const StoredFile& file);
  std::optional<int64_t> EndOf(int64_t created_ms, std::optional<int64_t> asked_ms) const;
  Status Sweep();

  std::mutex mutex_;
  const std::unique_ptr<store::Database> database_;
  const std::string folder_;
  const FileLimits limits_;
};

// "file-" or another prefix, and 24 random hexadecimal digits.
std::string NewId(std::string_view prefix);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_FILE_STORE_H_
