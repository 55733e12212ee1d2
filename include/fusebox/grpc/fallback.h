// SPDX-License-Identifier: Apache-2.0
//
// An answer in place of a rejection (docs/rules.md): for methods that have something better to
// give than UNAVAILABLE, such as what a cache still holds.
//
//   fusebox::ChannelOptions options;
//   options.breaker.fallbacks.Method<shop::ReserveRequest, shop::ReserveReply>(
//       "shop.Inventory/Reserve",
//       [cache](const shop::ReserveRequest& request, shop::ReserveReply* reply) {
//         if (cache->Find(request.item(), reply)) return grpc::Status::OK;
//         return grpc::Status(grpc::StatusCode::UNAVAILABLE, "not in the cache");
//       });
//
// It answers calls that the circuit has rejected, and only those. `WithFallback`
// (fusebox/with_fallback.h), at the call site, also covers calls that were made and failed.
#ifndef FUSEBOX_GRPC_FALLBACK_H_
#define FUSEBOX_GRPC_FALLBACK_H_

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/status.h>

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "fusebox/export.h"

namespace fusebox {

// One method's, its types erased. `FallbackTable` makes them.
class Fallback {
 public:
  virtual ~Fallback() = default;

  // "package.Message".
  virtual std::string RequestType() const = 0;
  virtual std::string ResponseType() const = 0;

  // Whether that object, which is a protobuf message of some type or some other class with a first
  // word, is one of its responses.
  virtual bool Fills(const void* response) const = 0;

  // INTERNAL if the bytes are no such request. REQUIRES: Fills(response).
  virtual grpc::Status Answer(const std::string& request, void* response) const = 0;
};

// Thread-safety: as a value; once filled, any number of threads may look up. The functions are
// called by many threads at the same time.
class FUSEBOX_EXPORT FallbackTable {
 public:
  // The answer to rejected calls of a unary method, "package.Service/Method". Runs on the thread on
  // which gRPC wants the answer (the caller's own, for a blocking stub), with no lock held; it
  // should be quick. If it throws, which it should not (fusebox/user_code.h), the call is rejected
  // as if there were no fallback. Its status is the call's; of a response with a status other than
  // OK the caller sees nothing. The circuit counts the call as rejected.
  //
  // `Request` and `Response` must be the method's own messages: where the service's generated code
  // is linked into the program, others are refused with the channel. Calls from a generic stub
  // have no typed response to fill; they are rejected as if there were no fallback.
  //
  // The request is handed over by way of its serialised form, so a rejected call pays for that.
  template <typename Request, typename Response>
  FallbackTable& Method(absl::string_view method,
                        std::function<grpc::Status(const Request&, Response*)> fallback) {
    static_assert(std::is_base_of_v<google::protobuf::MessageLite, Request> &&
                      std::is_base_of_v<google::protobuf::MessageLite, Response>,
                  "a fallback is for protobuf messages");
    std::shared_ptr<const Fallback> made;
    if (fallback) made = std::make_shared<Typed<Request, Response>>(std::move(fallback));
    Add(method, std::move(made));
    return *this;
  }

  // OK, or one INVALID_ARGUMENT with all that's wrong with the entries: a name that is not of that
  // form, a second entry for it, an empty function.
  absl::Status Validate() const;

  // "package.Service/Method", with or without a leading slash. Null if there is none.
  const Fallback* Find(absl::string_view method) const;

  // Every method that has one, in the form that it was given.
  std::vector<std::string> Names() const;

 private:
  template <typename Request, typename Response>
  class Typed final : public Fallback {
   public:
    explicit Typed(std::function<grpc::Status(const Request&, Response*)> function)
        : function_(std::move(function)) {}

    std::string RequestType() const override { return std::string(Request().GetTypeName()); }
    std::string ResponseType() const override { return std::string(response_.GetTypeName()); }

    // gRPC says where the response is, not what it is. What it is shows in its first word, which
    // points to the table of its class's virtual functions.
    bool Fills(const void* response) const override {
      return std::memcmp(response, static_cast<const void*>(&response_), sizeof(void*)) == 0;
    }

    grpc::Status Answer(const std::string& request, void* response) const override {
      Request parsed;
      if (!parsed.ParseFromString(request)) {
        return grpc::Status(grpc::StatusCode::INTERNAL,
                            "the fallback can't read the request as a " + RequestType());
      }
      ClearUnlessOk guard(*static_cast<Response*>(response));
      grpc::Status status = function_(parsed, static_cast<Response*>(response));
      guard.ok = status.ok();
      return status;
    }

   private:
    // What a fallback has written that then fails or throws is no answer.
    struct ClearUnlessOk {
      explicit ClearUnlessOk(Response& filled) : response(filled) {}
      ClearUnlessOk(const ClearUnlessOk&) = delete;
      ClearUnlessOk& operator=(const ClearUnlessOk&) = delete;
      ~ClearUnlessOk() {
        if (!ok) response.Clear();
      }

      Response& response;
      bool ok = false;
    };

    const std::function<grpc::Status(const Request&, Response*)> function_;
    const Response response_;
  };

  void Add(absl::string_view method, std::shared_ptr<const Fallback> fallback);

  std::map<std::string, std::shared_ptr<const Fallback>, std::less<>> fallbacks_;
  std::vector<std::string> errors_;
};

}  // namespace fusebox

#endif  // FUSEBOX_GRPC_FALLBACK_H_
