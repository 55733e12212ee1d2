// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/policy_file.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fusebox/config/config_watcher.h"

namespace demo {
namespace {

constexpr char kDefault[] = "dependencies:\n  inventory: {}\n";
constexpr char kFirstFailure[] =
    "dependencies:\n  inventory:\n    default:\n      consecutive_failures: 1\n      "
    "open_duration: 1s\n";

class FollowedFile final : public PolicyFile {
 public:
  ~FollowedFile() override {
    watcher_ = nullptr;
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  absl::Status Start(const std::shared_ptr<fusebox::CircuitRegistry>& registry) {
    std::string folder = (std::filesystem::temp_directory_path() / "fusebox_demo_XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return absl::UnavailableError("no temporary folder");
    folder_ = folder;
    if (absl::Status written = Write(kDefault); !written.ok()) return written;
    fusebox::ConfigWatcherOptions options;
    options.path = File();
    options.registry = registry;
    auto watcher = fusebox::ConfigWatcher::Start(std::move(options));
    if (!watcher.ok()) return watcher.status();
    watcher_ = *std::move(watcher);
    return absl::OkStatus();
  }

  absl::Status OpenAtFirstFailure() override { return Write(kFirstFailure); }
  absl::Status GoByDefault() override { return Write(kDefault); }

 private:
  std::string File() const { return (folder_ / "policies.yaml").string(); }

  // As an editor does: a new file takes the place of the old one.
  absl::Status Write(const char* text) const {
    std::ofstream(File() + "~") << text;
    std::error_code error;
    std::filesystem::rename(File() + "~", File(), error);
    return error ? absl::UnavailableError(absl::StrCat(File(), ": ", error.message()))
                 : absl::OkStatus();
  }

  std::filesystem::path folder_;
  std::unique_ptr<fusebox::ConfigWatcher> watcher_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<PolicyFile>> PolicyFile::Follow(
    const std::shared_ptr<fusebox::CircuitRegistry>& registry) {
  auto file = std::make_unique<FollowedFile>();
  if (absl::Status started = file->Start(registry); !started.ok()) return started;
  return file;
}

}  // namespace demo
