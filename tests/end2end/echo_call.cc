// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/echo_call.h"

namespace fusebox_testing {

std::string Name(Style style) {
  switch (style) {
    case Style::kSync:
      return "Sync";
    case Style::kCompletionQueue:
      return "CompletionQueue";
    case Style::kCallback:
      return "Callback";
    case Style::kGeneric:
      return "Generic";
  }
  return "";
}

std::string Name(Kind kind) {
  switch (kind) {
    case Kind::kUnary:
      return "Unary";
    case Kind::kClientStream:
      return "ClientStream";
    case Kind::kServerStream:
      return "ServerStream";
    case Kind::kBidi:
      return "Bidi";
  }
  return "";
}

std::string MethodOf(Kind kind) { return "/fusebox_testing.Echo/" + Name(kind); }

bool EchoCall::Write(const std::string&) { return false; }
bool EchoCall::WritesDone() { return false; }
bool EchoCall::Read(std::string*) { return false; }

std::unique_ptr<EchoCall> StartEchoCall(Style style, Kind kind, ChannelRef channel,
                                        grpc::ClientContext& context, Opening opening) {
  context.set_initial_metadata_corked(opening == Opening::kCorked);
  switch (style) {
    case Style::kSync:
      return StartSync(kind, channel, context);
    case Style::kCompletionQueue:
      return StartCompletionQueue(kind, channel, context, opening);
    case Style::kCallback:
      return StartCallback(kind, channel, context);
    case Style::kGeneric:
      return StartGeneric(kind, channel, context, opening);
  }
  return nullptr;
}

Report Converse(Kind kind, EchoCall& call) {
  Report report;
  if (ClientStreams(kind)) {
    for (const char* text : {"a", "b"}) report.written += call.Write(text) ? 1 : 0;
    call.WritesDone();
  }
  std::string text;
  while (call.Read(&text)) report.replies.push_back(text);
  report.status = call.Finish(&text);
  if (report.status.ok() && !ServerStreams(kind)) report.replies.push_back(text);
  return report;
}

Report MakeCall(Style style, Kind kind, ChannelRef channel, grpc::ClientContext& context,
                Opening opening) {
  const std::unique_ptr<EchoCall> call = StartEchoCall(style, kind, channel, context, opening);
  return Converse(kind, *call);
}

Report MakeCall(Style style, Kind kind, ChannelRef channel) {
  grpc::ClientContext context;
  return MakeCall(style, kind, channel, context);
}

std::vector<std::string> ExpectedReplies(Kind kind) {
  switch (kind) {
    case Kind::kUnary:
      return {kRequestText};
    case Kind::kClientStream:
      return {"ab"};
    case Kind::kServerStream:
      return {kRequestText, kRequestText};
    case Kind::kBidi:
      return {"a", "b"};
  }
  return {};
}

}  // namespace fusebox_testing
