#ifndef TESTS_SCRATCH_DATABASE_H_
#define TESTS_SCRATCH_DATABASE_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "parvis/core/check.h"
#include "parvis/store/database.h"
#include "tests/scratch_test.h"

namespace parvis {

// Whether these tests run on a database that servers share: PARVIS_TEST_DATABASE has its address,
// without options (tests/server/postgres.py starts one).
inline bool ScratchIsShared() { return std::getenv("PARVIS_TEST_DATABASE") != nullptr; }

// Where a test's database is: a file of its folder, or an empty schema of the shared one, which one
// test at a time may have.
inline std::string ScratchDatabase(const std::string& folder) {
  const char* const address = std::getenv("PARVIS_TEST_DATABASE");
  if (address == nullptr) return folder + "/parvis.db";
  auto database = store::Database::Open(address);
  PARVIS_CHECK(database.ok());
  PARVIS_CHECK((*database)
                   ->RunScript("DROP SCHEMA IF EXISTS parvis_test CASCADE;"
                               "CREATE SCHEMA parvis_test;")
                   .ok());
  return std::string(address) + "&options=-csearch_path%3Dparvis_test";
}

// A test with a folder and a database of its own.
class ScratchDatabaseTest : public ScratchTest {
 protected:
  // Whether any file of the folder has these bytes.
  bool OnDisk(const std::string& text) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      std::ostringstream bytes;
      bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      if (bytes.str().find(text) != std::string::npos) return true;
    }
    return false;
  }

  std::string path_ = ScratchDatabase(folder_);  // where it is
};

}  // namespace parvis

#endif  // TESTS_SCRATCH_DATABASE_H_
