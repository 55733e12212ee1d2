// SPDX-License-Identifier: Apache-2.0
//
// What the outcome of a streaming call is (rule C6).
//
//   fusebox::ChannelOptions options;
//   options.breaker.method_streams["shop.Inventory/Watch"].success =
//       fusebox::StreamSuccess::kFirstMessage;
#ifndef FUSEBOX_GRPC_STREAM_OPTIONS_H_
#define FUSEBOX_GRPC_STREAM_OPTIONS_H_

namespace fusebox {

enum class StreamSuccess {
  // The outcome is that of the final status.
  kFinalStatus = 0,

  // For streams that live for hours: the first message from the server is a success, and gives the
  // permit back. From then on the stream holds no probe place, is not in flight, and can't hang. If
  // it ends with a failing status after all, the success is taken back
  // (`Permit::RecordFirstMessage`), so that a server which breaks every stream after its first
  // messages is found out. For server and bidirectional streams; a client stream's only message
  // comes with its status.
  kFirstMessage = 1,
};

// The latency of a server stream is the time to its first message, or to its status if none came;
// never its length of life.
struct StreamOptions {
  StreamSuccess success = StreamSuccess::kFinalStatus;

  // Client and bidirectional streams go at their caller's pace, so the slow-call rules leave them
  // out. True counts them too: a bidirectional stream by the time to its first message, a client
  // stream by the time to its status.
  bool time_client_streams = false;
};

}  // namespace fusebox

#endif  // FUSEBOX_GRPC_STREAM_OPTIONS_H_
