// SPDX-License-Identifier: Apache-2.0
#include "fusebox/admin/orders_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/fork.h"
#include "src/admin/orders_text.h"
#include "src/base/counted.h"
#include "src/base/mutex.h"
#include "src/base/own_fd.h"
#include "src/base/user_code.h"

namespace fusebox {

using internal::Counted;
using internal::Mutex;
using internal::MutexLock;
using internal::OrdersFromText;
using internal::OrdersRead;
using internal::OrdersWriter;
using internal::OrdersWritten;
using internal::OwnFd;
using internal::RunUserCode;

namespace {

constexpr mode_t kMode = 0600;
// More than 1,000 orders take, unless they name the same fields over and over. What has more is
// neither read nor written.
constexpr std::size_t kMaxBytes = std::size_t{64} << 20U;

std::string ErrorText(int error) { return std::generic_category().message(error); }

absl::Status ErrnoStatus(absl::string_view what, const std::string& path, int error) {
  return absl::UnavailableError(absl::StrCat("can't ", what, " ", path, ": ", ErrorText(error)));
}

OwnFd OpenFile(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = open(path.c_str(), flags | O_CLOEXEC, kMode);
  } while (fd < 0 && errno == EINTR);
  return OwnFd(fd);
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

// What the path has behind its folder.
std::string NameOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string Within(const std::string& folder, const std::string& name) {
  return absl::StrCat(folder, folder == "/" ? "" : "/", name);
}

// Absolute, with no symbolic link in it. Empty, and errno says why, if there is none.
std::string RealPath(const std::string& path) {
  char* const real = realpath(path.c_str(), nullptr);
  if (real == nullptr) return "";
  std::string resolved = real;
  std::free(real);  // NOLINT(cppcoreguidelines-no-malloc): realpath has taken it
  return resolved;
}

// What a symbolic link says. Empty if the path is none.
std::string LinkAt(const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = readlink(path.c_str(), target.data(), target.size());
  target.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return target;
}

absl::Status NoFolder(const std::string& path, const std::string& given) {
  const std::string why = path == given ? "" : absl::StrCat(", where ", given, " leads");
  return absl::NotFoundError(
      absl::StrCat("there is no folder ", FolderOf(path), " for the orders file ", path, why));
}

// Where the file is, or will be: absolute, since the process may go to another folder, and where
// symbolic links lead, since what takes the file's place must be in its own folder.
absl::StatusOr<std::string> Resolved(const std::string& path) {
  constexpr int kMaxLinks = 40;
  std::string at = path;
  for (int links = 0; links <= kMaxLinks; ++links) {
    const std::string folder = RealPath(FolderOf(at));
    if (folder.empty() && (errno == ENOENT || errno == ENOTDIR)) return NoFolder(at, path);
    if (folder.empty()) {
      // It can't be looked at, as little as the file.
      return at.front() == '/' ? at : Within(RealPath("."), at);
    }
    at = Within(folder, NameOf(at));
    const std::string link = LinkAt(at);
    if (link.empty()) return at;
    at = link.front() == '/' ? link : Within(folder, link);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("path = \"", path, "\", must not be a symbolic link that leads to itself"));
}

absl::Status CheckIsFile(const std::string& path) {
  struct stat found = {};
  const bool is_there = stat(path.c_str(), &found) == 0;
  if (!NameOf(path).empty() && (!is_there || S_ISREG(found.st_mode))) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("path = \"", path, "\", must be a file, or nothing yet"));
}

bool IsSameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// A file that shows that a process uses another one, by a lock that ends with the process.
class LockFile {
 public:
  explicit LockFile(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }

