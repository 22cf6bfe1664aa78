#ifndef PARVIS_SERVICE_BACKUP_H_
#define PARVIS_SERVICE_BACKUP_H_

#include <cstdint>
#include <string>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/store/copy.h"

// All that a server keeps, in one file (archive.h): the database, files of owners among it, and the
// pepper without which it knows no key. Models and the configuration are not part of it.
namespace parvis::service {

struct BackupFacts {
  std::string made_by;  // Parvis's version
  int64_t created_ms = 0;
  int64_t files = 0;  // of owners
  store::DatabaseFacts database;
};
OrderedJson JsonOf(const BackupFacts& facts);

// Writes `file` from a folder that a server may be using: the database as it is at one moment. It
// has its name once it was read back and found whole; a kill leaves
// FILE.part, which the next one clears away. Never overwrites, unless `force`.
Result<BackupFacts> MakeBackup(const std::string& folder, const std::string& file,
                               const std::string& made_by, bool force);

// Puts a backup in the place of what is in `folder`, wholly or not at all, whenever it is killed.
// With `force` what was there goes to FOLDER/replaced.N, without it there must be nothing. Refuses
// a file that is damaged or made by a later Parvis, and a folder that a server uses; nothing is
// changed then. The schema becomes today's.
Result<BackupFacts> RestoreBackup(const std::string& file, const std::string& folder, bool force);

// Ends a restore that was killed after the point of no return. To be called before anything in the
// folder is opened; costs nothing if there is none.
Status FinishRestore(const std::string& folder);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_BACKUP_H_
