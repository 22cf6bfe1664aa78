#include "parvis/service/file_store.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <utility>

#include "parvis/core/check.h"
#include "parvis/core/clock.h"
#include "parvis/service/file_pieces.h"

namespace parvis::service {
namespace {

Refusal NoSuchFile(const std::string& param) {
  return {RefusalKind::kNotFound, "There is no such file.", param, "file_not_found", {}};
}

// What the database refused: for the operator's log, not for the caller.
Refusal Unavailable() {
  return {RefusalKind::kUnavailable, "Files cannot be read or written now.", {}, {}, 1000};
}

#define PARVIS_FILE_COLUMNS                                                            \
  "SELECT id, organisation, owner, name, purpose, bytes, created_ms, expires_ms FROM " \
  "files WHERE state = 'whole' AND "

StoredFile FileOf(const store::Statement& row) {
  return {row.Text(0), row.Text(1), row.Text(2), row.Text(3),
          row.Text(4), row.Int(5),  row.Int(6),  row.IntOrNull(7)};
}

// Runs a statement that returns the ids of what it removes.
Result<std::vector<std::string>> IdsOf(store::Statement& remove) {
  std::vector<std::string> ids;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, remove.Step());
    if (!row) return ids;
    ids.push_back(remove.Text(0));
  }
}

}  // namespace

std::string NewId(std::string_view prefix) {
  std::array<unsigned char, 12> bytes;
  PARVIS_CHECK(RAND_bytes(bytes.data(), bytes.size()) == 1);
  std::string id(prefix);
  for (const unsigned char byte : bytes) id += fmt::format("{:02x}", byte);
  return id;
}

Status ShowFile(store::Database& database, const std::string& id) {
  PARVIS_ASSIGN_OR_RETURN(auto show,
                          database.Prepare("UPDATE files SET state = 'whole' WHERE id = ?1 AND "
                                           "state = 'writing' RETURNING id"));
  PARVIS_ASSIGN_OR_RETURN(const bool there, show.Bind(1, id).Step());
  if (!there) return {StatusCode::kUnavailable, id + ": its writer was taken for gone"};
  return show.Run();
}

Result<std::unique_ptr<FileStore>> FileStore::Open(const std::string& database,
                                                   const FileLimits& limits, ServerName server) {
  PARVIS_ASSIGN_OR_RETURN(auto opened, store::Database::Open(database));
  std::unique_ptr<FileStore> files(new FileStore(std::move(opened), limits, std::move(server)));
  PARVIS_RETURN_IF_ERROR(files->DropWhatIsLeft(/*of_all=*/!files->server_));
  return files;
}

// Times of one server are apart, so that its files have the order in which they came.
int64_t FileStore::Now() { return last_ms_ = std::max(WallClockMs(), last_ms_ + 1); }

OrRefusal<StoredFile> FileStore::Add(const Caller& caller, const std::string& name,
                                     const std::string& purpose, std::string_view content,
                                     std::optional<int64_t> expires_ms) {
  StoredFile file{NewId("file-"),
                  caller.organisation,
                  caller.owner,
                  name,
                  purpose,
                  static_cast<int64_t>(content.size()),
                  0,
                  expires_ms};
  {
    const std::lock_guard lock(mutex_);
    if (auto refusal = Reserve(file)) return *refusal;
  }
  FileWriter writer(*this, file);
  if (!writer.Append(content).ok() || !writer.Finish().ok()) return Unavailable();
  const std::lock_guard lock(mutex_);
  if (!ShowFile(*database_, file.id).ok()) return Unavailable();
  writer.Keep();
  return file;
}

// An entry that nobody sees yet has its room in the quota already.
std::optional<Refusal> FileStore::Reserve(StoredFile& file) {
  auto transaction = store::Transaction::Begin(*database_);
  if (!transaction.ok()) return Unavailable();
  {
    auto sum = database_->Prepare(
        "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM files WHERE organisation = ?1 AND owner = "
        "?2");
    if (!sum.ok()) return Unavailable();
    const auto row = sum->Bind(1, file.organisation).Bind(2, file.owner).Step();
    if (!row.ok()) return Unavailable();
    if (sum->Int(0) >= limits_.owner_files || sum->Int(1) + file.bytes > limits_.owner_bytes) {
      return Refusal{
          RefusalKind::kQuotaExhausted,
          fmt::format("Files of one owner may have {} MiB together, and be {}; remove some.",
                      limits_.owner_bytes >> 20, limits_.owner_files),
          "file",
          "insufficient_quota",
          {}};
    }
  }
  file.created_ms = Now();
  file.expires_ms = EndOf(file.created_ms, file.expires_ms);
  if (!Insert(file).ok() || !transaction->Commit().ok()) return Unavailable();
  return std::nullopt;
}

