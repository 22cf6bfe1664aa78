#ifndef PARVIS_SERVICE_FILE_IMPORT_H_
#define PARVIS_SERVICE_FILE_IMPORT_H_

#include <string>

#include "parvis/core/result.h"

namespace parvis::service {

// Parvis 0.1 kept bytes of files in FOLDER/OWNER/ID. Takes them into the database at `where`
// (file_pieces.h) and then removes the folder. Killed at any moment, all files are where they were
// or all are in the database, and the next call goes on. An entry whose bytes were lost before
// goes. Costs nothing if there is no such folder and no such entry.
//
// REQUIRES: MigrateServiceTables; nobody else uses the folder.
Status TakeInFiles(const std::string& where, const std::string& folder);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_FILE_IMPORT_H_
