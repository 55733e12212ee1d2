// SPDX-License-Identifier: Apache-2.0
//
// Whatever bytes a server sends as a status' details are read without harm, and what is taken for a
// rejection, or for a delay, comes back as it was when it is written and read again.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/time/time.h"
#include "fusebox/circuit_name.h"
#include "fusebox/rejection.h"
#include "src/base/printable.h"
#include "src/base/wire.h"
#include "tests/fuzz/require.h"

namespace fusebox_testing {
namespace {

using fusebox::Rejection;

constexpr char kErrorInfo[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kRetryInfo[] = "type.googleapis.com/google.rpc.RetryInfo";

void RequireSame(const std::optional<Rejection>& a, const Rejection& b) {
  Require(a.has_value(), "a rejection that was written is read");
  const std::string circuit =
      fusebox::internal::Printable(b.circuit, fusebox::kMaxCircuitNameBytes);
  Require(a->reason == b.reason && a->circuit == circuit && a->state == b.state,
          "a rejection is read as it was written");
  Require(a->retry_after == b.retry_after, "a delay is read as it was written",
          absl::FormatDuration(a->retry_after) + " and " + absl::FormatDuration(b.retry_after));
}

void RoundTrip(const Rejection& rejection) {
  RequireSame(fusebox::DecodeRejection(fusebox::EncodeRejection(rejection)), rejection);
  const absl::Status status = fusebox::ToStatus(rejection);
  RequireSame(fusebox::GetRejection(status), rejection);
  Require(fusebox::GetRetryDelay(status) == rejection.retry_after, "a status says the delay");
  Require(fusebox::HasRejectionInfo(status), "a status says that it is a rejection");
}

// What that rejection's details would be if its delay were any two numbers.
std::string WithAnyDelay(FuzzedDataProvider& data, const Rejection& rejection) {
  const std::string error_info(*fusebox::ToStatus(rejection).GetPayload(kErrorInfo));
  const auto seconds = data.ConsumeIntegral<uint64_t>();
  const auto nanos = data.ConsumeIntegral<uint64_t>();
  std::string bytes;
  fusebox::internal::AppendWire(bytes, [&](auto& status) {
    status.Varint(1, 14);
    status.Message(3, [&](auto& any) {
      any.Bytes(1, kErrorInfo);
      any.Bytes(2, error_info);
    });
    status.Message(3, [&](auto& any) {
      any.Bytes(1, kRetryInfo);
      any.Message(2, [&](auto& retry_info) {
        retry_info.Message(1, [&](auto& delay) {
          delay.Varint(1, seconds);
          delay.Varint(2, nanos);
        });
      });
    });
  });
  return bytes;
}

// Any bytes; or bytes near enough to what a rejection's are, some of which are changed.
std::string Details(FuzzedDataProvider& data, const Rejection& rejection) {
  if (data.ConsumeBool()) return data.ConsumeRandomLengthString();
  std::string bytes =
      data.ConsumeBool() ? WithAnyDelay(data, rejection) : fusebox::EncodeRejection(rejection);
  for (int changes = data.ConsumeIntegralInRange(0, 8); changes > 0 && !bytes.empty(); --changes) {
    const auto at = data.ConsumeIntegralInRange<std::size_t>(0, bytes.size() - 1);
    const auto length = data.ConsumeIntegralInRange<std::size_t>(0, 2);
    bytes.replace(at, length, data.ConsumeRandomLengthString(8));
  }
  return bytes;
}

Rejection AnyRejection(FuzzedDataProvider& data) {
  Rejection rejection;
  rejection.reason = static_cast<fusebox::RejectionReason>(data.ConsumeIntegralInRange(0, 4));
  rejection.state = static_cast<fusebox::State>(data.ConsumeIntegralInRange(0, 2));
  rejection.circuit = data.ConsumeRandomLengthString(100);
  rejection.retry_after =
      data.ConsumeBool() ? absl::InfiniteDuration()
                         : absl::Seconds(data.ConsumeIntegralInRange<int64_t>(0, 315'575'999'999)) +
                               absl::Nanoseconds(data.ConsumeIntegralInRange(0, 999'999'999));
  return rejection;
}

void Run(FuzzedDataProvider& data) {
  const Rejection rejection = AnyRejection(data);
  RoundTrip(rejection);

  const std::string details = Details(data, rejection);
  const std::optional<absl::Duration> delay = fusebox::DecodeRetryDelay(details);
  if (const std::optional<Rejection> read = fusebox::DecodeRejection(details)) {
    Require(delay == read->retry_after, "a rejection's delay is the status'");
    Require(fusebox::HasRejectionInfo(details), "a rejection is known for one");
    Require(read->retry_after >= absl::ZeroDuration(), "no call may be tried in the past",
            absl::FormatDuration(read->retry_after));
    RoundTrip(*read);
  }

  absl::Status status(static_cast<absl::StatusCode>(data.ConsumeIntegralInRange(0, 17)), "text");
  status.SetPayload(kErrorInfo, absl::Cord(absl::string_view(data.ConsumeRandomLengthString())));
  status.SetPayload(kRetryInfo,
                    absl::Cord(absl::string_view(data.ConsumeRemainingBytesAsString())));
  fusebox::GetRetryDelay(status);
  if (const std::optional<Rejection> read = fusebox::GetRejection(status)) RoundTrip(*read);
}

}  // namespace
}  // namespace fusebox_testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  fusebox_testing::Run(data);
  return 0;
}
