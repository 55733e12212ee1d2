// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_SUPPORT_TEST_FOLDER_H_
#define FUSEBOX_TESTS_SUPPORT_TEST_FOLDER_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace fusebox_testing {

// An empty folder of this test's, that is removed at the end with all that is in it.
class TestFolder {
 public:
  TestFolder() {
    std::string path = testing::TempDir() + "fusebox-test-XXXXXX";
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    path_ = std::filesystem::canonical(path);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_SUPPORT_TEST_FOLDER_H_
