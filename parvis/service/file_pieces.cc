#include "parvis/service/file_pieces.h"

#include <chrono>
#include <thread>
#include <vector>

#include "parvis/core/check.h"

namespace parvis::service {
namespace {

constexpr int64_t kRemovedAtOnce = 8;  // pieces; SQLite overwrites what it removes

}  // namespace

Status WritePiece(store::Database& database, const PieceOwner& owner, int64_t number,
                  std::string_view bytes) {
  PARVIS_CHECK(static_cast<int64_t>(bytes.size()) <= kPieceBytes);
  PARVIS_ASSIGN_OR_RETURN(
      auto insert,
      database.Prepare("INSERT INTO file_pieces(file, number, organisation, owner, bytes) "
                       "VALUES(?1, ?2, ?3, ?4, ?5) "
                       "ON CONFLICT(file, number) DO UPDATE SET bytes = excluded.bytes"));
  return insert.Bind(1, owner.file)
      .Bind(2, number)
      .Bind(3, owner.organisation)
      .Bind(4, owner.owner)
      .BindBytes(5, bytes)
      .Run();
}

Result<std::string> ReadPiece(store::Database& database, const std::string& file, int64_t number) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database.Prepare("SELECT bytes FROM file_pieces WHERE file = ?1 AND number = ?2"));
  PARVIS_ASSIGN_OR_RETURN(const bool found, select.Bind(1, file).Bind(2, number).Step());
  if (!found) return DataLoss(file + ": a piece is missing");
  return select.Text(0);
}

// Between two steps others may write for as long as one took.
Status RemovePieces(store::Database& database, const std::string& file) {
  using std::chrono::steady_clock;
  while (true) {
    const auto begun = steady_clock::now();
    PARVIS_ASSIGN_OR_RETURN(
        auto remove,
        database.Prepare("DELETE FROM file_pieces WHERE file = ?1 AND number IN (SELECT number "
                         "FROM file_pieces WHERE file = ?1 ORDER BY number DESC LIMIT ?2) "
                         "RETURNING number"));
    remove.Bind(1, file).Bind(2, kRemovedAtOnce);
    bool any = false;
    while (true) {
      PARVIS_ASSIGN_OR_RETURN(const bool row, remove.Step());
      if (!row) break;
      any = true;
    }
    if (!any) return {};
    std::this_thread::sleep_for(steady_clock::now() - begun);
  }
}

Result<bool> RemoveStrayPieces(store::Database& database) {
  std::vector<std::string> files;
  {
    PARVIS_ASSIGN_OR_RETURN(
        auto select, database.Prepare("SELECT DISTINCT file FROM file_pieces p WHERE NOT EXISTS "
                                      "(SELECT 1 FROM files f WHERE f.id = p.file)"));
    while (true) {
      PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      files.push_back(select.Text(0));
    }
  }
  for (const std::string& file : files) PARVIS_RETURN_IF_ERROR(RemovePieces(database, file));
  return !files.empty();
}

}  // namespace parvis::service
