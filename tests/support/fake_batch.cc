// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_batch.h"

#include <grpcpp/impl/channel_interface.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"

namespace fusebox_testing {
namespace {

// What a hijacker is asked for in place of the results that a batch waits for.
Hooks AnswerHooks(const Hooks& recv) {
  Hooks hooks;
  for (const Hook hook : recv) {
    if (hook == Hook::POST_RECV_INITIAL_METADATA) hooks.push_back(Hook::PRE_RECV_INITIAL_METADATA);
    if (hook == Hook::POST_RECV_MESSAGE) hooks.push_back(Hook::PRE_RECV_MESSAGE);
    if (hook == Hook::POST_RECV_STATUS) hooks.push_back(Hook::PRE_RECV_STATUS);
  }
  return hooks;
}

Hooks ResultHooks(const FakeOps& ops) {
  Hooks hooks = ops.recv;
  if (std::count(ops.send.begin(), ops.send.end(), Hook::PRE_SEND_MESSAGE) > 0) {
    hooks.push_back(Hook::POST_SEND_MESSAGE);
  }
  return hooks;
}

}  // namespace

std::string FakeBatch::log() const { return absl::StrJoin(log_, ", "); }

void FakeBatch::Proceed() {
  log_.push_back("Proceed");
  if (on_proceed) on_proceed();
}

void FakeBatch::Hijack() {
  log_.push_back("Hijack");
  if (on_hijack) on_hijack();
}

grpc::Status* FakeBatch::GetRecvStatus() { return HasStatus() ? &status : nullptr; }

FakeBatch::ReceivedMetadata* FakeBatch::GetRecvTrailingMetadata() {
  return HasStatus() ? &trailing_metadata : nullptr;
}

FakeBatch::SentMetadata* FakeBatch::GetSendInitialMetadata() {
  return QueryInterceptionHookPoint(Hook::PRE_SEND_INITIAL_METADATA) ? &initial_metadata : nullptr;
}

grpc::ByteBuffer* FakeBatch::GetSerializedSendMessage() {
  log_.emplace_back("GetSerializedSendMessage");
  return QueryInterceptionHookPoint(Hook::PRE_SEND_MESSAGE) ? &sent_message : nullptr;
}

void* FakeBatch::GetRecvMessage() {
  const bool there = QueryInterceptionHookPoint(Hook::PRE_RECV_MESSAGE) ||
                     QueryInterceptionHookPoint(Hook::POST_RECV_MESSAGE);
  return there ? received_message : nullptr;
}

std::unique_ptr<grpc::ChannelInterface> FakeBatch::GetInterceptedChannel() {
  Unexpected();
  return nullptr;
}

FakeCall::Played FakeCall::Play(const FakeOps& ops, const grpc::Status& status) {
  return Play(ops, status, /*message=*/true);
}

FakeCall::Played FakeCall::PlayWithoutMessage(const FakeOps& ops, const grpc::Status& status) {
  return Play(ops, status, /*message=*/false);
}

FakeCall::Played FakeCall::PlayEndOfMessages() { return PlayWithoutMessage(ReadOps()); }

FakeCall::Played FakeCall::Play(const FakeOps& ops, const grpc::Status& status, bool message) {
  FakeBatch sending(ops.send);
  FakeBatch answering(AnswerHooks(ops.recv));
  FakeBatch received(ResultHooks(ops));
  const auto ask_hijacker = [&] { interceptor_.Intercept(&answering); };
  sending.on_hijack = [&] {
    hijacked_ = true;
    ask_hijacker();
  };
  if (hijacked_) sending.on_proceed = ask_hijacker;
  interceptor_.Intercept(&sending);
  received.status = hijacked_ ? answering.status : status;
  if (!message) received.received_message = nullptr;
  interceptor_.Intercept(&received);
  return {sending.log(), answering.log(), received.log(), received.status};
}

std::string FakeCall::Cancel() {
  FakeBatch batch({Hook::PRE_SEND_CANCEL});
  interceptor_.Intercept(&batch);
  return batch.log();
}

FakeOps UnaryOps() {
  return {{Hook::PRE_SEND_INITIAL_METADATA, Hook::PRE_SEND_MESSAGE, Hook::PRE_SEND_CLOSE},
          {Hook::POST_RECV_INITIAL_METADATA, Hook::POST_RECV_MESSAGE, Hook::POST_RECV_STATUS}};
}
FakeOps StartOps() { return {{Hook::PRE_SEND_INITIAL_METADATA}, {}}; }
FakeOps StartReadOnlyOps() {
  return {{Hook::PRE_SEND_INITIAL_METADATA, Hook::PRE_SEND_MESSAGE, Hook::PRE_SEND_CLOSE}, {}};
}
FakeOps WriteOps() { return {{Hook::PRE_SEND_MESSAGE}, {}}; }
FakeOps CorkedWriteOps() { return {{Hook::PRE_SEND_INITIAL_METADATA, Hook::PRE_SEND_MESSAGE}, {}}; }
FakeOps WritesDoneOps() { return {{Hook::PRE_SEND_CLOSE}, {}}; }
FakeOps ReadOps() { return {{}, {Hook::POST_RECV_MESSAGE}}; }
FakeOps FinishOps() { return {{}, {Hook::POST_RECV_STATUS}}; }
FakeOps FinishWithReplyOps() { return {{}, {Hook::POST_RECV_MESSAGE, Hook::POST_RECV_STATUS}}; }

}  // namespace fusebox_testing
