// SPDX-License-Identifier: Apache-2.0
//
// No token, and nothing else, goes where the variables of other programs point.
#include <unistd.h>

#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/admin/admin_server.h"
#include "tests/end2end/test_certificate.h"
#include "tests/fuseboxctl/recording_proxy.h"
#include "tests/fuseboxctl/run_ctl.h"

namespace fusebox_testing {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kToken[] = "0123456789abcdef0123";
constexpr const char* kProxyVariables[] = {"http_proxy", "https_proxy", "grpc_proxy", "all_proxy",
                                           "HTTP_PROXY", "HTTPS_PROXY", "GRPC_PROXY", "ALL_PROXY"};

// A server that wants a token, at every kind of address of this machine.
class Proxied : public testing::Test, protected TestCircuits {
 protected:
  explicit Proxied(std::shared_ptr<grpc::ServerCredentials> credentials = nullptr) {
    Add("x");
    fusebox::CircuitAdminOptions options;
    options.registry = registry();
    options.instance = "here";
    options.read_authorizer = fusebox::AllowBearerToken(kToken, "ci").value();
    service_ = fusebox::CreateCircuitAdmin(options).value();
    Serve(credentials == nullptr ? grpc::InsecureServerCredentials() : std::move(credentials));
  }
  ~Proxied() override {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
  }

  void Serve(const std::shared_ptr<grpc::ServerCredentials>& credentials) {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
    grpc::ServerBuilder builder;
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddListeningPort("127.0.0.1:0", credentials, &port_);
    builder.AddListeningPort("[::1]:0", credentials, &port6_);
    builder.AddListeningPort("unix:" + absl::StrReplaceAll(path_, {{"#", "%23"}}), credentials);
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
  }

  // Each way to write this machine.
  std::vector<std::string> Endpoints() const {
    const std::string port = ":" + std::to_string(port_);
    std::vector<std::string> endpoints = {"localhost" + port,          "127.0.0.1" + port,
                                          "dns:localhost" + port,      "dns:///localhost" + port,
                                          "dns:///127.0.0.1" + port,   "ipv4:127.0.0.1" + port,
                                          "[::ffff:127.0.0.1]" + port, "unix:" + path_};
    if (port6_ != 0) endpoints.push_back("[::1]:" + std::to_string(port6_));
    return endpoints;
  }

