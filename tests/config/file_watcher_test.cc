// SPDX-License-Identifier: Apache-2.0
//
// What happens to a file, and when a watcher tells of it.
#include "src/config/file_watcher.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/fork.h"
#include "src/config/stop_signal.h"
#include "src/config/watched_names.h"
#include "tests/config/written_files.h"
#include "tests/support/in_child.h"
#include "tests/support/test_folder.h"

namespace fusebox_testing {
namespace {

using fusebox::internal::FileWatcher;
using fusebox::internal::FileWatcherOptions;
using fusebox::internal::NamesOnTheWay;
using fusebox::internal::StateOf;
using fusebox::internal::StopSignal;
using fusebox::internal::WatchedName;

// Is told what the file holds each time that it may have changed, and waits for what a test expects
// there.
class Reader {
 public:
  explicit Reader(std::filesystem::path path) : path_(std::move(path)) {}

  void Read() {
    // Not of what isn't a file: a FIFO would wait for a writer.
    std::optional<std::string> text;
    std::error_code unknown;
    if (std::filesystem::is_regular_file(path_, unknown)) {
      std::ifstream file(path_, std::ios::binary);
      if (file)
        text.emplace(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    text_ = std::move(text);
    ++reads_;
    changed_.notify_all();
  }

  // Nothing: there is no such file. Waits for a very long time, and no longer than needed.
  void WaitFor(const std::optional<std::string>& text) {
    std::unique_lock<std::mutex> lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::minutes(2),
                                  [&] { return reads_ > 0 && text_ == text; }))
        << "expected " << text.value_or("no file") << ", got " << text_.value_or("no file");
  }

  // That there has been one more read than before.
  void WaitForReads(int reads) {
    std::unique_lock<std::mutex> lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::minutes(2), [&] { return reads_ >= reads; }));
  }

  int reads() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return reads_;
  }

 private:
  const std::filesystem::path path_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> text_;
  int reads_ = 0;
};

void Begin(Reader& reader, FileWatcher& watcher) {
  reader.Read();
  EXPECT_TRUE(watcher.Start());
}

// By the kernel's notices, by looks, and by looks since the kernel doesn't give any.
enum class By { kNotices, kLooks, kLooksForLack };

FileWatcherOptions OptionsOf(By by) {
  FileWatcherOptions options;
  options.still_for = absl::Milliseconds(5);
  options.poll_interval = absl::Milliseconds(5);
  // A test that needs one would not end.
  options.look_interval = absl::Hours(1);
  options.always_poll = by == By::kLooks;
  if (by == By::kLooksForLack) options.open_inotify = [] { return -1; };
  return options;
}

class FileWatcherTest : public testing::TestWithParam<By> {
 protected:
  void Watch(const std::filesystem::path& path) {
    reader_ = std::make_unique<Reader>(path);
    watcher_ = std::make_unique<FileWatcher>(path.string(), OptionsOf(GetParam()),
                                             [this] { reader_->Read(); });
    reader_->Read();
    EXPECT_TRUE(watcher_->Start());
    EXPECT_EQ(watcher_->polls(), GetParam() != By::kNotices);
  }
  void WaitFor(const std::optional<std::string>& text) { reader_->WaitFor(text); }

  TestFolder folder_;
  std::unique_ptr<Reader> reader_;
  std::unique_ptr<FileWatcher> watcher_;
};

INSTANTIATE_TEST_SUITE_P(Way, FileWatcherTest,
                         testing::Values(By::kNotices, By::kLooks, By::kLooksForLack),
                         [](const auto& each) {
                           return std::string(each.param == By::kNotices ? "Notices"
                                              : each.param == By::kLooks ? "Looks"
                                                                         : "LooksForLack");
                         });

TEST_P(FileWatcherTest, InPlace) {
  WriteInPlace(folder_ / "a.yaml", "one");
  Watch(folder_ / "a.yaml");
  WaitFor("one");
  WriteInPlace(folder_ / "a.yaml", "two, and more");
  WaitFor("two, and more");
  WriteInPlace(folder_ / "a.yaml", "");
  WaitFor("");
}

