#ifndef PARVIS_SERVICE_FILE_STORE_H_
#define PARVIS_SERVICE_FILE_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/service/caller.h"
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

class FileWriter;

// The name of this server now (servers.h), where several share a database.
using ServerName = std::function<std::string()>;

// From here on its owner sees a file that was being written. Within the caller's transaction, if
// any. kUnavailable: others took its writer for gone, and removed what it wrote.
Status ShowFile(store::Database& database, const std::string& id);

// Files of owners: what they are as rows, and their bytes as pieces of them (file_pieces.h), so
// that servers that share a database have the same files and a copy of it has them all. A file is
// there wholly or not at all. Owners see their own only: for others it is as if there was nothing.
//
// Safe to call from several threads.
class FileStore {
 public:
  // `database`: with the schema of records.h; opened once more for this. Removes what a crash left.
  static Result<std::unique_ptr<FileStore>> Open(const std::string& database,
                                                 const FileLimits& limits,
                                                 ServerName server = nullptr);

  OrRefusal<StoredFile> Add(const Caller& caller, const std::string& name,
                            const std::string& purpose, std::string_view content,
                            std::optional<int64_t> expires_ms);
  // Begins a file that we write ourselves; no quota. It is not there before BatchStore::Finish says
  // so. The writer must not outlive the store.
  Result<std::unique_ptr<FileWriter>> Begin(const StoredFile& file);
  OrRefusal<StoredFile> Find(const Caller& caller, const std::string& id);
  // At most `most` bytes from `offset` on, and at most kPieceBytes: as many as stand together.
  // Empty only at the end. kNotFound in the middle: it was removed.
  OrRefusal<std::string> ReadAt(const Caller& caller, const std::string& id, int64_t offset,
                                int64_t most);
  OrRefusal<std::string> Read(const Caller& caller, const std::string& id);  // all
  OrRefusal<Paged<StoredFile>> List(const Caller& caller, const std::string& purpose,
                                    const Page& page);
  // Refuses a file that a batch is still reading.
  std::optional<Refusal> Remove(const Caller& caller, const std::string& id);
  // Removes files whose time is over, and what was left by whoever wrote or removed one and is
  // gone.
  Status Expire(int64_t now_ms);

 private:
  friend class FileWriter;
  FileStore(std::unique_ptr<store::Database> database, const FileLimits& limits, ServerName server)
      : database_(std::move(database)), limits_(limits), server_(std::move(server)) {}
  Result<std::optional<StoredFile>> Get(const Caller& caller, const std::string& id);
  std::optional<Refusal> Reserve(StoredFile& file);
  Status Insert(const StoredFile& file);
  Status Drop(const std::string& id);
  Status RemoveBytes(const std::string& id);
  Status ForgetDeleted();
  int64_t Now();
  std::optional<int64_t> EndOf(int64_t created_ms, std::optional<int64_t> asked_ms) const;
  Status DropWhatIsLeft(bool of_all);

  std::mutex mutex_;
  const std::unique_ptr<store::Database> database_;
  const FileLimits limits_;
  const ServerName server_;
  int64_t last_ms_ = 0;       // when the last file was made
  bool has_deleted_ = false;  // bytes that the database's file may still have
};

// The bytes of a file that is being written, in their order. One thread at a time.
class FileWriter {
 public:
  ~FileWriter();  // without Keep nothing is left of it
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  const std::string& id() const { return file_.id; }
  Status Append(std::string_view bytes);
  Status Finish();  // those that waited for a whole piece
  void Keep() { kept_ = true; }

 private:
  friend class FileStore;
  FileWriter(FileStore& store, StoredFile file) : store_(store), file_(std::move(file)) {}
  Status Write(std::string_view piece);

  FileStore& store_;
  StoredFile file_;
  std::string waiting_;  // less than a piece
  int64_t pieces_ = 0, bytes_ = 0;
  bool kept_ = false;
};

// "file-" or another prefix, and 24 random hexadecimal digits.
std::string NewId(std::string_view prefix);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_FILE_STORE_H_
