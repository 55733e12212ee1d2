// SPDX-License-Identifier: Apache-2.0
//
// The dependency of the demo: the examples' shop, in a process of its own so that it can be killed,
// with a control service beside it. Prints its port, then serves until it is killed.
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "control.grpc.pb.h"
#include "examples/shop_server.h"

namespace demo {
namespace {

class ControlService final : public Control::CallbackService {
 public:
  explicit ControlService(examples::ShopService& shop) : shop_(shop) {}

  grpc::ServerUnaryReactor* SetHealth(grpc::CallbackServerContext* context,
                                      const SetHealthRequest* request,
                                      SetHealthReply* /*reply*/) override {
    switch (request->health()) {
      case HEALTH_FAILS:
        shop_.Fail(grpc::Status(grpc::StatusCode::INTERNAL, "disk full"));
        break;
      case HEALTH_HANGS:
        shop_.Hang();
        break;
      default:
        shop_.Work();
    }
    return Done(*context);
  }

  grpc::ServerUnaryReactor* CountCalls(grpc::CallbackServerContext* context,
                                       const CountCallsRequest* /*request*/,
                                       CountCallsReply* reply) override {
    for (const auto& [client, calls] : shop_.calls_by_client()) {
      (*reply->mutable_calls_by_client())[client] = calls;
    }
    return Done(*context);
  }

 private:
  static grpc::ServerUnaryReactor* Done(grpc::CallbackServerContext& context) {
    grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  examples::ShopService& shop_;
};

int Serve(int port) {
  examples::ShopService shop;
  ControlService control(shop);
  int bound_port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                           &bound_port);
  builder.RegisterService(&shop);
  builder.RegisterService(&control);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || bound_port == 0) {
    std::cerr << "fusebox_demo_server: can't listen on port " << port << '\n';
    return EXIT_FAILURE;
  }
  std::cout << bound_port << std::endl;
  server->Wait();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace demo

int main(int argc, char** argv) {
  int port = 0;
  CLI::App app("The server of fusebox_demo, which starts and kills it.", "fusebox_demo_server");
  app.add_option("--port", port, "of 127.0.0.1 to listen on; 0: any free one")
      ->check(CLI::Range(0, 65535));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == EXIT_SUCCESS ? EXIT_SUCCESS : 2;
  }
  return demo::Serve(port);
}