  static Ran List(const std::string& endpoint, std::vector<std::string> variables,
                  std::vector<std::string> flags = {}) {
    std::vector<std::string> arguments = {"--endpoint", endpoint, "list"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    Surroundings surroundings;
    surroundings.variables = std::move(variables);
    return RunCtl(std::move(arguments), surroundings);
  }

  const std::string path_ = testing::TempDir() + "fuseboxctl-proxy#" + std::to_string(getpid());
  std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  int port6_ = 0;
};

TEST_F(Proxied, NothingGoesToAProxyThatNobodyAskedFor) {
  RecordingProxy proxy;
  const std::string token = std::string("FUSEBOX_TOKEN=") + kToken;
  for (const std::string& endpoint : Endpoints()) {
    std::vector<std::string> all = {token};
    for (const char* const variable : kProxyVariables) {
      const std::string setting = std::string(variable) + "=" + proxy.url();
      all.push_back(setting);
      const Ran ran = List(endpoint, {token, setting});
      EXPECT_EQ(ran.exit_code, 0) << endpoint << " " << setting << ran.err;
    }
    for (const char* const except :
         {"no_proxy=", "no_proxy=example.org", "no_proxy=localhost,127.0.0.1", "NO_PROXY=*",
          "no_grpc_proxy=example.org", "NO_GRPC_PROXY="}) {
      std::vector<std::string> variables = all;
      variables.emplace_back(except);
      EXPECT_EQ(List(endpoint, variables).exit_code, 0) << endpoint << " " << except;
    }
  }
  EXPECT_EQ(proxy.Stop(), "");
}

TEST_F(Proxied, ATokenWithoutTlsIsNotSentToAProxyThatIsAskedFor) {
  RecordingProxy proxy;
  const std::vector<std::string> variables = {std::string("FUSEBOX_TOKEN=") + kToken,
                                              "http_proxy=" + proxy.url(),
                                              "grpc_proxy=" + proxy.url()};
  for (const std::string& endpoint : Endpoints()) {
    const Ran ran = List(endpoint, variables, {"--use-proxy"});
    if (endpoint.rfind("unix:", 0) == 0) {
      EXPECT_EQ(ran.exit_code, 0) << "no proxy can get to a socket of this machine: " << ran.err;
      continue;
    }
    EXPECT_EQ(ran.exit_code, 2) << endpoint;
    EXPECT_THAT(ran.err,
                AllOf(HasSubstr("through a proxy"), HasSubstr("--tls"), Not(HasSubstr(kToken))));
  }
  EXPECT_EQ(proxy.Stop(), "");
}

TEST_F(Proxied, TlsGoesThroughAProxyThatIsAskedForAndTheTokenIsHidden) {
  const std::optional<TestCertificate> certificate = MakeTestCertificate();
  if (!certificate) GTEST_SKIP() << "needs the program openssl";
  grpc::SslServerCredentialsOptions options(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  options.pem_key_cert_pairs.push_back({certificate->private_key, certificate->certificate});
  Serve(grpc::SslServerCredentials(options));
  const TestFile ca(certificate->certificate);
  const TestFile token(kToken);
  // A name that only the proxy knows.
  const std::string place = "checkout.example:" + std::to_string(port_);
  RecordingProxy proxy;
  const Ran ran = List(place, {"https_proxy=" + proxy.url()},
                       {"--use-proxy", "--ca", ca.path(), "--server-name", "127.0.0.1",
                        "--token-file", token.path()});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  const std::string seen = proxy.Stop();
  EXPECT_THAT(seen, AllOf(StartsWith("CONNECT " + place + " HTTP/1"), Not(HasSubstr(kToken))));
  EXPECT_GT(seen.size(), 500U) << "the call went through it";
}

TEST_F(Proxied, AProxyThatIsAskedForIsThere) {
  const std::string place = "127.0.0.1:" + std::to_string(port_);
  const std::vector<std::string> without[] = {
      {},
      {"HTTP_PROXY=http://127.0.0.1:9"},
      {"grpc_proxy=", "http_proxy=http://127.0.0.1:9"},
      {"http_proxy=secret"},
      {"https_proxy=https://127.0.0.1:9"},
      {"http_proxy=http://"},
      {"http_proxy=http://user:secret@"},
      {"http_proxy=http://127.0.0.1:http"},
      {"http_proxy=http://a@b@c:9"},
  };
  for (const std::vector<std::string>& variables : without) {
    const Ran ran = List(place, variables, {"--use-proxy"});
    EXPECT_EQ(ran.exit_code, 2) << testing::PrintToString(variables) << ran.err;
    EXPECT_THAT(ran.err, AllOf(HasSubstr("--use-proxy: "), HasSubstr("to http://host:port"),
                               Not(HasSubstr("secret"))));
  }
  const std::string token = std::string("FUSEBOX_TOKEN=") + kToken;
  EXPECT_EQ(List("unix:" + path_, {token}, {"--use-proxy"}).exit_code, 0) << "none is gone through";
  for (const char* const proxy : {"http://127.0.0.1:9", "http://user:password@127.0.0.1:9/",
                                  "http://[::1]:9", "http://[::1]", "http://nowhere.invalid"}) {
    const Ran ran =
        List(place, {std::string("http_proxy=") + proxy}, {"--use-proxy", "--timeout", "1s"});
    EXPECT_EQ(ran.exit_code, 1) << proxy << ": nothing is there, and nothing goes past it"
                                << ran.err;
  }
}

}  // namespace
}  // namespace fusebox_testing