  // Takes it, unless it is taken already and still there: somebody may have removed it, and another
  // process have made a new one. FAILED_PRECONDITION: another process has it. UNAVAILABLE: there
  // can't be one.
  absl::Status Hold() {
    if (IsHeld()) return absl::OkStatus();
    file_ = OwnFd(-1);
    constexpr int kMaxTries = 100;  // as often as others may remove it meanwhile
    for (int i = 0; i < kMaxTries; ++i) {
      OwnFd file = OpenFile(name_, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK);
      if (!file && errno != ELOOP && errno != ENXIO) {
        return ErrnoStatus("lock", name_, errno);
      }
      if (!IsRegular(file)) {
        // A symbolic link, a FIFO or the like, through which nobody holds a lock.
        if (unlink(name_.c_str()) == 0 || errno == ENOENT) continue;
        return ErrnoStatus("lock", name_, errno);
      }
      if (const int error = TryLock(file.get()); error != 0) {
        if (error == EWOULDBLOCK) return absl::FailedPreconditionError(HolderText());
        return ErrnoStatus("lock", name_, error);
      }
      file_ = std::move(file);
      if (!IsHeld()) continue;  // it was removed before it was locked
      WritePid();
      return absl::OkStatus();
    }
    return absl::UnavailableError(absl::StrCat("can't lock ", name_, ": it is removed each time"));
  }

  void LetGo() { file_ = OwnFd(-1); }

 private:
  static bool IsRegular(const OwnFd& file) {
    struct stat found = {};
    return file && fstat(file.get(), &found) == 0 && S_ISREG(found.st_mode);
  }

