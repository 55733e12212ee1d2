// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_SUPPORT_TEST_FOLDER_H_
#define FUSEBOX_TESTS_SUPPORT_TEST_FOLDER_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace fusebox_testing {

// An empty folder of this test's, that is removed at the end with all that is in it.
class TestFolder {
 public:
  TestFolder() { EXPECT_NE(mkdtemp(path_.data()), nullptr); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_ = testing::TempDir() + "fusebox-test-XXXXXX";
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_SUPPORT_TEST_FOLDER_H_
