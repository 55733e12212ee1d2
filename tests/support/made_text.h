// SPDX-License-Identifier: Apache-2.0
//
// Parts of documents that are made of tables in the sources. Each stands between two marks:
//
//   <!-- columns, made of tools/fuseboxctl/list_columns.cc -->
//   ...
//   <!-- end -->
//
// With FUSEBOX_UPDATE_DOCS=1 in the environment a test writes its part anew; scripts/update-docs
// runs those tests so.
#ifndef FUSEBOX_TESTS_SUPPORT_MADE_TEXT_H_
#define FUSEBOX_TESTS_SUPPORT_MADE_TEXT_H_

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"

namespace fusebox_testing {

inline std::string FileContent(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline bool UpdatesDocuments() {
  const char* const update = std::getenv("FUSEBOX_UPDATE_DOCS");  // NOLINT(concurrency-mt-unsafe)
  return update != nullptr && *update != '\0';
}

// Expects `text` after the mark of that name.
inline void ExpectMadeText(const std::string& path, const std::string& name,
                           const std::string& text) {
  const std::string begin = "<!-- " + name + " -->\n";
  const std::string end = "<!-- end -->";
  const std::string document = FileContent(path);
  const std::size_t mark = document.find(begin);
  ASSERT_NE(mark, std::string::npos) << path << " has no " << begin;
  const std::size_t from = mark + begin.size();
  const std::size_t to = document.find(end, from);
  ASSERT_NE(to, std::string::npos) << path << " has no " << end << " after " << begin;
  if (UpdatesDocuments()) {
    std::ofstream(path) << document.substr(0, from) << text << document.substr(to);
    return;
  }
  EXPECT_EQ(document.substr(from, to - from), text)
      << path << " is not as it is made: scripts/update-docs writes it anew";
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_SUPPORT_MADE_TEXT_H_
