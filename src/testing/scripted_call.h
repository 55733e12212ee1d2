// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_TESTING_SCRIPTED_CALL_H_
#define FUSEBOX_SRC_TESTING_SCRIPTED_CALL_H_

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "fusebox/testing/scripted_server.h"
#include "src/base/mutex.h"

namespace fusebox_testing {

// One call at a ScriptedServer. To a generic service every call is a bidirectional stream, and a
// unary one is a stream with a message each way.
//
// Its operations follow one another, so that none is ever started after the last: a read, or
// several; then, once there is a reply too, the writes; then the status. Only when it neither reads
// nor writes, which is when it is held, does a cancellation end it by itself.
//
// Ownership: gRPC's, from `Start` until the call is over, and that of whoever may still answer it.
class ScriptedCall final : public grpc::ServerGenericBidiReactor {
 public:
  explicit ScriptedCall(grpc::GenericCallbackServerContext& context) : context_(context) {}

  // Begins to read. Once; `self` owns this.
  void Start(std::shared_ptr<ScriptedCall> self);

  // What it gets. At most once, from any thread; without effect on a call that is over.
  void Answer(Reply reply);

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  enum class Step {
    kWait,  // for the reply, or for what is being read; or it is replied to already
    kRead,
    kReply,
    kGiveUp,
  };

  // Does what is next.
  void Proceed();
  Step Decide();
  void SendNext();
  void AddTrailingMetadata();

  grpc::GenericCallbackServerContext& context_;
  std::shared_ptr<ScriptedCall> self_;  // until it's over

  // Of whichever operation is under way.
  grpc::ByteBuffer message_;
  std::size_t sent_ = 0;

  fusebox::internal::Mutex mutex_;
  // Guarded until the call is decided, and constant from then on.
  std::optional<Reply> reply_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = true;
  bool caller_is_done_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool decided_ ABSL_GUARDED_BY(mutex_) = false;  // it is being replied to, or has been
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_SRC_TESTING_SCRIPTED_CALL_H_
