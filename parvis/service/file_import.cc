#include "parvis/service/file_import.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <vector>

#include "parvis/core/sha256.h"
#include "parvis/service/file_pieces.h"
#include "parvis/store/database.h"

namespace parvis::service {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPiecesAtOnce = 16;  // in one transaction: each waits for the disk

struct OldFile {
  PieceOwner owner;
  int64_t bytes = 0;
};

Result<std::vector<OldFile>> FilesOfFolder(store::Database& database) {
  PARVIS_ASSIGN_OR_RETURN(auto select,
                          database.Prepare("SELECT id, organisation, owner, bytes FROM files "
                                           "WHERE state = 'folder' ORDER BY id"));
  std::vector<OldFile> files;
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return files;
    files.push_back({{select.Text(0), select.Text(1), select.Text(2)}, select.Int(3)});
  }
}

std::string PathOf(const std::string& folder, const PieceOwner& owner) {
  return folder + "/" + Sha256Hex(owner.organisation + '\0' + owner.owner).substr(0, 32) + "/" +
         owner.file;
}

// False: the bytes are not those that there were.
Result<bool> TakeIn(store::Database& database, const std::string& folder, const OldFile& file) {
  const std::string path = PathOf(folder, file.owner);
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error || static_cast<int64_t>(size) != file.bytes) return false;
  std::ifstream in(path, std::ios::binary);
  std::string piece;
  int64_t number = 0;
  for (int64_t left = file.bytes; left > 0;) {
    PARVIS_ASSIGN_OR_RETURN(auto transaction, store::Transaction::Begin(database));
    for (int64_t i = 0; i < kPiecesAtOnce && left > 0; ++i) {
      piece.resize(static_cast<size_t>(std::min(left, kPieceBytes)));
      in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
      if (!in) return IoError(path + ": cannot be read");
      PARVIS_RETURN_IF_ERROR(WritePiece(database, file.owner, number++, piece));
      left -= static_cast<int64_t>(piece.size());
    }
    PARVIS_RETURN_IF_ERROR(transaction.Commit());
  }
  return true;
}

// All at once: from here on the database has them.
Status Switch(store::Database& database, const std::vector<std::string>& lost) {
  PARVIS_ASSIGN_OR_RETURN(auto transaction, store::Transaction::Begin(database));
  for (const std::string& id : lost) {
    PARVIS_ASSIGN_OR_RETURN(auto remove, database.Prepare("DELETE FROM files WHERE id = ?1"));
    PARVIS_RETURN_IF_ERROR(remove.Bind(1, id).Run());
  }
  PARVIS_RETURN_IF_ERROR(database.Run("UPDATE files SET state = 'whole' WHERE state = 'folder'"));
  return transaction.Commit();
}

}  // namespace

Status TakeInFiles(const std::string& where, const std::string& folder) {
  PARVIS_ASSIGN_OR_RETURN(const auto database, store::Database::Open(where));
  PARVIS_ASSIGN_OR_RETURN(const std::vector<OldFile> files, FilesOfFolder(*database));
  std::vector<std::string> lost;
  for (const OldFile& file : files) {
    PARVIS_ASSIGN_OR_RETURN(const bool whole, TakeIn(*database, folder, file));
    if (!whole) lost.push_back(file.owner.file);
  }
  if (!files.empty()) PARVIS_RETURN_IF_ERROR(Switch(*database, lost));
  std::error_code error;
  fs::remove_all(folder, error);
  return error ? IoError(folder + ": " + error.message()) : Status();
}

}  // namespace parvis::service
