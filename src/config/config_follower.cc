// SPDX-License-Identifier: Apache-2.0
#include "src/config/config_follower.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "fusebox/user_code.h"
#include "src/base/printable.h"
#include "src/base/user_code.h"

namespace fusebox::internal {
namespace {

constexpr std::size_t kMaxShownBytes = 1'024;  // of a path or a version
constexpr std::size_t kMaxErrorBytes = 65'536;
constexpr std::size_t kMaxTold = 3;  // lines in an event

// Each line fit to be shown.
std::string PrintableLines(absl::string_view text) {
  if (text.size() > kMaxErrorBytes) text = text.substr(0, kMaxErrorBytes);
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) lines.push_back(Printable(line));
  while (lines.size() > 1 && lines.back().empty()) lines.pop_back();
  return absl::StrJoin(lines, "\n");
}

// The first of them, for a line of a log.
std::string FirstOf(const std::vector<std::string>& lines) {
  const std::size_t told = std::min(lines.size(), kMaxTold);
  std::string text =
      absl::StrJoin(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(told), "; ");
  if (lines.size() > told) absl::StrAppend(&text, "; and ", lines.size() - told, " more");
  return text;
}

std::string NameOf(const std::string& file, const std::string& version, const std::string& hash) {
  constexpr std::size_t kShortHash = 12;
  return absl::StrCat(file, version.empty() ? "" : absl::StrCat(", version \"", version, "\""),
                      ", sha256 ", hash.substr(0, kShortHash));
}

absl::StatusOr<ConfigFormat> FormatOf(absl::string_view name) {
  if (name == "yaml") return ConfigFormat::kYaml;
  if (name == "json") return ConfigFormat::kJson;
  if (name == "text") return ConfigFormat::kText;
  return absl::InvalidArgumentError(absl::StrCat("format = \"", Printable(name, kMaxShownBytes),
                                                 "\", must be yaml, json or text"));
}

// Marks the thread that reads the file, for as long as it lives.
class Mark {
 public:
  explicit Mark(std::atomic<std::thread::id>& thread) : thread_(thread) {
    thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  }
  ~Mark() { thread_.store({}, std::memory_order_relaxed); }
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;

 private:
  std::atomic<std::thread::id>& thread_;
};

}  // namespace

ConfigFollower::ConfigFollower(ConfigWatcherOptions options)
    : options_(std::move(options)), file_(Printable(options_.path, kMaxShownBytes)) {
  MutexLock lock(mutex_);
  status_.file = file_;
}

absl::Status ConfigFollower::Begin() {
  MutexLock lock(reload_);
  const Mark mark(reloading_);
  const absl::Status status = Try(Way::kReload, {}).status();
  begun_ = true;
  return options_.allow_missing && absl::IsNotFound(status) ? absl::OkStatus() : status;
}

void ConfigFollower::Look() {
  MutexLock lock(reload_);
  if (ended_) return;
  const Mark mark(reloading_);
  // The listener has what came of it.
  [[maybe_unused]] const auto result = Try(Way::kLook, {});
}

absl::StatusOr<OverridesResult> ConfigFollower::Reload(const Operator& by) {
  if (reloading_.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
    return absl::FailedPreconditionError(
        absl::StrCat(file_, ": a listener of a reload must not reload"));
  }
  MutexLock lock(reload_);
  if (ended_) return absl::FailedPreconditionError(absl::StrCat(file_, " is no longer followed"));
  const Mark mark(reloading_);
  return Try(Way::kReload, by);
}

void ConfigFollower::End() {
  MutexLock lock(reload_);
  ended_ = true;
}

absl::StatusOr<OverridesResult> ConfigFollower::Try(Way way, const Operator& who) {
  const Operator by = who.who.empty() && who.why.empty()
                          ? Operator("config file").Because(absl::StrCat("as in ", file_))
                          : who;
  const Loaded loaded = Load();
  if (loaded.ok() && way == Way::kLook && IsInForce(**loaded)) return OverridesResult();
  absl::StatusOr<OverridesResult> result = Apply(loaded, by);
  if (result.ok()) {
    Accept(*loaded, *result, by);
  } else if (!Refuse(result.status(), way, by)) {
    return result;
  }
  Tell(result);
  return result;
}

ConfigFollower::Loaded ConfigFollower::Load() const {
  Loaded loaded = absl::InternalError("");
  if (options_.load == nullptr) {
    loaded = Config::Load(options_.path);
  } else {
    RunUserCode([&] { loaded = options_.load(options_.path); },
                [&](const std::string& type) {
                  loaded = InFile(absl::InternalError(absl::StrCat("`load` has thrown ", type)));
                });
    if (loaded.ok() && *loaded == nullptr) {
      loaded = InFile(absl::InternalError("`load` has returned null"));
    }
  }
  if (!loaded.ok()) return loaded;
  const absl::Status status = (*loaded)->CheckFunctions(options_.functions, /*advises=*/true);
  return status.ok() ? std::move(loaded) : status;
}

