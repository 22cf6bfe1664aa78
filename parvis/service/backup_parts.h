#ifndef PARVIS_SERVICE_BACKUP_PARTS_H_
#define PARVIS_SERVICE_BACKUP_PARTS_H_

#include <string>

#include "parvis/core/result.h"

// What making and restoring a backup share: the names of what is in it, and in a folder.
namespace parvis::service {

inline constexpr const char kDatabaseName[] = "parvis.db";
inline constexpr const char kPepperName[] = "parvis.pepper";
inline constexpr const char kFilesName[] = "files";
inline constexpr const char kManifestName[] = "parvis-backup.json";
inline constexpr const char kBackupSchema[] = "parvis.backup/2";
// Of Parvis 0.1, whose files lay beside the database: "files/OWNER/ID" in the archive.
inline constexpr const char kBackupSchemaBefore[] = "parvis.backup/1";

// So that names in it outlive a power cut. Empty: the working folder.
Status SyncFolder(const std::string& folder);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_BACKUP_PARTS_H_