TEST_P(FileWatcherTest, Append) {
  WriteInPlace(folder_ / "a.yaml", "one");
  Watch(folder_ / "a.yaml");
  std::ofstream(folder_ / "a.yaml", std::ios::app) << ", two";
  WaitFor("one, two");
}

TEST_P(FileWatcherTest, ByAnEditor) {
  WriteInPlace(folder_ / "a.yaml", "one");
  Watch(folder_ / "a.yaml");
  for (const char* const text : {"two", "three", "four"}) {
    WriteAsEditor(folder_ / "a.yaml", text);
    WaitFor(text);
  }
}

// vim with `backup`: the old one is moved away first.
TEST_P(FileWatcherTest, MovedAwayAndWrittenAnew) {
  WriteInPlace(folder_ / "a.yaml", "one");
  Watch(folder_ / "a.yaml");
  std::filesystem::rename(folder_ / "a.yaml", folder_ / "a.yaml~");
  WaitFor(std::nullopt);
  WriteInPlace(folder_ / "a.yaml", "two");
  WaitFor("two");
}

TEST_P(FileWatcherTest, DeletedAndBack) {
  WriteInPlace(folder_ / "a.yaml", "one");
  Watch(folder_ / "a.yaml");
  std::filesystem::remove(folder_ / "a.yaml");
  WaitFor(std::nullopt);
  WriteInPlace(folder_ / "a.yaml", "two");
  WaitFor("two");
}

TEST_P(FileWatcherTest, NotThereYet) {
  Watch(folder_ / "a.yaml");
  WaitFor(std::nullopt);
  WriteInPlace(folder_ / "a.yaml", "one");
  WaitFor("one");
}

TEST_P(FileWatcherTest, NorItsFolders) {
  Watch(folder_ / "etc/shop/a.yaml");
  WaitFor(std::nullopt);
  std::filesystem::create_directories(folder_ / "etc/shop");
  WriteInPlace(folder_ / "etc/shop/a.yaml", "one");
  WaitFor("one");
}

TEST_P(FileWatcherTest, FolderDeletedAndRemade) {
  std::filesystem::create_directories(folder_ / "etc/shop");
  WriteInPlace(folder_ / "etc/shop/a.yaml", "one");
  Watch(folder_ / "etc/shop/a.yaml");
  std::filesystem::remove_all(folder_ / "etc");
  WaitFor(std::nullopt);
  std::filesystem::create_directories(folder_ / "etc/shop");
  WriteInPlace(folder_ / "etc/shop/a.yaml", "two");
  WaitFor("two");
  WriteInPlace(folder_ / "etc/shop/a.yaml", "three");
  WaitFor("three");
}

TEST_P(FileWatcherTest, AFolderAboveIsReplaced) {
  std::filesystem::create_directories(folder_ / "old/shop");
  std::filesystem::create_directories(folder_ / "new/shop");
  WriteInPlace(folder_ / "old/shop/a.yaml", "one");
  WriteInPlace(folder_ / "new/shop/a.yaml", "two");
  Watch(folder_ / "old/shop/a.yaml");
  std::filesystem::rename(folder_ / "old", folder_ / "older");
  std::filesystem::rename(folder_ / "new", folder_ / "old");
  WaitFor("two");
  WriteInPlace(folder_ / "old/shop/a.yaml", "three");
  WaitFor("three");
}

TEST_P(FileWatcherTest, Kubernetes) {
  MountedConfigMap map(folder_ / "config", "policies.yaml");
  map.Update("one");
  Watch(map.file());
  WaitFor("one");
  for (const char* const text : {"two", "three", "four"}) {
    map.Update(text);
    WaitFor(text);
  }
}

