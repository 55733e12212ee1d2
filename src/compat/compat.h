// SPDX-License-Identifier: Apache-2.0
//
// Where versions of gRPC, protobuf and abseil differ, and what is used of them that they don't
// promise. Nothing else in this project asks for a version (tests/architecture). The versions it is
// for are those of docs/supported-versions.md.
//
// A leaf of headers alone: whoever includes it links gRPC and protobuf. The core, which links
// neither, doesn't.
#ifndef FUSEBOX_SRC_COMPAT_COMPAT_H_
#define FUSEBOX_SRC_COMPAT_COMPAT_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/stubs/common.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <grpc/support/log.h>
#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/version_info.h>

#include <string>

// From version 22 on, which counts as 4.22 here, protobuf logs by abseil.
#if GOOGLE_PROTOBUF_VERSION >= 4022000
#include "absl/base/log_severity.h"
#include "absl/log/globals.h"
#include "absl/strings/string_view.h"
#else
#include <google/protobuf/stubs/logging.h>
#endif

namespace fusebox::internal {

// Whether gRPC asks that factory about every call of the process.
// (`RegisterGlobalClientInterceptorFactory`). There is no promised way to ask.
inline bool IsGlobalFactory(const grpc::experimental::ClientInterceptorFactoryInterface* factory) {
  return grpc::internal::g_global_client_interceptor_factory == factory;
}

// Where generated code registers itself: what is linked into the program. There is no promised way
// to go through it.
inline google::protobuf::DescriptorDatabase& GeneratedDatabase() {
  return *google::protobuf::DescriptorPool::internal_generated_database();
}

// Nothing that protobuf has to say goes to standard error any more; from protobuf 22 on, nothing
// that is logged by abseil.
inline void SilenceProtobuf() {
#if GOOGLE_PROTOBUF_VERSION >= 4022000
  absl::SetMinLogLevel(absl::LogSeverityAtLeast::kInfinity);
#else
  google::protobuf::SetLogHandler(nullptr);
#endif
}

// Nor what gRPC has to say, which logs by abseil from 1.65 on.
inline void SilenceGrpcAndProtobuf() {
#if GRPC_CPP_VERSION_MAJOR == 1 && GRPC_CPP_VERSION_MINOR < 65
  gpr_set_log_function([](gpr_log_func_args*) {});
#endif
  SilenceProtobuf();
}

// While there is one, nothing that protobuf has to say goes to standard error.
class ProtobufSilencer {
 public:
#if GOOGLE_PROTOBUF_VERSION >= 4022000
  // By the least level: abseil heeds its threshold for standard error only after InitializeLog().
  ProtobufSilencer() { absl::SetMinLogLevel(absl::LogSeverityAtLeast::kInfinity); }
  ~ProtobufSilencer() { absl::SetMinLogLevel(before_); }
#else
  ProtobufSilencer() = default;
  ~ProtobufSilencer() = default;
#endif
  ProtobufSilencer(const ProtobufSilencer&) = delete;
  ProtobufSilencer& operator=(const ProtobufSilencer&) = delete;

 private:
#if GOOGLE_PROTOBUF_VERSION >= 4022000
  const absl::LogSeverityAtLeast before_ = absl::MinLogLevel();
#else
  const google::protobuf::LogSilencer silencer_;
#endif
};

// What protobuf finds wrong with a text, or odd in it. Lines are counted from 0; -1: none.
class TextErrorCollector : public google::protobuf::io::ErrorCollector {
 public:
  virtual void OnError(int line, const std::string& what) = 0;
  virtual void OnWarning(int line, const std::string& what) = 0;

 private:
#if GOOGLE_PROTOBUF_VERSION >= 4022000
  void RecordError(int line, int /*column*/, absl::string_view what) final {
    OnError(line, std::string(what));
  }
  void RecordWarning(int line, int /*column*/, absl::string_view what) final {
    OnWarning(line, std::string(what));
  }
#else
  void AddError(int line, int /*column*/, const std::string& what) final { OnError(line, what); }
  void AddWarning(int line, int /*column*/, const std::string& what) final {
    OnWarning(line, what);
  }
#endif
};

// The line of a field in a parsed text, or of one of its items (else `index` is -1), from 0; -1:
// none. What is to take the place of GetLocation is in the newest versions alone.
inline int LineOfField(const google::protobuf::TextFormat::ParseInfoTree& places,
                       const google::protobuf::FieldDescriptor& field, int index) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  return places.GetLocation(&field, index).line;
#pragma GCC diagnostic pop
}

// Has fields that are not set written with their defaults, where a field has no presence.
inline void PrintDefaults(google::protobuf::util::JsonPrintOptions& options) {
#if GOOGLE_PROTOBUF_VERSION >= 5026000
  options.always_print_fields_with_no_presence = true;
#else
  options.always_print_primitive_fields = true;
#endif
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_COMPAT_COMPAT_H_