Status FileStore::Insert(const StoredFile& file) {
  PARVIS_ASSIGN_OR_RETURN(
      auto insert,
      database_->Prepare(
          "INSERT INTO files(id, organisation, owner, name, purpose, bytes, created_ms, "
          "expires_ms, state, server) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'writing', ?9)"));
  return insert.Bind(1, file.id)
      .Bind(2, file.organisation)
      .Bind(3, file.owner)
      .Bind(4, file.name)
      .Bind(5, file.purpose)
      .Bind(6, file.bytes)
      .Bind(7, file.created_ms)
      .Bind(8, file.expires_ms)
      .Bind(9, server_ ? server_() : "")
      .Run();
}

std::optional<int64_t> FileStore::EndOf(int64_t created_ms, std::optional<int64_t> asked_ms) const {
  if (limits_.keep_ms == 0) return asked_ms;
  const int64_t last = created_ms + limits_.keep_ms;
  return std::min(asked_ms.value_or(last), last);
}

Result<std::unique_ptr<FileWriter>> FileStore::Begin(const StoredFile& given) {
  StoredFile file = given;
  const std::lock_guard lock(mutex_);
  file.bytes = 0;
  file.created_ms = Now();
  file.expires_ms = EndOf(file.created_ms, file.expires_ms);
  PARVIS_RETURN_IF_ERROR(Insert(file));
  return std::unique_ptr<FileWriter>(new FileWriter(*this, std::move(file)));
}

Result<std::optional<StoredFile>> FileStore::Get(const Caller& caller, const std::string& id) {
  PARVIS_ASSIGN_OR_RETURN(
      auto find,
      database_->Prepare(PARVIS_FILE_COLUMNS "id = ?1 AND organisation = ?2 AND owner = ?3"));
  PARVIS_ASSIGN_OR_RETURN(
      const bool found, find.Bind(1, id).Bind(2, caller.organisation).Bind(3, caller.owner).Step());
  if (!found) return std::optional<StoredFile>();
  StoredFile file = FileOf(find);
  if (file.expires_ms && *file.expires_ms <= WallClockMs()) return std::optional<StoredFile>();
  return std::optional<StoredFile>(std::move(file));
}

OrRefusal<StoredFile> FileStore::Find(const Caller& caller, const std::string& id) {
  const std::lock_guard lock(mutex_);
  auto file = Get(caller, id);
  if (!file.ok()) return Unavailable();
  if (!*file) return NoSuchFile("file_id");
  return std::move(**file);
}

OrRefusal<std::string> FileStore::ReadAt(const Caller& caller, const std::string& id,
                                         int64_t offset, int64_t most) {
  const std::lock_guard lock(mutex_);
  const auto file = Get(caller, id);
  if (!file.ok()) return Unavailable();
  if (!*file) return NoSuchFile("file_id");
  if (offset < 0 || offset >= (*file)->bytes || most <= 0) return std::string();
  auto piece = ReadPiece(*database_, id, offset / kPieceBytes);
  const auto within = static_cast<size_t>(offset % kPieceBytes);
  if (!piece.ok() || piece->size() <= within) return Unavailable();
  if (within == 0 && static_cast<int64_t>(piece->size()) <= most) return std::move(*piece);
  return piece->substr(within, static_cast<size_t>(most));
}

OrRefusal<std::string> FileStore::Read(const Caller& caller, const std::string& id) {
  const auto file = Find(caller, id);
  if (!file.ok()) return file.refusal();
  std::string content;
  content.reserve(static_cast<size_t>(file->bytes));
  while (static_cast<int64_t>(content.size()) < file->bytes) {
    const auto piece = ReadAt(caller, id, static_cast<int64_t>(content.size()), kPieceBytes);
    if (!piece.ok()) return piece.refusal();
    content += *piece;
  }
  return content;
}