TEST_P(FileWatcherTest, ALinkIsTurned) {
  std::filesystem::create_directories(folder_ / "a");
  std::filesystem::create_directories(folder_ / "b");
  WriteInPlace(folder_ / "a/one.yaml", "one");
  WriteInPlace(folder_ / "b/two.yaml", "two");
  std::filesystem::create_symlink(folder_ / "a/one.yaml", folder_ / "link.yaml");
  Watch(folder_ / "link.yaml");
  WaitFor("one");
  std::filesystem::create_symlink("b/two.yaml", folder_ / "next");
  std::filesystem::rename(folder_ / "next", folder_ / "link.yaml");
  WaitFor("two");
  WriteInPlace(folder_ / "b/two.yaml", "three");  // in the folder that it leads to now
  WaitFor("three");
}

TEST_P(FileWatcherTest, ALinkOfLinksToNothing) {
  std::filesystem::create_symlink("b.yaml", folder_ / "a.yaml");
  std::filesystem::create_symlink("c.yaml", folder_ / "b.yaml");
  Watch(folder_ / "a.yaml");
  WaitFor(std::nullopt);
  WriteInPlace(folder_ / "c.yaml", "one");
  WaitFor("one");
}

TEST_P(FileWatcherTest, LinksInACircle) {
  std::filesystem::create_symlink("b.yaml", folder_ / "a.yaml");
  std::filesystem::create_symlink("a.yaml", folder_ / "b.yaml");
  Watch(folder_ / "a.yaml");
  WaitFor(std::nullopt);
  std::filesystem::remove(folder_ / "b.yaml");
  WriteInPlace(folder_ / "b.yaml", "one");
  WaitFor("one");
}

TEST_P(FileWatcherTest, BecomesAFifo) {
  WriteInPlace(folder_ / "a.yaml", "one");
  Watch(folder_ / "a.yaml");
  std::filesystem::remove(folder_ / "a.yaml");
  ASSERT_EQ(mkfifo((folder_ / "a.yaml").c_str(), 0600), 0);
  WaitFor(std::nullopt);
  std::filesystem::remove(folder_ / "a.yaml");
  WriteInPlace(folder_ / "a.yaml", "two");
  WaitFor("two");
}

TEST_P(FileWatcherTest, BecomesADevice) {
  WriteInPlace(folder_ / "a.yaml", "one");
  Watch(folder_ / "a.yaml");
  std::filesystem::create_symlink("/dev/zero", folder_ / "next");
  std::filesystem::rename(folder_ / "next", folder_ / "a.yaml");
  WaitFor(std::nullopt);
  WriteAsEditor(folder_ / "a.yaml", "two");
  WaitFor("two");
}

TEST_P(FileWatcherTest, BecomesAFolder) {
  WriteInPlace(folder_ / "a.yaml", "one");
  Watch(folder_ / "a.yaml");
  std::filesystem::remove(folder_ / "a.yaml");
  std::filesystem::create_directory(folder_ / "a.yaml");
  WaitFor(std::nullopt);
  std::filesystem::remove(folder_ / "a.yaml");
  WriteInPlace(folder_ / "a.yaml", "two");
  WaitFor("two");
}

TEST_P(FileWatcherTest, Unreadable) {
  WriteInPlace(folder_ / "a.yaml", "one");
  Watch(folder_ / "a.yaml");
  const int reads = reader_->reads();
  std::filesystem::permissions(folder_ / "a.yaml", std::filesystem::perms::none);
  reader_->WaitForReads(reads + 1);
  std::filesystem::permissions(folder_ / "a.yaml", std::filesystem::perms::owner_all);
  reader_->WaitForReads(reads + 2);
  WaitFor("one");
}

TEST_P(FileWatcherTest, ReplacedByOneOfTheSameSizeAndTime) {
  WriteInPlace(folder_ / "a.yaml", "one");
  Watch(folder_ / "a.yaml");
  WriteInPlace(folder_ / "b.yaml", "two");
  std::filesystem::last_write_time(folder_ / "b.yaml",
                                   std::filesystem::last_write_time(folder_ / "a.yaml"));
  std::filesystem::rename(folder_ / "b.yaml", folder_ / "a.yaml");
  WaitFor("two");
}

