// SPDX-License-Identifier: Apache-2.0
//
// Examples of the documentation are run, those of a page one after the other in a server that
// serves a call: what compiles may be refused when it's called.
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "fusebox/rejection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/docs/reader.h"

namespace reader {

// Made by extract_snippets.py, of the page of that name.
absl::Status ReadmePage(std::shared_ptr<Cache> cache);
absl::Status AdminPage(std::shared_ptr<Cache> cache);
absl::Status CompositionPage(std::shared_ptr<Cache> cache);
absl::Status FallbacksPage(std::shared_ptr<Cache> cache);
absl::Status FaultInjectionPage(std::shared_ptr<Cache> cache);
absl::Status OperatingPage(std::shared_ptr<Cache> cache);
absl::Status PoliciesPage(std::shared_ptr<Cache> cache);
absl::Status TestingPage(std::shared_ptr<Cache> cache);
absl::Status WhatItProtectsPage(std::shared_ptr<Cache> cache);

}  // namespace reader

namespace fusebox_testing {
namespace {

struct Page {
  const char* name;
  absl::Status (*run)(std::shared_ptr<reader::Cache>);
};

void PrintTo(const Page& page, std::ostream* out) { *out << page.name; }

class Inventory final : public shop::Inventory::Service {
 public:
  explicit Inventory(std::function<absl::Status()> page) : page_(std::move(page)) {}

  grpc::Status Reserve(grpc::ServerContext* context, const shop::ReserveRequest* /*request*/,
                       shop::ReserveReply* /*reply*/) override {
    reader::server_context = context;
    const absl::Status came = page_();
    reader::server_context = nullptr;
    return {static_cast<grpc::StatusCode>(came.code()), std::string(came.message())};
  }

 private:
  std::function<absl::Status()> page_;
};

std::unique_ptr<grpc::Server> Start(grpc::Service& service) {
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  return builder.BuildAndStart();  // reached in this process alone
}

class SnippetsRun : public testing::TestWithParam<Page> {};

TEST_P(SnippetsRun, AndReturnNoError) {
  grpc::EnableDefaultHealthCheckService(true);
  Inventory unused([] { return absl::OkStatus(); });
  reader::server = Start(unused);
  reader::stub = shop::Inventory::NewStub(reader::server->InProcessChannel({}));
  Inventory calling([] { return GetParam().run(std::make_shared<reader::Cache>()); });
  const std::unique_ptr<grpc::Server> server = Start(calling);
  grpc::ClientContext context;
  shop::ReserveReply reply;
  const grpc::Status status =
      shop::Inventory::NewStub(server->InProcessChannel({}))->Reserve(&context, {}, &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  server->Shutdown();
  reader::stub = nullptr;
  reader::server = nullptr;
}

INSTANTIATE_TEST_SUITE_P(Pages, SnippetsRun,
                         testing::Values(Page{"readme", reader::ReadmePage},
                                         Page{"admin", reader::AdminPage},
                                         Page{"composition", reader::CompositionPage},
                                         Page{"fallbacks", reader::FallbacksPage},
                                         Page{"fault_injection", reader::FaultInjectionPage},
                                         Page{"operating", reader::OperatingPage},
                                         Page{"policies", reader::PoliciesPage},
                                         Page{"testing", reader::TestingPage},
                                         Page{"what_it_protects", reader::WhatItProtectsPage}),
                         [](const auto& page) { return std::string(page.param.name); });

// What the front page shows to a reader who tries it is what a rejected call says.
TEST(ReadmeTest, ShowsTheMessageOfARejection) {
  std::ifstream file(FUSEBOX_README);
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  fusebox::Rejection rejection;
  rejection.circuit = "inventory/shop.Inventory/Reserve";
  rejection.state = fusebox::State::kOpen;
  rejection.reason = fusebox::RejectionReason::kNotConnected;
  EXPECT_THAT(page, testing::HasSubstr("\n" + fusebox::RejectionMessage(rejection) + "\n"));
}

}  // namespace
}  // namespace fusebox_testing
