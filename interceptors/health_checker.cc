// SPDX-License-Identifier: Apache-2.0
#include "interceptors/health_checker.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fusebox/clock.h"
#include "interceptors/deadline.h"
#include "interceptors/local_failure.h"
#include "interceptors/peer.h"
#include "interceptors/pushback.h"
#include "src/base/wire.h"

namespace fusebox::internal {
namespace {

// How long a question waits at most while another one is out.
constexpr absl::Duration kRound = absl::Milliseconds(10);

// From then on the thread is held up.
constexpr absl::Duration kLongestWait = absl::Seconds(1);

// The numbers of grpc.health.v1.
constexpr uint32_t kServiceField = 1;
constexpr uint32_t kStatusField = 1;
constexpr uint64_t kServing = 1;

absl::string_view ServingStatusName(uint64_t status) {
  constexpr absl::string_view kNames[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  return status < std::size(kNames) ? kNames[status] : "a status of a later version";
}

// Of the check that this thread is starting. Interceptors may make calls of their own meanwhile.
thread_local const grpc::ClientContext* starting = nullptr;

class Starting {
 public:
  explicit Starting(const grpc::ClientContext& context) { starting = &context; }
  ~Starting() { starting = nullptr; }
  Starting(const Starting&) = delete;
  Starting& operator=(const Starting&) = delete;
};

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::string bytes;
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

// One that is out. Its channel lives as long.
class Check {
 public:
  // `tag` is what the queue gives when it has ended.
  Check(std::shared_ptr<grpc::Channel> channel, const HealthQuestion& question,
        grpc::CompletionQueue& queue, void* tag)
      : stub_(std::move(channel)) {
    // gRPC refers to it for as long as the call lives.
    static const auto* const kMethod = new std::string("/grpc.health.v1.Health/Check");
    context_.set_deadline(DeadlineAfter(question.timeout));
    // Of a buffer without a slice, gRPC would make no message.
    const grpc::Slice request(HealthCheckRequest(question.service));
    const Starting is_starting(context_);
    call_ = stub_.PrepareUnaryCall(&context_, *kMethod, grpc::ByteBuffer(&request, 1), &queue);
    call_->StartCall();
    call_->Finish(&response_, &status_, tag);
  }
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;
  ~Check() = default;

  void Cancel() { context_.TryCancel(); }

  // Once it has ended.
  Outcome Result() const {
    const std::string peer = context_.peer();
    // As of calls: what this process' own gRPC says is nothing of the server's.
    if (IsUnconnected(status_, peer, /*target=*/{}) || IsLocalFailure(status_, peer, {})) {
      return Outcome::Ignored();
    }
    Outcome outcome;
    if (status_.ok()) {
      outcome = OutcomeOfHealthCheck(BytesOf(response_));
    } else {
      outcome = Outcome::Failure(status_.error_code(),
                                 absl::StrCat("health check: ", status_.error_message()));
      outcome.pushback = PushbackOf(status_, context_.GetServerTrailingMetadata());
    }
    if (outcome.kind != OutcomeKind::kSuccess) outcome.peer = PeerText(peer);
    return outcome;
  }

 private:
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> call_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
};

// Of the machine.
int64_t Now() { return Clock::Real().CoarseNow().nanos(); }

void Answer(HealthQuestion question, const Outcome& outcome) {
  // With the check, its channel may have gone, and all circuits of it.
  if (const std::shared_ptr<CircuitBreaker> circuit = question.circuit.lock()) {
    question.probe.Record(outcome);
  } else {
    question.probe.Abandon();
  }
}

}  // namespace

std::string HealthCheckRequest(absl::string_view service) {
  std::string request;
  AppendWire(request, [&](auto& wire) { wire.Bytes(kServiceField, service); });
  return request;
}

Outcome OutcomeOfHealthCheck(absl::string_view response) {
  uint64_t status = 0;
  WireReader reader(response);
  while (const std::optional<WireReader::Field> field = reader.Next()) {
    if (field->number == kStatusField) status = field->varint;
  }
  if (!reader.ok()) {
    return Outcome::Failure(grpc::StatusCode::INTERNAL,
                            "health check: an answer that can't be read");
  }
  if (status == kServing) return Outcome::Success();
  return Outcome::Failure(grpc::StatusCode::UNAVAILABLE,
                          absl::StrCat("health check: ", ServingStatusName(status)));
}

// Those that are out, as long as the thread works.
class HealthChecker::Checks {
 public:
  Checks() = default;
  Checks(const Checks&) = delete;
  Checks& operator=(const Checks&) = delete;