// There is no end of events while somebody writes all the time.
TEST_P(FileWatcherTest, AfterTheLongestWaitIfItIsNeverStill) {
  WriteInPlace(folder_ / "a.yaml", "one");
  FileWatcherOptions options = OptionsOf(GetParam());
  options.still_for = absl::Minutes(10);
  options.longest_wait = absl::Milliseconds(50);
  Reader reader(folder_ / "a.yaml");
  FileWatcher watcher((folder_ / "a.yaml").string(), options, [&] { reader.Read(); });
  Begin(reader, watcher);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; !done; ++i) WriteAsEditor(folder_ / "a.yaml", std::to_string(i));
  });
  reader.WaitForReads(4);
  done = true;
  writer.join();
}

// A file that is written in pieces is looked at when it is complete.
TEST_P(FileWatcherTest, NotBeforeItIsStill) {
  WriteInPlace(folder_ / "a.yaml", "one");
  FileWatcherOptions options = OptionsOf(GetParam());
  options.still_for = absl::Minutes(10);
  options.longest_wait = absl::Minutes(10);
  Reader reader(folder_ / "a.yaml");
  auto watcher =
      std::make_unique<FileWatcher>((folder_ / "a.yaml").string(), options, [&] { reader.Read(); });
  Begin(reader, *watcher);
  WriteInPlace(folder_ / "a.yaml", "two");
  watcher = nullptr;  // and ends at once, though it would wait for so long
  EXPECT_EQ(reader.reads(), 1);
}

// What happens while the file is being read isn't lost.
TEST_P(FileWatcherTest, ChangesDuringTheCall) {
  WriteInPlace(folder_ / "a.yaml", "one");
  Reader reader(folder_ / "a.yaml");
  int calls = 0;
  FileWatcher watcher((folder_ / "a.yaml").string(), OptionsOf(GetParam()), [&] {
    reader.Read();
    if (++calls < 4) WriteAsEditor(folder_ / "a.yaml", std::to_string(calls));
  });
  Begin(reader, watcher);
  WriteAsEditor(folder_ / "a.yaml", "two");
  reader.WaitFor("3");
}

TEST_P(FileWatcherTest, ARelativePathIsOfTheFolderOfThatTime) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  reader_ = std::make_unique<Reader>(folder_ / "a.yaml");
  watcher_ =
      std::make_unique<FileWatcher>("./a.yaml", OptionsOf(GetParam()), [this] { reader_->Read(); });
  std::filesystem::current_path(before);
  Begin(*reader_, *watcher_);
  WriteInPlace(folder_ / "a.yaml", "one");
  WaitFor("one");
}

// Forked processes each follow the file by themselves.
TEST_P(FileWatcherTest, GoesOnAfterAFork) {
  WriteInPlace(folder_ / "a.yaml", "one");
  Watch(folder_ / "a.yaml");
  WaitFor("one");
  fusebox::PrepareFork();
  WriteAsEditor(folder_ / "a.yaml", "while it forks");
  const int in_child = InChild<int>([this] {
    fusebox::ResumeAfterFork();
    WaitFor("while it forks");
    WriteAsEditor(folder_ / "a.yaml", "by the child");
    WaitFor("by the child");
    watcher_ = nullptr;
    return 1;
  });
  EXPECT_EQ(in_child, 1);
  fusebox::ResumeAfterFork();
  WaitFor("by the child");
  WriteInPlace(folder_ / "a.yaml", "by the parent");
  WaitFor("by the parent");
}

