// SPDX-License-Identifier: Apache-2.0
#include "fusebox/admin/orders_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/fork.h"
#include "src/admin/orders_text.h"
#include "src/base/mutex.h"
#include "src/base/user_code.h"

namespace fusebox {

using internal::Mutex;
using internal::MutexLock;
using internal::OrdersFromText;
using internal::OrdersRead;
using internal::OrdersToText;
using internal::RunUserCode;

namespace {

constexpr mode_t kMode = 0600;
// More than 1,000 orders take, whatever they are.
constexpr std::size_t kMaxBytes = std::size_t{64} << 20U;

std::string ErrorText(int error) { return std::generic_category().message(error); }

absl::Status ErrnoStatus(absl::string_view what, const std::string& path, int error) {
  return absl::UnavailableError(absl::StrCat("can't ", what, " ", path, ": ", ErrorText(error)));
}

// An open file. -1: none.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }

  int fd() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

  // What only closing it may tell. Of a file whose data is synced, nothing.
  int Close() {
    const int fd = std::exchange(fd_, -1);
    return close(fd) == 0 || errno == EINTR ? 0 : errno;
  }

 private:
  int fd_;
};

File OpenFile(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = open(path.c_str(), flags | O_CLOEXEC, kMode);
  } while (fd < 0 && errno == EINTR);
  return File(fd);
}