  static int TryLock(int fd) {
    int result = 0;
    do {
      result = flock(fd, LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
  }

  bool IsHeld() const {
    struct stat mine = {};
    struct stat there = {};
    return file_ && fstat(file_.get(), &mine) == 0 && lstat(name_.c_str(), &there) == 0 &&
           IsSameFile(mine, there);
  }

  // For people; it may be missing. A file that has another name as well is somebody else's, too.
  void WritePid() const {
    struct stat mine = {};
    if (fstat(file_.get(), &mine) != 0 || mine.st_nlink != 1) return;
    const std::string pid = absl::StrCat(getpid(), "\n");
    if (ftruncate(file_.get(), 0) == 0 && lseek(file_.get(), 0, SEEK_SET) == 0) {
      WriteAll(file_.get(), pid);
    }
  }

  // "is in use by another process (pid 123)", if the file says so.
  std::string HolderText() const {
    constexpr absl::string_view kText = "is in use by another process";
    const OwnFd file = OpenFile(name_, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    std::string text;
    int64_t pid = 0;
    if (!IsRegular(file) || ReadAll(file.get(), text) != 0 ||
        !absl::SimpleAtoi(absl::StripSuffix(text, "\n"), &pid)) {
      return std::string(kText);
    }
    return absl::StrCat(kText, " (pid ", pid, ")");
  }

  const std::string name_;
  OwnFd file_;
};

// Puts the text into the file, whole or not at all, and onto the disk.
absl::Status Replace(const std::string& path, absl::string_view text) {
  if (text.size() > kMaxBytes) {
    return absl::ResourceExhaustedError(absl::StrCat("can't write ", path, ": ", text.size(),
                                                     " bytes, which is more than is read back"));
  }
  const std::string beside = path + ".new";
  // What is there may be another name of somebody's file, or a FIFO that nobody reads.
  if (unlink(beside.c_str()) != 0 && errno != ENOENT) return ErrnoStatus("write", beside, errno);
  OwnFd file = OpenFile(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK);
  if (!file) return ErrnoStatus("write", beside, errno);
  int error = fchmod(file.get(), kMode) == 0 ? 0 : errno;  // whatever the umask
  if (error == 0) error = WriteAll(file.get(), text);
  if (error == 0) error = Sync(file.get());
  if (const int at_end = file.Close(); error == 0) error = at_end;
  if (error == 0 && rename(beside.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    unlink(beside.c_str());
    return ErrnoStatus("write", path, error);
  }
  const OwnFd folder = OpenFile(FolderOf(path), O_RDONLY | O_DIRECTORY);
  if (!folder) return ErrnoStatus("open the folder of", path, errno);
  error = Sync(folder.get());
  // Some file systems can't sync a folder, and need not.
  if (error != 0 && error != EINVAL) return ErrnoStatus("sync the folder of", path, error);
  return absl::OkStatus();
}

// Gives what can't be used a second name, that is not taken. The first one keeps it until another
// file takes its place: so there is one whenever the process is killed.
absl::StatusOr<std::string> SetAside(const std::string& path, absl::Time now) {
  const std::string name =
      absl::StrCat(path, ".broken-", absl::FormatTime("%Y%m%dT%H%M%SZ", now, absl::UTCTimeZone()));
  constexpr int kMaxTries = 1'000;
  for (int i = 1; i <= kMaxTries; ++i) {
    const std::string free_name = i == 1 ? name : absl::StrCat(name, "-", i);
    if (link(path.c_str(), free_name.c_str()) == 0) return free_name;
    // Some file systems have no second names.
    struct stat found = {};
    if (errno == ENOENT) return absl::NotFoundError(absl::StrCat("there is no file ", path));
    if (errno == EEXIST || lstat(free_name.c_str(), &found) == 0) continue;
    if (rename(path.c_str(), free_name.c_str()) == 0) return free_name;
    return ErrnoStatus("rename", path, errno);
  }
  return absl::ResourceExhaustedError(absl::StrCat("too many files are named ", name));
}

}  // namespace

class FUSEBOX_HIDDEN OrdersFile::Impl {
 public:
  // The path is resolved.
  explicit Impl(OrdersFileOptions options)
      : path_(std::move(options.path)),
        registry_(std::move(options.registry)),
        on_problem_(std::move(options.on_problem)) {}

  // Takes the file for this process. Where there can be no lock, orders are obeyed, and nothing is
  // written.
  absl::Status Lock() {
    const MutexLock lock(mutex_);
    const absl::Status held = Hold();
    if (absl::IsFailedPrecondition(held)) {
      return absl::FailedPreconditionError(
          absl::StrCat(held.message(), ": each needs a path of its own"));
    }
    if (!held.ok()) {
      warnings_.push_back(
          absl::StrCat(held.message(), "; orders are obeyed, and can't be kept there"));
    }
    return absl::OkStatus();
  }

  // Puts back what the file has.
  void Restore() {
    struct stat found = {};
    if (stat(path_.c_str(), &found) != 0 && errno == ENOENT) return;
    const absl::StatusOr<OrdersRead> read = Read();
    if (!read.ok()) {
      const std::string where = KeepAside();
      warnings_.push_back(absl::StrCat("the orders file ", path_,
                                       " can't be read: ", read.status().message(),
                                       "; no order of it is in force, ", where));
      return;
    }
    std::vector<std::string> left_out = read->left_out;
    std::vector<StandingOrder> orders;
    const absl::Time now = registry_->clock().WallNow();
    for (const StandingOrder& order : read->orders) {
      if (order.until() > now) orders.push_back(order);  // that time ends them is no problem
    }
    for (std::string& refused : registry_->RestoreOrders(std::move(orders))) {
      left_out.push_back(std::move(refused));
    }
    if (left_out.empty()) return;
    const std::string where = KeepAside();
    for (const std::string& line : left_out) {
      warnings_.push_back(absl::StrCat("the orders file ", path_, ": ", line));
    }
    warnings_.push_back(absl::StrCat(
        "the orders file ", path_, ": ", Counted(left_out.size(), "order"),
        left_out.size() == 1 ? " is" : " are", " not in force, the others are; ", where));
  }

  // For a registry's keeper. One call comes after the other.
  void Keep(const std::vector<StandingOrder>& orders) { Keep(orders, /*at_start=*/false); }

  // The orders of before the first such call: later ones are not overwritten.
  void KeepAtStart(const std::vector<StandingOrder>& orders) { Keep(orders, /*at_start=*/true); }

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
  void Keep(const std::vector<StandingOrder>& orders, bool at_start) {
    if (getpid() != owner_) return;  // the file is the parent's
    std::string problem;
    {
      const MutexLock lock(mutex_);
      if (at_start && status_.writes + status_.failed_writes > 0) return;
      const bool failed_before = !status_.last_write.ok();
      OrdersWritten written = writer_.Write(orders);
      status_.last_write = Write(written.text);
      unwritten_.reset();
      if (!status_.last_write.ok()) {
        unwritten_ = std::move(written.text);
      } else if (!written.left_out.empty()) {
        status_.last_write = absl::InvalidArgumentError(absl::StrCat(
            "can't write into ", path_, ", which has the others: ", TextOf(written.left_out)));
      }
      (status_.last_write.ok() ? status_.writes : status_.failed_writes) += 1;
      if (!status_.last_write.ok()) {
        problem = absl::StrCat("standing orders are not kept: ", status_.last_write.message());
      } else if (failed_before) {
        problem = absl::StrCat("standing orders are kept again, in ", path_);
      }
    }
    if (!problem.empty()) Tell(problem);
  }

  // The first ones.
  static std::string TextOf(const std::vector<std::string>& left_out) {
    constexpr std::size_t kShown = 5;
    const auto end =
        left_out.begin() + static_cast<std::ptrdiff_t>(std::min(left_out.size(), kShown));
    std::string text = absl::StrJoin(left_out.begin(), end, "; ");
    if (left_out.size() <= kShown) return text;
    return absl::StrCat(text, "; and ", left_out.size() - kShown, " more");
  }

  absl::Status Hold() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    absl::Status held = lock_.Hold();
    if (!absl::IsFailedPrecondition(held)) return held;
    return absl::FailedPreconditionError(
        absl::StrCat("the orders file ", path_, " ", held.message()));
  }

  absl::StatusOr<OrdersRead> Read() const {
    const OwnFd file = OpenFile(path_, O_RDONLY | O_NONBLOCK);
    if (!file) return absl::DataLossError(ErrorText(errno));
    std::string text;
    if (const int error = ReadAll(file.get(), text); error != 0) {
      return absl::DataLossError(ErrorText(error));
    }
    return OrdersFromText(text);
  }

  // A file that can't be read is not overwritten, nor is that of another process.
  absl::Status Write(absl::string_view text) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (absl::Status held = Hold(); !held.ok()) {
      // What the other one has written is not lost either.
      if (absl::IsFailedPrecondition(held)) aside_first_ = true;
      return held;
    }
    if (aside_first_) {
      const absl::StatusOr<std::string> aside = SetAside(path_, registry_->clock().WallNow());
      if (!aside.ok() && !absl::IsNotFound(aside.status())) return aside.status();
      aside_first_ = false;
    }
    return Replace(path_, text);
  }

  // Keeps what is not in force aside, for people. Where that is.
  std::string KeepAside() {
    const absl::StatusOr<std::string> aside = SetAside(path_, registry_->clock().WallNow());
    const MutexLock lock(mutex_);
    aside_first_ = !aside.ok();
    return aside.ok() ? absl::StrCat("it is kept as ", *aside)
                      : std::string(aside.status().message());
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
  std::vector<std::string> warnings_;  // from Open alone

  mutable Mutex mutex_;  // held while the file is written
  LockFile lock_ ABSL_GUARDED_BY(mutex_){path_ + ".lock"};
  OrdersWriter writer_ ABSL_GUARDED_BY(mutex_);
  OrdersFileStatus status_ ABSL_GUARDED_BY(mutex_);
  std::optional<std::string> unwritten_ ABSL_GUARDED_BY(mutex_);
  bool aside_first_ ABSL_GUARDED_BY(mutex_) = false;  // before the file is written

  // A child that lives on would hold the lock for a parent that is gone.
  const ForkHooks fork_hooks_{[] { return std::thread(); },
                              [this](bool in_child) ABSL_NO_THREAD_SAFETY_ANALYSIS {
                                if (in_child) lock_.LetGo();  // nobody writes
                              }};
};

absl::StatusOr<std::unique_ptr<OrdersFile>> OrdersFile::Open(OrdersFileOptions options) {
  if (options.path.empty()) {
    return absl::InvalidArgumentError("path = \"\", must be that of a file");
  }
  if (options.registry == nullptr) {
    return absl::InvalidArgumentError("registry = null, must not be null");
  }
  absl::StatusOr<std::string> path = Resolved(options.path);
  if (!path.ok()) return path.status();
  if (absl::Status status = CheckIsFile(*path); !status.ok()) return status;
  options.path = *std::move(path);
  const auto impl = std::make_shared<Impl>(std::move(options));
  if (absl::Status status = impl->Lock(); !status.ok()) return status;
  impl->Restore();
  impl->registry().SetOrderKeeper(
      [impl](const std::vector<StandingOrder>& orders) { impl->Keep(orders); });
  // Written at once, so that it is known now, and not at the first order, if that can't be done.
  impl->KeepAtStart(impl->registry().Orders());
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