OrRefusal<Paged<StoredFile>> FileStore::List(const Caller& caller, const std::string& purpose,
                                             const Page& page) {
  const std::lock_guard lock(mutex_);
  int64_t after_ms = page.newest_first ? INT64_MAX : -1;
  if (!page.after.empty()) {
    const auto after = Get(caller, page.after);
    if (!after.ok()) return Unavailable();
    if (!*after) return NoSuchFile("after");
    after_ms = (*after)->created_ms;
  }
  auto list = page.newest_first
                  ? database_->Prepare(PARVIS_FILE_COLUMNS
                                       "organisation = ?1 AND owner = ?2 AND "
                                       "(?3 = '' OR purpose = ?3) AND (created_ms, id) < (?4, ?5) "
                                       "ORDER BY created_ms DESC, id DESC LIMIT ?6")
                  : database_->Prepare(PARVIS_FILE_COLUMNS
                                       "organisation = ?1 AND owner = ?2 AND "
                                       "(?3 = '' OR purpose = ?3) AND (created_ms, id) > (?4, ?5) "
                                       "ORDER BY created_ms, id LIMIT ?6");
  if (!list.ok()) return Unavailable();
  list->Bind(1, caller.organisation)
      .Bind(2, caller.owner)
      .Bind(3, purpose)
      .Bind(4, after_ms)
      .Bind(5, page.after)
      .Bind(6, page.limit + 1);
  auto paged = ReadPaged(*list, page.limit, FileOf);
  if (!paged.ok()) return Unavailable();
  return std::move(*paged);
}

std::optional<Refusal> FileStore::Remove(const Caller& caller, const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto file = Get(caller, id);
  if (!file.ok()) return Unavailable();
  if (!*file) return NoSuchFile("file_id");
  auto remove = database_->Prepare(
      "DELETE FROM files WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM batches WHERE input_file = ?1 "
      "AND status IN ('validating', 'in_progress', 'finalizing', 'cancelling')) RETURNING id");
  if (!remove.ok()) return Unavailable();
  const auto removed = IdsOf(remove->Bind(1, id));
  if (!removed.ok()) return Unavailable();
  if (removed->empty()) return Invalid("file_id", "A batch still reads this file.", "file_in_use");
  // Without its entry it is nobody's; what cannot be removed now is by the next Expire.
  if (RemoveBytes(id).ok()) (void)ForgetDeleted();
  return std::nullopt;
}

Status FileStore::RemoveBytes(const std::string& id) {
  has_deleted_ = true;
  return RemovePieces(*database_, id);
}

Status FileStore::ForgetDeleted() {
  PARVIS_RETURN_IF_ERROR(database_->ForgetDeleted());
  has_deleted_ = false;
  return {};
}

Status FileStore::Drop(const std::string& id) {
  const std::lock_guard lock(mutex_);
  PARVIS_ASSIGN_OR_RETURN(
      auto remove, database_->Prepare("DELETE FROM files WHERE id = ?1 AND state = 'writing'"));
  PARVIS_RETURN_IF_ERROR(remove.Bind(1, id).Run());
  return RemoveBytes(id);
}

Status FileStore::Expire(int64_t now_ms) {
  {
    const std::lock_guard lock(mutex_);
    PARVIS_ASSIGN_OR_RETURN(
        auto remove,
        database_->Prepare("DELETE FROM files AS f WHERE expires_ms <= ?1 AND state = 'whole' AND "
                           "NOT EXISTS (SELECT 1 FROM batches WHERE input_file = f.id AND status "
                           "IN ('validating', 'in_progress', 'finalizing', 'cancelling')) "
                           "RETURNING id"));
    PARVIS_RETURN_IF_ERROR(IdsOf(remove.Bind(1, now_ms)).status());
  }
  return DropWhatIsLeft(/*of_all=*/false);
}

// What nobody writes any more: `of_all`, or of servers that are gone.
Status FileStore::DropWhatIsLeft(bool of_all) {
  const std::lock_guard lock(mutex_);
  if (of_all || server_) {
    PARVIS_ASSIGN_OR_RETURN(
        auto remove,
        database_->Prepare("DELETE FROM files WHERE state = 'writing' AND server NOT IN "
                           "(SELECT id FROM servers)"));
    PARVIS_RETURN_IF_ERROR(remove.Run());
  }
  PARVIS_ASSIGN_OR_RETURN(const bool removed, RemoveStrayPieces(*database_));
  has_deleted_ = has_deleted_ || removed;
  return has_deleted_ ? ForgetDeleted() : Status();
}

}  // namespace parvis::service