absl::StatusOr<OverridesResult> ConfigFollower::Apply(const Loaded& loaded,
                                                      const Operator& by) const {
  if (!loaded.ok()) return loaded.status();
  absl::StatusOr<OverridesResult> result =
      options_.registry->SetOverrides((*loaded)->overrides(), by);
  if (!result.ok()) return InFile(result.status());
  return result;
}

absl::Status ConfigFollower::InFile(const absl::Status& error) const {
  return absl::Status(error.code(), absl::StrCat(file_, ": ", error.message()));
}

// Then this was a look at it, and no more.
bool ConfigFollower::IsInForce(const Config& config) {
  MutexLock lock(mutex_);
  // After one that was refused, it is news that the file is right again.
  if (config_ == nullptr || config_->hash() != config.hash() || !status_.last_attempt_ok) {
    return false;
  }
  status_.last_attempt = options_.registry->clock().WallNow();
  return true;
}

void ConfigFollower::Accept(const std::shared_ptr<const Config>& config,
                            const OverridesResult& result, const Operator& by) {
  const std::string version = Printable(config->version(), kMaxShownBytes);
  {
    MutexLock lock(mutex_);
    config_ = config;
    status_.in_force = true;
    status_.version = version;
    status_.hash = config->hash();
    status_.circuits = result.circuits;
    status_.circuits_changed = result.differences.size();
    status_.loaded_at = options_.registry->clock().WallNow();
    status_.last_attempt = status_.loaded_at;
    status_.last_attempt_ok = true;
    status_.error.clear();
    ++status_.reloads;
  }
  std::string detail =
      absl::StrCat(NameOf(file_, version, config->hash()), "; changed the policy of ",
                   result.differences.size(), " of ", result.circuits, " circuits");
  if (!config->warnings().empty()) {
    absl::StrAppend(&detail, "; warnings: ", FirstOf(config->warnings()));
  }
  options_.registry->ReportConfig(true, detail, by);
}

// False if that has been told already.
bool ConfigFollower::Refuse(const absl::Status& error, Way way, const Operator& by) {
  std::string text = PrintableLines(error.message());
  std::string in_force;
  {
    MutexLock lock(mutex_);
    status_.last_attempt = options_.registry->clock().WallNow();
    const bool known = !status_.last_attempt_ok && status_.refusals > 0 && status_.error == text;
    if (known && way == Way::kLook) return false;
    status_.last_attempt_ok = false;
    status_.error = text;
    ++status_.refusals;
    in_force = config_ == nullptr
                   ? "no file is in force"
                   : absl::StrCat(NameOf(file_, status_.version, status_.hash), " stays in force");
  }
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  options_.registry->ReportConfig(false, absl::StrCat(FirstOf(lines), "; ", in_force), by);
  return true;
}

void ConfigFollower::Tell(const absl::StatusOr<OverridesResult>& result) const {
  if (!begun_ || options_.listener == nullptr) return;
  RunUserCode([&] { options_.listener(result); },
              [this](const std::string& type) {
                options_.registry->ReportUserCodeFailure(UserCode::kListener, type);
              });
}

std::shared_ptr<const Config> ConfigFollower::config() const {
  MutexLock lock(mutex_);
  return config_;
}

absl::StatusOr<InterceptorOptions> ConfigFollower::Options(absl::string_view dependency) const {
  const std::shared_ptr<const Config> now = config();
  if (now == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(file_, " has not been read so far"));
  }
  return now->Options(dependency, options_.registry, options_.functions);
}

absl::StatusOr<OverridesResult> ConfigFollower::Diff(const Config& config) const {
  return Diff(config, /*advises=*/true);
}

absl::StatusOr<OverridesResult> ConfigFollower::Diff(const Config& config, bool advises) const {
  absl::Status status = config.CheckFunctions(options_.functions, advises);
  if (!status.ok()) return status;
  absl::StatusOr<OverridesResult> result = options_.registry->PreviewOverrides(config.overrides());
  if (!result.ok()) return result;
  const auto circuits = options_.registry->Circuits();
  std::vector<CircuitIdentity> identities;
  identities.reserve(circuits.size());
  for (const auto& each : circuits) identities.push_back({each->name(), each->target(), ""});
  result->unused = UnusedOverrides(config.overrides(), identities);
  return result;
}

ConfigStatus ConfigFollower::Status() const {
  MutexLock lock(mutex_);
  return status_;
}

absl::StatusOr<OverridesResult> ConfigFollower::Preview(absl::string_view text,
                                                        absl::string_view format,
                                                        absl::string_view file) const {
  const absl::StatusOr<ConfigFormat> known = FormatOf(format);
  if (!known.ok()) return known.status();
  const Loaded config = Config::Parse(text, *known, file);
  if (!config.ok()) return config.status();
  return Diff(**config, /*advises=*/false);  // whoever asks need not know what functions there are
}

}  // namespace fusebox::internal