// 0, or why not all of it is there.
int WriteAll(int fd, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

int Sync(int fd) {
  int result = 0;
  do {
    result = fsync(fd);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

// 0, or why not all of it could be read.
int ReadAll(int fd, std::string& text) {
  std::string part(std::size_t{64} << 10U, '\0');
  while (true) {
    const ssize_t count = read(fd, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) return 0;
    if (text.size() + static_cast<std::size_t>(count) > kMaxBytes) return EFBIG;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
}

// The folder of a path.
std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Where a symbolic link leads: what takes the file's place must be in the file's own folder.
std::string Resolved(const std::string& path) {
  char* const real = realpath(path.c_str(), nullptr);
  if (real == nullptr) return path;
  std::string resolved = real;
  std::free(real);  // NOLINT(cppcoreguidelines-no-malloc): realpath has taken it
  return resolved;
}

// Puts the text into the file, whole or not at all, and onto the disk.
absl::Status Replace(const std::string& path, absl::string_view text) {
  const std::string beside = path + ".new";
  File file = OpenFile(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  if (!file.ok()) return ErrnoStatus("write", beside, errno);
  int error =
      fchmod(file.fd(), kMode) == 0 ? 0 : errno;  // it may be an old one, or a strange umask
  if (error == 0) error = WriteAll(file.fd(), text);
  if (error == 0) error = Sync(file.fd());
  if (const int at_end = file.Close(); error == 0) error = at_end;
  if (error == 0 && rename(beside.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    unlink(beside.c_str());
    return ErrnoStatus("write", path, error);
  }
  const File folder = OpenFile(FolderOf(path), O_RDONLY | O_DIRECTORY);
  if (!folder.ok()) return ErrnoStatus("open the folder of", path, errno);
  error = Sync(folder.fd());
  // Some file systems can't sync a folder, and need not.
  if (error != 0 && error != EINVAL) return ErrnoStatus("sync the folder of", path, error);
  return absl::OkStatus();
}

// Renames what can't be used to a name that is not taken.
absl::StatusOr<std::string> SetAside(const std::string& path, absl::Time now) {
  const std::string name =
      absl::StrCat(path, ".broken-", absl::FormatTime("%Y%m%dT%H%M%SZ", now, absl::UTCTimeZone()));
  constexpr int kMaxTries = 1'000;
  for (int i = 1; i <= kMaxTries; ++i) {
    const std::string free_name = i == 1 ? name : absl::StrCat(name, "-", i);
    struct stat found = {};
    if (lstat(free_name.c_str(), &found) == 0) continue;
    if (rename(path.c_str(), free_name.c_str()) == 0) return free_name;
    return ErrnoStatus("rename", path, errno);
  }
  return absl::ResourceExhaustedError(absl::StrCat("too many files are named ", name));
}

}  // namespace

class OrdersFile::Impl {
 public:
  explicit Impl(OrdersFileOptions options)
      : path_(Resolved(options.path)),
        registry_(std::move(options.registry)),
        on_problem_(std::move(options.on_problem)) {}

  // Takes the file for this process. Where the folder can't be written, nobody can take it, and
  // there is nothing to protect.
  absl::Status Lock() {
    const std::string name = path_ + ".lock";
    lock_ = OpenFile(name, O_RDWR | O_CREAT | O_NOFOLLOW);
    if (!lock_.ok()) {
      if (errno == ENOENT || errno == ENOTDIR) {
        return absl::NotFoundError(
            absl::StrCat("there is no folder ", FolderOf(path_), " for the orders file ", path_));
      }
      warnings_.push_back(absl::StrCat("can't lock ", name, ": ", ErrorText(errno),
                                       "; orders are obeyed, and can't be kept there"));
      return absl::OkStatus();
    }
    if (flock(lock_.fd(), LOCK_EX | LOCK_NB) != 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("the orders file ", path_, " is in use by another process", HolderOf(name),
                       ": each needs a path of its own"));
    }
    const std::string pid = absl::StrCat(getpid(), "\n");
    if (ftruncate(lock_.fd(), 0) == 0) WriteAll(lock_.fd(), pid);  // for people; it may be missing
    return absl::OkStatus();
  }

  // Puts back what the file has.
  absl::Status Restore() {
    struct stat found = {};
    if (stat(path_.c_str(), &found) != 0) {
      if (errno == ENOENT) return absl::OkStatus();
    } else if (!S_ISREG(found.st_mode)) {
      return absl::InvalidArgumentError(
          absl::StrCat("path = \"", path_, "\", must be a file, or nothing yet"));
    }
    const absl::StatusOr<OrdersRead> read = Read();
    if (!read.ok() || !read->left_out.empty()) KeepBroken(read);
    if (!read.ok()) return absl::OkStatus();
    std::vector<StandingOrder> orders;
    const absl::Time now = registry_->clock().WallNow();
    for (const StandingOrder& order : read->orders) {
      if (order.until() > now) orders.push_back(order);  // that time ends them is no problem
    }
    for (std::string& warning : registry_->RestoreOrders(std::move(orders))) {
      warnings_.push_back(absl::StrCat("the orders file ", path_, ": ", warning));
    }
    return absl::OkStatus();
  }

  // For a registry's keeper. One call comes after the other.
  void Keep(const std::vector<StandingOrder>& orders) {
    if (getpid() != owner_) return;  // the file is the parent's
    const std::string text = OrdersToText(orders);
    std::string problem;
    {
      const MutexLock lock(mutex_);
      const bool failed_before = !status_.last_write.ok();
      status_.last_write = Write(text);
      (status_.last_write.ok() ? status_.writes : status_.failed_writes) += 1;
      unwritten_ = status_.last_write.ok() ? std::optional<std::string>() : text;
      if (!status_.last_write.ok()) {
        problem = absl::StrCat("standing orders are not kept: ", status_.last_write.message());
      } else if (failed_before) {
        problem = absl::StrCat("standing orders are kept again, in ", path_);
      }
    }
    if (!problem.empty()) Tell(problem);
  }

  // What could not be written, once more.
  void Finish() {
    if (getpid() != owner_) return;
    const MutexLock lock(mutex_);
    if (unwritten_ && Write(*unwritten_).ok()) unwritten_.reset();
  }

  const std::vector<std::string>& warnings() const { return warnings_; }
  CircuitRegistry& registry() { return *registry_; }

  OrdersFileStatus status() const {
    const MutexLock lock(mutex_);
    return status_;
  }

 private:
  // " (pid 123)", if it says so.
  static std::string HolderOf(const std::string& lock_name) {
    const File file = OpenFile(lock_name, O_RDONLY | O_NOFOLLOW);
    std::string text;
    int64_t pid = 0;
    if (!file.ok() || ReadAll(file.fd(), text) != 0) return "";
    if (!absl::SimpleAtoi(absl::StripSuffix(text, "\n"), &pid)) return "";
    return absl::StrCat(" (pid ", pid, ")");
  }

  absl::StatusOr<OrdersRead> Read() const {
    const File file = OpenFile(path_, O_RDONLY | O_NONBLOCK);
    if (!file.ok()) return absl::DataLossError(ErrorText(errno));
    std::string text;
    if (const int error = ReadAll(file.fd(), text); error != 0) {
      return absl::DataLossError(ErrorText(error));
    }
    return OrdersFromText(text);
  }

  // A file that can't be read is not overwritten.
  absl::Status Write(absl::string_view text) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (broken_in_place_) {
      const absl::StatusOr<std::string> aside = SetAside(path_, registry_->clock().WallNow());
      if (!aside.ok()) return aside.status();
      broken_in_place_ = false;
    }
    return Replace(path_, text);
  }

  // Puts what can't be read aside, for people, and says so.
  void KeepBroken(const absl::StatusOr<OrdersRead>& read) {
    const absl::StatusOr<std::string> aside = SetAside(path_, registry_->clock().WallNow());
    {
      const MutexLock lock(mutex_);
      broken_in_place_ = !aside.ok();
    }
    const std::string where = aside.ok() ? absl::StrCat("it is kept as ", *aside)
                                         : absl::StrCat(aside.status().message());
    if (!read.ok()) {
      warnings_.push_back(absl::StrCat("the orders file ", path_,
                                       " can't be read: ", read.status().message(),
                                       "; no order of it is in force, ", where));
      return;
    }
    for (const std::string& line : read->left_out) {
      warnings_.push_back(absl::StrCat("the orders file ", path_, ": ", line));
    }
    warnings_.push_back(absl::StrCat("the orders file ", path_, ": ", read->left_out.size(),
                                     " orders are not in force, the others are; ", where));
  }

  void Tell(const std::string& problem) {
    if (!on_problem_) return;
    RunUserCode([&] { on_problem_(problem); },
                [this](const std::string& exception) {
                  registry_->ReportUserCodeFailure(UserCode::kListener, exception);
                });
  }

  const std::string path_;
  const std::shared_ptr<CircuitRegistry> registry_;
  const std::function<void(const std::string&)> on_problem_;
  const pid_t owner_ = getpid();
  File lock_{-1};
  std::vector<std::string> warnings_;  // from Open alone

  mutable Mutex mutex_;  // held while the file is written
  OrdersFileStatus status_ ABSL_GUARDED_BY(mutex_);
  std::optional<std::string> unwritten_ ABSL_GUARDED_BY(mutex_);
  bool broken_in_place_ ABSL_GUARDED_BY(mutex_) = false;  // it could not be put aside yet

  // A child that lives on would hold the lock for a parent that is gone.
  const ForkHooks fork_hooks_{[] { return std::thread(); },
                              [this](bool in_child) {
                                if (in_child) lock_ = File(-1);
                              }};
};

absl::StatusOr<std::unique_ptr<OrdersFile>> OrdersFile::Open(OrdersFileOptions options) {
  if (options.path.empty()) {
    return absl::InvalidArgumentError("path = \"\", must be that of a file");
  }
  if (options.registry == nullptr) {
    return absl::InvalidArgumentError("registry = null, must not be null");
  }
  const auto impl = std::make_shared<Impl>(std::move(options));
  if (absl::Status status = impl->Lock(); !status.ok()) return status;
  if (absl::Status status = impl->Restore(); !status.ok()) return status;
  // Written at once, so that it is known now, and not at the first order, if that can't be done.
  impl->Keep(impl->registry().Orders());
  impl->registry().SetOrderKeeper(
      [impl](const std::vector<StandingOrder>& orders) { impl->Keep(orders); });
  return std::unique_ptr<OrdersFile>(new OrdersFile(impl));
}

OrdersFile::OrdersFile(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

OrdersFile::~OrdersFile() {
  impl_->registry().SetOrderKeeper(nullptr);
  impl_->Finish();
}

const std::vector<std::string>& OrdersFile::warnings() const { return impl_->warnings(); }

OrdersFileStatus OrdersFile::status() const { return impl_->status(); }

}  // namespace fusebox
