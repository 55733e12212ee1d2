// SPDX-License-Identifier: Apache-2.0
#include "interceptors/linked_services.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "src/base/mutex.h"
#include "src/compat/compat.h"

namespace fusebox::internal {
namespace {

constexpr int kMaxEdits = 2;

// All of them. The pool of generated code knows a service by its name alone; only its database, in
// which generated code registers itself, can be gone through. That takes microseconds a file, so it
// is done once, and again only if a library that was loaded later has brought more.
class LinkedServices {
 public:
  static LinkedServices& Get() {
    static auto* const kServices = new LinkedServices;  // may be asked at any time of the end
    return *kServices;
  }

  std::vector<std::string> Names() {
    MutexLock lock(mutex_);
    google::protobuf::DescriptorDatabase& database = GeneratedDatabase();
    std::vector<std::string> files;
    if (!database.FindAllFileNames(&files)) return names_;
    if (files.size() != files_) {
      names_.clear();
      for (const std::string& file : files) AddServicesOf(database, file);
      files_ = files.size();
    }
    return names_;
  }

 private:
  void AddServicesOf(google::protobuf::DescriptorDatabase& database, const std::string& file)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    google::protobuf::FileDescriptorProto proto;
    if (!database.FindFileByName(file, &proto)) return;
    for (const auto& service : proto.service()) {
      names_.push_back(proto.package().empty()
                           ? service.name()
                           : absl::StrCat(proto.package(), ".", service.name()));
    }
  }

  Mutex mutex_;
  std::size_t files_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> names_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

int EditDistance(absl::string_view a, absl::string_view b, int limit) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > static_cast<std::size_t>(limit)) return limit + 1;
  std::vector<int> row(a.size() + 1);  // from the beginnings of `a` to one of `b`
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t j = 1; j <= b.size(); ++j) {
    int diagonal = row[0];
    row[0] = static_cast<int>(j);
    for (std::size_t i = 1; i <= a.size(); ++i) {
      const int changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[i];
      row[i] = std::min({changed, row[i] + 1, row[i - 1] + 1});
    }
    if (*std::min_element(row.begin(), row.end()) > limit) return limit + 1;
  }
  return std::min(row.back(), limit + 1);
}

std::string NearestLinkedService(absl::string_view name) {
  // A look-up in the pool puts its database in order; after that, reading it changes nothing.
  static_cast<void>(
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(std::string(name)));
  std::string nearest;
  int nearest_edits = kMaxEdits + 1;
  for (std::string& linked : LinkedServices::Get().Names()) {
    const int edits = EditDistance(name, linked, kMaxEdits);
    if (edits >= nearest_edits) continue;
    nearest_edits = edits;
    nearest = std::move(linked);
  }
  return nearest;
}

}  // namespace fusebox::internal