  void Start(HealthQuestion question) {
    // This may become its last owner, which destroys it here.
    std::shared_ptr<grpc::Channel> channel = question.channel.lock();
    if (channel == nullptr) return Answer(std::move(question), Outcome::Ignored());
    auto made = std::make_unique<Out>();
    Out& out = *made;
    out_.emplace(&out, std::move(made));
    out.question = std::move(question);
    out.check.emplace(std::move(channel), out.question, queue_, &out);
  }

  bool empty() const { return out_.empty(); }

  // Lets gRPC work on this thread for a moment, and hands in the answers that have come.
  void Poll() {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, DeadlineAfter(kRound)) == grpc::CompletionQueue::GOT_EVENT)
      End(tag);
  }

  // Those that are left are cancelled, and their probes left to whoever comes.
  ~Checks() {
    for (const auto& [tag, out] : out_) out->check->Cancel();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) End(tag, Outcome::Ignored());
  }

 private:
  struct Out {
    HealthQuestion question;
    std::optional<Check> check;
  };

  void End(void* tag, std::optional<Outcome> outcome = std::nullopt) {
    const auto found = out_.find(tag);
    const std::unique_ptr<Out> out = std::move(found->second);
    out_.erase(found);
    if (!outcome) outcome = out->check->Result();
    out->check.reset();
    Answer(std::move(out->question), *outcome);
  }

  grpc::CompletionQueue queue_;
  std::map<void*, std::unique_ptr<Out>> out_;
};

HealthChecker& HealthChecker::Get() {
  static auto* const kChecker = new HealthChecker;
  return *kChecker;
}

HealthChecker::HealthChecker() : ProcessThread([] { Get().StopAtExit(); }) {}

bool HealthChecker::IsCheck(const grpc::ClientContext& context) { return starting == &context; }

bool HealthChecker::KeepsUp() {
  const int64_t since = waits_since_.load(std::memory_order_relaxed);
  if (since == 0) return true;
  if (Now() - since < absl::ToInt64Nanoseconds(kLongestWait)) return true;
  std::deque<HealthQuestion> late;
  {
    MutexLock lock(mutex_);
    late = std::exchange(questions_, {});
  }
  for (HealthQuestion& question : late) Answer(std::move(question), Outcome::Ignored());
  return false;
}

void HealthChecker::Ask(HealthQuestion question) {
  const int64_t now = Now();
  MutexLock lock(mutex_);
  // What isn't taken goes after the lock, and its probe with it.
  if (stopped_for_good() || !Wake()) return;
  questions_.push_back(std::move(question));
  int64_t none = 0;
  waits_since_.compare_exchange_strong(none, now, std::memory_order_relaxed);
}

void HealthChecker::Work() {
  Checks checks;
  do {
    while (auto question = TakeQuestion()) checks.Start(*std::move(question));
    if (!checks.empty()) checks.Poll();
  } while (!checks.empty() && !IsStopped());
  // Of those that were given back while this thread was held up.
  MutexLock lock(mutex_);
  if (questions_.empty()) waits_since_.store(0, std::memory_order_relaxed);
}

// One at a time: those that wait behind it can be given back.
std::optional<HealthQuestion> HealthChecker::TakeQuestion() {
  MutexLock lock(mutex_);
  if (stopped() || questions_.empty()) return std::nullopt;
  std::optional<HealthQuestion> first = std::move(questions_.front());
  questions_.pop_front();
  waits_since_.store(questions_.empty() ? 0 : Now(), std::memory_order_relaxed);
  return first;
}

bool HealthChecker::IsStopped() {
  MutexLock lock(mutex_);
  return stopped();
}

}  // namespace fusebox::internal
