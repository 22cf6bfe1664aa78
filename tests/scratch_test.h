#ifndef TESTS_SCRATCH_TEST_H_
#define TESTS_SCRATCH_TEST_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "parvis/core/check.h"
#include "parvis/core/file.h"

namespace parvis {

// A test with a folder of its own, which is removed afterwards: tests run side by side.
class ScratchTest : public testing::Test {
 protected:
  ScratchTest() : folder_(testing::TempDir() + "parvis-test-XXXXXX") {
    PARVIS_CHECK(mkdtemp(folder_.data()) != nullptr);
  }
  ~ScratchTest() override {
    std::error_code left;  // a folder that cannot be removed fails no test
    std::filesystem::remove_all(folder_, left);
  }

  // A file of the folder, with the folders that its name has; its path.
  std::string Write(const std::string& name, std::string_view content) const {
    const std::string path = folder_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    EXPECT_TRUE(WriteFileAtomically(path, content).ok()) << path;
    return path;
  }

  std::string folder_;
};

}  // namespace parvis

#endif  // TESTS_SCRATCH_TEST_H_
