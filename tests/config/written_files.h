// SPDX-License-Identifier: Apache-2.0
//
// What programs do to files.
#ifndef FUSEBOX_TESTS_CONFIG_WRITTEN_FILES_H_
#define FUSEBOX_TESTS_CONFIG_WRITTEN_FILES_H_

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace fusebox_testing {

// In place: the file is empty for a moment.
inline void WriteInPlace(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// As an editor does: a new file that takes the old one's name.
inline void WriteAsEditor(const std::filesystem::path& path, const std::string& text) {
  const std::filesystem::path next = path.string() + "~";
  WriteInPlace(next, text);
  std::filesystem::rename(next, path);
}

// A folder as Kubernetes mounts a ConfigMap: "policies.yaml" is a link to "..data/policies.yaml",
// and "..data" one to a folder that is replaced as a whole.
class MountedConfigMap {
 public:
  MountedConfigMap(std::filesystem::path folder, std::string name)
      : folder_(std::move(folder)), name_(std::move(name)) {
    std::filesystem::create_directories(folder_);
  }

  std::filesystem::path file() const { return folder_ / name_; }

  void Update(const std::string& text) {
    const std::string former = data_;
    data_ = "..2026_11_27_" + std::to_string(++updates_);
    std::filesystem::create_directory(folder_ / data_);
    WriteInPlace(folder_ / data_ / name_, text);
    std::filesystem::create_directory_symlink(data_, folder_ / "..data_tmp");
    std::filesystem::rename(folder_ / "..data_tmp", folder_ / "..data");
    if (former.empty()) {
      std::filesystem::create_symlink("..data/" + name_, file());
    } else {
      std::filesystem::remove_all(folder_ / former);
    }
  }

 private:
  const std::filesystem::path folder_;
  const std::string name_;
  std::string data_;
  int updates_ = 0;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_CONFIG_WRITTEN_FILES_H_
