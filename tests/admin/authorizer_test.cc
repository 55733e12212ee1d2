// SPDX-License-Identifier: Apache-2.0
//
// Who may read and who may write, over real connections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/admin/admin_server.h"
#include "tests/admin/test_authority.h"

namespace fusebox_testing {
namespace {

namespace v1 = fusebox::v1;
using grpc::StatusCode;
using Stub = v1::CircuitAdmin::Stub;

constexpr char kToken[] = "0123456789abcdef-token";

// Resets circuit "a", which is open, and says how that went. With a code but OK it is still open.
grpc::Status TryToWrite(AdminServer& server, Stub& stub, const std::string& authorization = "") {
  const auto circuit = server.registry()->Find("a");
  const uint64_t epoch = circuit->Snapshot().epoch;
  v1::ResetCircuitRequest request;
  request.set_name("a");
  request.set_reason("because");
  v1::ResetCircuitResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  if (!authorization.empty()) context.AddMetadata("authorization", authorization);
  const grpc::Status status = stub.ResetCircuit(&context, request, &response);
  if (!status.ok()) {
    EXPECT_EQ(circuit->state(), fusebox::State::kOpen);
    EXPECT_EQ(circuit->Snapshot().epoch, epoch);
  }
  return status;
}

grpc::Status TryToRead(Stub& stub, const std::string& authorization = "") {
  v1::ListCircuitsResponse response;
  grpc::ClientContext context;
  if (!authorization.empty()) context.AddMetadata("authorization", authorization);
  return stub.ListCircuits(&context, {}, &response);
}

std::string LastActor(AdminServer& server) {
  return server.registry()->Find("a")->Snapshot().last_action->actor;
}

AdminServer::Change WriteBy(std::shared_ptr<const fusebox::Authorizer> authorizer) {
  return [authorizer = std::move(authorizer)](fusebox::CircuitAdminOptions& options) {
    options.write_authorizer = authorizer;
  };
}

TEST(BearerToken, LetsInWhoHasIt) {
  AdminServer server(WriteBy(fusebox::AllowBearerToken(kToken, "ci").value()));
  AdminServer::Open(server.Add("a"));
  Stub& stub = server.stub();
  EXPECT_EQ(TryToWrite(server, stub).error_code(), StatusCode::UNAUTHENTICATED);
  const std::string token = kToken;
  for (const std::string& wrong :
       {std::string("Bearer "), std::string("Bearer x"), "Bearer " + token + "x",
        "Bearer " + token.substr(1), "Bearer " + token + token, "Basic " + token, token,
        "Bearer" + token, "Bearer " + std::string(5'000, 'x')}) {
    const grpc::Status status = TryToWrite(server, stub, wrong);
    EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED) << wrong;
    EXPECT_EQ(status.error_message().find(token), std::string::npos);
  }
  EXPECT_TRUE(TryToWrite(server, stub, "bearer " + token).ok());
  EXPECT_EQ(LastActor(server), "ci");
}

TEST(ReadAuthorizer, KeepsOthersFromReadingAndLetsWritersRead) {
  AdminServer server([](fusebox::CircuitAdminOptions& options) {
    options.read_authorizer = fusebox::AllowBearerToken("the-readers-token", "reader").value();
    options.write_authorizer = fusebox::AllowBearerToken(kToken, "writer").value();
  });
  AdminServer::Open(server.Add("a"));
  Stub& stub = server.stub();
  EXPECT_EQ(TryToRead(stub).error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(TryToRead(stub, "Bearer the-readers-token").ok());
  EXPECT_TRUE(TryToRead(stub, std::string("Bearer ") + kToken).ok());
  EXPECT_EQ(TryToWrite(server, stub, "Bearer the-readers-token").error_code(),
            StatusCode::UNAUTHENTICATED);

  v1::GetCircuitRequest get;
  get.set_name("a");
  v1::GetCircuitResponse got;
  EXPECT_EQ(Call(stub, &Stub::GetCircuit, get, got).error_code(), StatusCode::UNAUTHENTICATED);
  grpc::ClientContext context;
  v1::WatchCircuitsResponse watched;
  const auto watch = stub.WatchCircuits(&context, {});
  EXPECT_FALSE(watch->Read(&watched));
  EXPECT_EQ(watch->Finish().error_code(), StatusCode::UNAUTHENTICATED);
}

TEST(LocalCallers, OverLoopback) {
  AdminServer server;
  AdminServer::Open(server.Add("a"));
  EXPECT_TRUE(TryToWrite(server, server.stub()).ok());
  EXPECT_EQ(LastActor(server), "local 127.0.0.1");
}

class NeverAgain : public fusebox::Authorizer {
 public:
  absl::StatusOr<std::string> Authorize(const grpc::ServerContextBase& caller) const override {
    return absl::PermissionDeniedError("not you, " + caller.peer().substr(0, 5));
  }
};

TEST(Authorizers, OfTheApplicationsOwnAreAsked) {
  AdminServer server(WriteBy(std::make_shared<NeverAgain>()));
  AdminServer::Open(server.Add("a"));
  const grpc::Status status = TryToWrite(server, server.stub());
  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(status.error_message(), "not you, ipv4:");
  // A caller who may not write isn't told which circuits there are.
  v1::ResetCircuitResponse response;
  EXPECT_EQ(Call(server.stub(), &Stub::ResetCircuit, {}, response).error_code(),
            StatusCode::PERMISSION_DENIED);
}

TEST(AnyOf, AsksOneAfterTheOther) {
  AdminServer server(WriteBy(fusebox::AllowAnyOf(
      {std::make_shared<NeverAgain>(), fusebox::AllowBearerToken(kToken, "ci").value()})));
  AdminServer::Open(server.Add("a"));
  EXPECT_EQ(TryToWrite(server, server.stub()).error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(TryToWrite(server, server.stub(), std::string("Bearer ") + kToken).ok());

  AdminServer nobody(WriteBy(fusebox::AllowAnyOf({})));
  AdminServer::Open(nobody.Add("a"));
  EXPECT_EQ(TryToWrite(nobody, nobody.stub()).error_code(), StatusCode::PERMISSION_DENIED);
}

class Nameless : public fusebox::Authorizer {
 public:
  explicit Nameless(std::string name = "") : name_(std::move(name)) {}

  absl::StatusOr<std::string> Authorize(const grpc::ServerContextBase&) const override {
    return name_;
  }

 private:
  const std::string name_;
};

TEST(Authorizers, WhoeverIsGivenNoNameIsNotLetIn) {
  for (const auto& nobody :
       {std::shared_ptr<const fusebox::Authorizer>(std::make_shared<Nameless>()),
        std::shared_ptr<const fusebox::Authorizer>(std::make_shared<Nameless>(" \u2003 ")),
        fusebox::AllowAnyOf({std::make_shared<Nameless>()}),
        fusebox::AllowAnyOf({std::make_shared<Nameless>("   ")})}) {
    AdminServer server([&](fusebox::CircuitAdminOptions& options) {
      options.write_authorizer = nobody;
      options.read_authorizer = nobody;
    });
    AdminServer::Open(server.Add("a"));
    const grpc::Status status = TryToWrite(server, server.stub());
    EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED);
    EXPECT_NE(status.error_message(), "");
    EXPECT_EQ(ReasonOf(status), "CALLER_UNNAMED");
    EXPECT_EQ(TryToRead(server.stub()).error_code(), StatusCode::UNAUTHENTICATED);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    v1::WatchCircuitsResponse watched;
    const auto watch = server.stub().WatchCircuits(&context, {});
    EXPECT_FALSE(watch->Read(&watched));
    EXPECT_EQ(watch->Finish().error_code(), StatusCode::UNAUTHENTICATED);
  }
}

// What a caller is told of the last action on circuit "a": by listing it, getting it and its event,
// and watching it.
std::vector<std::string> ActionsAsToldTo(Stub& stub, const std::string& authorization) {
  const auto prepare = [&](grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    if (!authorization.empty()) context.AddMetadata("authorization", authorization);
  };
  const auto text = [](const auto& move) { return move.actor() + ": " + move.detail(); };
  std::vector<std::string> told;
  grpc::ClientContext list_context;
  prepare(list_context);
  v1::ListCircuitsResponse listed;
  EXPECT_TRUE(stub.ListCircuits(&list_context, {}, &listed).ok());
  told.push_back(text(listed.circuits(0).last_action()));
  grpc::ClientContext get_context;
  prepare(get_context);
  v1::GetCircuitRequest get;
  get.set_name("a");
  v1::GetCircuitResponse got;
  EXPECT_TRUE(stub.GetCircuit(&get_context, get, &got).ok());
  told.push_back(text(got.circuit().last_action()));
  told.push_back(text(*got.events().rbegin()));
  EXPECT_NE(got.circuit().last_opening().detail(), "") << "which a rule has made, and nobody";
  grpc::ClientContext watch_context;
  prepare(watch_context);
  v1::WatchCircuitsResponse watched;
  const auto watch = stub.WatchCircuits(&watch_context, {});
  EXPECT_TRUE(watch->Read(&watched));
  watch_context.TryCancel();
  EXPECT_EQ(watch->Finish().error_code(), StatusCode::CANCELLED);
  told.push_back(text(watched.circuits(0).last_action()));
  return told;
}

TEST(Strangers, AreNotToldWhoHasMovedACircuitNorWhy) {
  AdminServer server(WriteBy(fusebox::AllowBearerToken(kToken, "ci").value()));
  AdminServer::Open(server.Add("a"));
  const std::string token = std::string("Bearer ") + kToken;
  ASSERT_TRUE(TryToWrite(server, server.stub(), token).ok());
  EXPECT_THAT(ActionsAsToldTo(server.stub(), token), testing::Each("ci: because"));
  EXPECT_THAT(ActionsAsToldTo(server.stub(), ""), testing::Each(": "));
}

TEST(Strangers, AreToldWhatTheApplicationHasWrittenWhereNobodyElseCan) {
  AdminServer server([](fusebox::CircuitAdminOptions& options) {
    options.allow_writes = false;
    options.write_authorizer = nullptr;
  });
  AdminServer::Open(server.Add("a"));
  server.Add("a").Reset(fusebox::Operator("flags").Because("shop 7"));
  EXPECT_THAT(ActionsAsToldTo(server.stub(), ""), testing::Each("flags: shop 7"));
}

class Thrower : public fusebox::Authorizer {
 public:
  absl::StatusOr<std::string> Authorize(const grpc::ServerContextBase&) const override {
    throw std::out_of_range("the password is 1234");
  }
};

TEST(Authorizers, OneThatThrowsLetsNobodyIn) {
  const auto thrower = std::make_shared<Thrower>();
  AdminServer server([&](fusebox::CircuitAdminOptions& options) {
    options.write_authorizer = thrower;
    options.read_authorizer = thrower;
  });
  AdminServer::Open(server.Add("a"));
  const grpc::Status status = TryToWrite(server, server.stub());
  EXPECT_EQ(status.error_code(), StatusCode::INTERNAL);
  EXPECT_EQ(status.error_message(), "the application's authorizer has failed");
  EXPECT_EQ(ReasonOf(status), "AUTHORIZER_FAILED");
  EXPECT_EQ(TryToRead(server.stub()).error_code(), StatusCode::INTERNAL);
  EXPECT_EQ(server.registry()->Stats().user_code_failures, 2);
  std::vector<std::string> told;
  for (const fusebox::Event& event : server.registry()->EventsSince(0).events) {
    if (event.kind != fusebox::EventKind::kUserCodeFailed) continue;
    EXPECT_EQ(event.circuit, "");
    told.push_back(event.detail);
  }
  EXPECT_THAT(told, testing::ElementsAre("an authorizer threw std::out_of_range"))
      << "once a second, and not what it said";
}

TEST(Authorizers, OneThatThrowsKeepsOutNobodyWhomItNeedNotLetIn) {
  AdminServer server(WriteBy(std::make_shared<Thrower>()));
  AdminServer::Open(server.Add("a"));
  EXPECT_TRUE(TryToRead(server.stub()).ok());
  EXPECT_EQ(TryToWrite(server, server.stub()).error_code(), StatusCode::INTERNAL);
}

TEST(AnyOf, OneThatGivesNoNameKeepsNobodyElseOut) {
  AdminServer server(
      WriteBy(fusebox::AllowAnyOf({std::make_shared<Nameless>(), std::make_shared<Nameless>("   "),
                                   fusebox::AllowBearerToken(kToken, "ci").value()})));
  AdminServer::Open(server.Add("a"));
  EXPECT_EQ(TryToWrite(server, server.stub()).error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(TryToWrite(server, server.stub(), std::string("Bearer ") + kToken).ok());
  EXPECT_EQ(LastActor(server), "ci");
}

class TlsSubjects : public testing::Test {
 protected:
  void SetUp() override {
    authority_ = TestAuthority::Make();
    if (!authority_) GTEST_SKIP() << "openssl isn't installed";
    server_.emplace(
        WriteBy(fusebox::AllowTlsSubjects({"CN=sre,O=Example", "CN=root", "spiffe://example.org/ci",
                                           "sre.example.org", "sre@example.org", "10.0.0.7"})
                    .value()),
        authority_->ServerCredentials());
    AdminServer::Open(server_->Add("a"));
  }

  // What a caller with a certificate of that authority's gets.
  grpc::Status WriteWith(const TestAuthority& authority, const std::string& subject,
                         const std::string& alternative_name = "") {
    const auto stub =
        server_->NewStub(authority_->ClientCredentials(authority.Issue(subject, alternative_name)));
    return TryToWrite(*server_, *stub);
  }

  std::optional<TestAuthority> authority_;
  std::optional<AdminServer> server_;
};

TEST_F(TlsSubjects, LetsInASubjectOnTheList) {
  const grpc::Status status = WriteWith(*authority_, "/O=Example/CN=sre");
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(LastActor(*server_), "CN=sre,O=Example");
}

TEST_F(TlsSubjects, LetsInAnAlternativeNameOnTheList) {
  EXPECT_TRUE(WriteWith(*authority_, "/CN=anything", "URI:spiffe://example.org/ci").ok());
  EXPECT_EQ(LastActor(*server_), "spiffe://example.org/ci");
}

TEST_F(TlsSubjects, RefusesAnyOther) {
  for (const char* subject : {"/CN=sre", "/O=Example/CN=sre2", "/CN=sre/O=Example", "/CN=other"}) {
    EXPECT_EQ(WriteWith(*authority_, subject).error_code(), StatusCode::PERMISSION_DENIED)
        << subject;
  }
  EXPECT_EQ(WriteWith(*authority_, "/CN=x", "URI:spiffe://example.org/ci2").error_code(),
            StatusCode::PERMISSION_DENIED);
}

TEST_F(TlsSubjects, ANameOfOneKindIsNoNameOfAnother) {
  for (const char* kind : {"DNS", "email", "URI"}) {
    // Without a comma, which begins another name for openssl.
    EXPECT_EQ(WriteWith(*authority_, "/CN=nobody", std::string(kind) + ":CN=root").error_code(),
              StatusCode::PERMISSION_DENIED)
        << kind;
  }
  for (const char* kind : {"DNS", "email"}) {
    EXPECT_EQ(WriteWith(*authority_, "/CN=nobody", std::string(kind) + ":spiffe://example.org/ci")
                  .error_code(),
              StatusCode::PERMISSION_DENIED)
        << kind;
  }
  EXPECT_EQ(WriteWith(*authority_, "/CN=nobody", "DNS:sre@example.org").error_code(),
            StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(WriteWith(*authority_, "/CN=nobody", "DNS:10.0.0.7").error_code(),
            StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(WriteWith(*authority_, "/CN=sre.example.org").error_code(),
            StatusCode::PERMISSION_DENIED);
}

TEST_F(TlsSubjects, EachKindOfAlternativeNameIsTakenForWhatItIs) {
  for (const auto& [kind, name] : std::vector<std::pair<std::string, std::string>>{
           {"DNS", "sre.example.org"}, {"email", "sre@example.org"}, {"IP", "10.0.0.7"}}) {
    const grpc::Status status = WriteWith(*authority_, "/CN=anything", kind + ":" + name);
    ASSERT_TRUE(status.ok()) << kind << " " << status.error_message();
    EXPECT_EQ(LastActor(*server_), name);
    AdminServer::Open(*server_->registry()->Find("a"));
  }
}

TEST_F(TlsSubjects, RefusesACallerWithoutACertificate) {
  const auto stub = server_->NewStub(authority_->ClientCredentials(std::nullopt));
  EXPECT_EQ(TryToWrite(*server_, *stub).error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(TryToRead(*stub).ok());
}

TEST_F(TlsSubjects, ACertificateOfAnotherAuthorityDoesNotGetThrough) {
  const std::optional<TestAuthority> another = TestAuthority::Make();
  EXPECT_EQ(WriteWith(*another, "/O=Example/CN=sre").error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(TlsSubjects, ATokenIsTakenOverTls) {
  AdminServer server(WriteBy(fusebox::AllowBearerToken(kToken, "ci").value()),
                     authority_->ServerCredentials());
  AdminServer::Open(server.Add("a"));
  const auto stub = server.NewStub(authority_->ClientCredentials(std::nullopt));
  EXPECT_TRUE(TryToWrite(server, *stub, std::string("Bearer ") + kToken).ok());
}

}  // namespace
}  // namespace fusebox_testing