TEST(FileWatcher, LeavesNoDescriptorsBehind) {
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  const TestFolder folder;
  WriteInPlace(folder / "a.yaml", "one");
  const auto before = descriptors();
  for (int i = 0; i < 20; ++i) {
    Reader reader(folder / "a.yaml");
    FileWatcher watcher((folder / "a.yaml").string(), OptionsOf(By::kNotices),
                        [&] { reader.Read(); });
    Begin(reader, watcher);
  }
  EXPECT_EQ(descriptors(), before);
}

// What happens to others in the folder is no reason to read the file.
TEST(FileWatcher, PassesOverOtherFiles) {
  const TestFolder folder;
  WriteInPlace(folder / "a.yaml", "one");
  Reader reader(folder / "a.yaml");
  FileWatcher watcher((folder / "a.yaml").string(), OptionsOf(By::kNotices),
                      [&] { reader.Read(); });
  Begin(reader, watcher);
  for (int i = 0; i < 100; ++i) WriteAsEditor(folder / "b.yaml", std::to_string(i));
  WriteAsEditor(folder / "a.yaml", "two");
  reader.WaitFor("two");
  EXPECT_LE(reader.reads(), 3);
}

// The user has as many watches as it may have, but no descriptor of the kernel's is refused.
TEST(FileWatcher, LooksIfAWatchIsRefused) {
  const TestFolder folder;
  WriteInPlace(folder / "a.yaml", "one");
  FileWatcherOptions options = OptionsOf(By::kNotices);
  options.open_inotify = [] { return open("/dev/null", O_RDONLY | O_CLOEXEC); };
  Reader reader(folder / "a.yaml");
  FileWatcher watcher((folder / "a.yaml").string(), options, [&] { reader.Read(); });
  Begin(reader, watcher);
  EXPECT_TRUE(watcher.polls());
  WriteAsEditor(folder / "a.yaml", "two");
  reader.WaitFor("two");
}

TEST(FileWatcher, LooksOnceInAWhileForWhatTheKernelDoesntTellOf) {
  const TestFolder folder;
  WriteInPlace(folder / "a.yaml", "one");
  std::filesystem::create_hard_link(folder / "a.yaml", folder / "other name");
  FileWatcherOptions options = OptionsOf(By::kNotices);
  options.look_interval = absl::Milliseconds(20);
  Reader reader(folder / "a.yaml");
  FileWatcher watcher((folder / "a.yaml").string(), options, [&] { reader.Read(); });
  Begin(reader, watcher);
  WriteInPlace(folder / "other name", "two, and more");
  reader.WaitFor("two, and more");
}

TEST(StopSignal, EndsAWait) {
  const StopSignal stop;
  std::thread waiter([&] {
    while (!stop.IsSet()) stop.WaitFor(absl::InfiniteDuration());
  });
  stop.Set();
  waiter.join();
  EXPECT_TRUE(stop.IsSet());
}

TEST(WatchedNames, OfEachLinkAndTheFile) {
  const TestFolder folder;
  MountedConfigMap map(folder / "config", "policies.yaml");
  map.Update("one");
  const std::string top = (folder / "config").string();
  using What = WatchedName::What;
  const std::vector<WatchedName> names = NamesOnTheWay(map.file().string());
  ASSERT_GE(names.size(), 4U);
  EXPECT_THAT(
      std::vector<WatchedName>(names.end() - 4, names.end()),
      testing::ElementsAre(WatchedName{top, "policies.yaml", What::kLink},
                           WatchedName{top, "..data", What::kLink},
                           WatchedName{top, "..2026_11_27_1", What::kFolder},
                           WatchedName{top + "/..2026_11_27_1", "policies.yaml", What::kEnd}));
}

TEST(WatchedNames, OfWhatIsMissing) {
  const TestFolder folder;
  const std::vector<WatchedName> names = NamesOnTheWay((folder / "etc/shop/a.yaml").string());
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(names.back(), (WatchedName{folder.path().string(), "etc", WatchedName::What::kEnd}));
  EXPECT_EQ(StateOf((folder / "etc/shop/a.yaml").string()).error, ENOENT);
}

}  // namespace
}  // namespace fusebox_testing
