// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CONFIG_PROBLEMS_H_
#define FUSEBOX_SRC_CONFIG_PROBLEMS_H_

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fusebox::internal {

// A key below a path: "dependencies.payment", or "services["shop.Payments"]" if it isn't one word.
std::string ConfigPath(absl::string_view path, absl::string_view key);

// All that is wrong with a file, or odd in it: each with its line, and none twice, as where a
// preset is used more than once.
class Problems {
 public:
  // The most that are told one by one.
  static constexpr std::size_t kMaxTold = 100;

  explicit Problems(std::string file) : file_(std::move(file)) {}

  // "file:12", or "file" without a line.
  std::string Place(int line) const;

  // "dependencies.payment.default.jitter = 2, must be at least 0 and less than 1".
  void MustBe(int line, absl::string_view path, absl::string_view value, absl::string_view range);

  // "path: what"; the path may be empty.
  void Add(int line, absl::string_view path, absl::string_view what);

  // At a place that another one has made.
  void AddAt(const std::string& place, absl::string_view path, absl::string_view what);

  // Whether advice is given of that many names: not of any number, and not on what isn't told.
  bool Advises(std::size_t names) const;

  // "; did you mean jitter?", of a name that isn't one of those; or nothing, if none is near, or
  // once the search for such names has taken too long altogether.
  std::string Advice(absl::string_view name, const std::set<std::string>& names);

  bool empty() const { return count_ == 0; }
  std::size_t count() const { return count_; }

  // By line. OK, or INVALID_ARGUMENT with a line for each.
  absl::Status ToStatus() const;
  std::vector<std::string> Lines() const;

 private:
  struct Told {
    int line = 0;
    std::string text;
  };

  void Tell(int line, const std::string& place, absl::string_view path, absl::string_view what);

  const std::string file_;
  std::size_t advice_steps_ = 0;
  std::size_t count_ = 0;
  std::vector<Told> told_;
  std::set<std::pair<std::string, std::string>> seen_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_PROBLEMS_H_
