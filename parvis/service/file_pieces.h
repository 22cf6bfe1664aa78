#ifndef PARVIS_SERVICE_FILE_PIECES_H_
#define PARVIS_SERVICE_FILE_PIECES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "parvis/core/result.h"
#include "parvis/store/database.h"

// Bytes of files as rows of a database, so that whoever shares it sees them and a copy of it has
// them. No row is large, and no transaction here writes or removes many: others write in between.
// One thread at a time for a database.
namespace parvis::service {

inline constexpr int64_t kPieceBytes = int64_t{256} << 10;  // of each but the last

// Whose bytes they are: an entry of the table `files`.
struct PieceOwner {
  std::string file, organisation, owner;
};

// Piece `number`, from 0, whatever was there. At most kPieceBytes.
Status WritePiece(store::Database& database, const PieceOwner& owner, int64_t number,
                  std::string_view bytes);
// kDataLoss: there is none.
Result<std::string> ReadPiece(store::Database& database, const std::string& file, int64_t number);
Status RemovePieces(store::Database& database, const std::string& file);
// Those of no entry: what a kill left of writing or removing. Returns whether there were any.
Result<bool> RemoveStrayPieces(store::Database& database);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_FILE_PIECES_H_
