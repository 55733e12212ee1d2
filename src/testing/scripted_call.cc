// SPDX-License-Identifier: Apache-2.0
#include "src/testing/scripted_call.h"

#include <grpc/grpc.h>
#include <grpcpp/support/slice.h>

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace fusebox_testing {
namespace {

// gRPC aborts the process over some of these, and overwrites the others.
bool IsReserved(absl::string_view key) {
  return absl::StartsWith(key, "grpc-") && key != "grpc-retry-pushback-ms";
}

bool MayBeSent(const std::string& key, const std::string& value) {
  if (IsReserved(key)) return false;
  const grpc::Slice key_slice(key);
  const grpc::Slice value_slice(value);
  const grpc_slice key_bytes = key_slice.c_slice();
  const grpc_slice value_bytes = value_slice.c_slice();
  const bool legal = grpc_header_key_is_legal(key_bytes) != 0 &&
                     (grpc_is_binary_header(key_bytes) != 0 ||
                      grpc_header_nonbin_value_is_legal(value_bytes) != 0);
  grpc_slice_unref(key_bytes);
  grpc_slice_unref(value_bytes);
  return legal;
}

}  // namespace

void ScriptedCall::Start(std::shared_ptr<ScriptedCall> self) {
  self_ = std::move(self);
  StartRead(&message_);
}

void ScriptedCall::Answer(Reply reply) {
  {
    const fusebox::internal::MutexLock lock(mutex_);
    if (decided_) return;
    reply_ = std::move(reply);
  }
  Proceed();
}

void ScriptedCall::OnReadDone(bool ok) {
  {
    const fusebox::internal::MutexLock lock(mutex_);
    reading_ = false;
    caller_is_done_ = !ok;
  }
  Proceed();
}

void ScriptedCall::OnCancel() {
  {
    const fusebox::internal::MutexLock lock(mutex_);
    cancelled_ = true;
  }
  Proceed();
}

void ScriptedCall::Proceed() {
  switch (Decide()) {
    case Step::kWait:
      return;
    case Step::kRead:
      return StartRead(&message_);
    case Step::kReply:
      AddTrailingMetadata();
      return SendNext();
    case Step::kGiveUp:
      return Finish(grpc::Status::CANCELLED);
  }
}

ScriptedCall::Step ScriptedCall::Decide() {
  const fusebox::internal::MutexLock lock(mutex_);
  if (decided_ || reading_) return Step::kWait;
  if (!cancelled_ && !reply_) return Step::kWait;
  if (!cancelled_ && reply_->after_last_message && !caller_is_done_) {
    reading_ = true;
    return Step::kRead;
  }
  decided_ = true;
  return cancelled_ ? Step::kGiveUp : Step::kReply;
}

void ScriptedCall::AddTrailingMetadata() {
  for (const auto& [key, value] : reply_->trailing_metadata) {
    if (!MayBeSent(key, value)) {
      reply_ = Reply::Fail(
          grpc::StatusCode::INTERNAL,
          "the test's script has trailing metadata that can't be sent: \"" + key + "\"");
      return;
    }
  }
  for (const auto& [key, value] : reply_->trailing_metadata) {
    context_.AddTrailingMetadata(key, value);
  }
}

void ScriptedCall::SendNext() {
  if (sent_ == reply_->messages.size()) return Finish(reply_->status);
  const grpc::Slice bytes(reply_->messages[sent_++]);
  message_ = grpc::ByteBuffer(&bytes, 1);
  StartWrite(&message_);
}

void ScriptedCall::OnWriteDone(bool ok) {
  if (!ok) return Finish(grpc::Status::CANCELLED);  // nobody listens any more
  SendNext();
}

void ScriptedCall::OnDone() { const std::shared_ptr<ScriptedCall> last = std::move(self_); }

}  // namespace fusebox_testing
