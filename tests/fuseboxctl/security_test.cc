// SPDX-License-Identifier: Apache-2.0
//
// TLS, certificates, tokens, and flags that are wrong.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/admin/admin_server.h"
#include "tests/end2end/test_certificate.h"
#include "tests/fuseboxctl/run_ctl.h"

namespace fusebox_testing {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kToken[] = "0123456789abcdef0123";

// A server whose certificate is for 127.0.0.1.
class Tls : public testing::Test {
 protected:
  void SetUp() override {
    certificate_ = MakeTestCertificate();
    if (!certificate_) GTEST_SKIP() << "needs the program openssl";
    ca_ = std::make_unique<TestFile>(certificate_->certificate);
    key_ = std::make_unique<TestFile>(certificate_->private_key);
  }
  // One that asks callers for the same certificate.
  std::shared_ptr<grpc::ServerCredentials> Credentials(bool mutual) const {
    grpc::SslServerCredentialsOptions options(
        mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
               : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
    options.pem_key_cert_pairs.push_back({certificate_->private_key, certificate_->certificate});
    if (mutual) options.pem_root_certs = certificate_->certificate;
    return grpc::SslServerCredentials(options);
  }

  std::optional<TestCertificate> certificate_;
  std::unique_ptr<TestFile> ca_;
  std::unique_ptr<TestFile> key_;
};

TEST_F(Tls, AServerThatIsTrustedIsAsked) {
  AdminServer server({}, Credentials(false));
  server.Add("x");
  const Ran ran = RunCtl({"--endpoint", server.address(), "--tls", "--ca", ca_->path(), "list"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  Surroundings surroundings;
  surroundings.variables = {"FUSEBOX_TLS=1", "FUSEBOX_CA=" + ca_->path()};
  EXPECT_EQ(RunCtl({"--endpoint", server.address(), "list"}, surroundings).exit_code, 0);
}

TEST_F(Tls, AServerThatIsNotTrustedIsNot) {
  AdminServer server({}, Credentials(false));
  const Ran ran = RunCtl({"--endpoint", server.address(), "--tls", "list"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("TLS failed"), HasSubstr("--ca")));
  EXPECT_EQ(RunCtl({"--endpoint", server.address(), "list"}).exit_code, 1) << "without TLS";
}

TEST_F(Tls, TheServersNameIsCheckedAndMayBeGiven) {
  AdminServer server({}, Credentials(false));
  const std::string port = server.address().substr(server.address().find(':'));
  const std::vector<std::string> by_name = {"--endpoint", "localhost" + port, "--ca", ca_->path(),
                                            "list"};
  EXPECT_EQ(RunCtl(by_name).exit_code, 1);
  Surroundings surroundings;
  surroundings.variables = {"FUSEBOX_SERVER_NAME=127.0.0.1"};
  const Ran ran = RunCtl(by_name, surroundings);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
}

TEST_F(Tls, CallersMayShowACertificate) {
  AdminServer server(
      [](fusebox::CircuitAdminOptions& options) {
        options.write_authorizer = fusebox::AllowTlsSubjects({"CN=echo"}).value();
      },
      Credentials(true));
  server.Add("x");
  const Ran ran =
      RunCtl({"--endpoint", server.address(), "--ca", ca_->path(), "--cert", ca_->path(), "--key",
              key_->path(), "disable", "x", "--reason", "mutual"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(server.registry()->Find("x")->Snapshot().last_action->actor, "CN=echo");
  EXPECT_EQ(RunCtl({"--endpoint", server.address(), "--ca", ca_->path(), "list"}).exit_code, 1);
}

TEST_F(Tls, FilesThatTlsCannotBeginWithAreRefusedByName) {
  const auto said = [](const std::vector<std::string>& flags) {
    std::vector<std::string> arguments = {"--endpoint", "127.0.0.1:1", "list"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const Ran ran = RunCtl(arguments);
    EXPECT_EQ(ran.exit_code, 2) << ran.err;
    return ran.err;
  };
  const auto other = MakeTestCertificate();
  ASSERT_TRUE(other);
  const TestFile other_key(other->private_key);
  EXPECT_EQ(said({"--cert", ca_->path(), "--key", other_key.path()}),
            "fuseboxctl: --key: " + other_key.path() + " is not the private key of --cert " +
                ca_->path() + "\n");
  const TestFile broken("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_EQ(said({"--ca", broken.path()}),
            "fuseboxctl: --ca: " + broken.path() + " holds a certificate that can't be read\n");
  const TestFile half(certificate_->certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n");
  EXPECT_THAT(said({"--ca", half.path()}), HasSubstr("certificate that can't be read"));
  const TestFile broken_key("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  EXPECT_THAT(said({"--cert", ca_->path(), "--key", broken_key.path()}),
              HasSubstr("--key: " + broken_key.path() + " holds a private key that can't be read"));
  const TestFile encrypted(
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
  EXPECT_THAT(said({"--cert", ca_->path(), "--key", encrypted.path()}),
              HasSubstr("holds a private key that is encrypted"));
}

TEST_F(Tls, ATokenGoesAlong) {
  AdminServer server(
      [](fusebox::CircuitAdminOptions& options) {
        options.write_authorizer = fusebox::AllowBearerToken(kToken, "ci").value();
      },
      Credentials(false));
  server.Add("x");
  const TestFile token(std::string(kToken) + "\n");
  const std::vector<std::string> arguments = {
      "--endpoint", server.address(), "--ca", ca_->path(), "reset", "x", "--reason", "token"};
  EXPECT_EQ(RunCtl(arguments).exit_code, 1);
  std::vector<std::string> with_file = arguments;
  with_file.insert(with_file.end(), {"--token-file", token.path()});
  EXPECT_EQ(RunCtl(with_file).exit_code, 0);
  Surroundings surroundings;
  surroundings.variables = {std::string("FUSEBOX_TOKEN=") + kToken};
  EXPECT_EQ(RunCtl(arguments, surroundings).exit_code, 0);
  EXPECT_EQ(server.registry()->Find("x")->Snapshot().last_action->actor, "ci");
  surroundings.variables = {"FUSEBOX_TOKEN_FILE=" + token.path()};
  EXPECT_EQ(RunCtl(arguments, surroundings).exit_code, 0);
}

TEST(Token, IsNotSentWhereOthersCouldReadIt) {
  Surroundings surroundings;
  surroundings.variables = {std::string("FUSEBOX_TOKEN=") + kToken};
  // An address of the documentation's, where nothing is.
  const std::vector<std::string> arguments = {"--endpoint", "192.0.2.1:1", "--timeout", "50ms",
                                              "list"};
  const Ran ran = RunCtl(arguments, surroundings);
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("FUSEBOX_TOKEN"), HasSubstr("192.0.2.1:1"),
                             HasSubstr("--tls"), Not(HasSubstr(kToken))));
  std::vector<std::string> anyway = arguments;
  anyway.emplace_back("--insecure-token");
  EXPECT_EQ(RunCtl(anyway, surroundings).exit_code, 1) << "nothing is there";
}

TEST(Token, GoesToThisMachineWithoutTls) {
  AdminServer server([](fusebox::CircuitAdminOptions& options) {
    options.read_authorizer = fusebox::AllowBearerToken(kToken, "ci").value();
    options.allow_writes = false;
    options.write_authorizer = nullptr;
  });
  server.Add("x");
  const auto list = [&server](const std::string& token) {
    Surroundings surroundings;
    surroundings.variables = {"FUSEBOX_TOKEN=" + token};
    return RunCtl({"--endpoint", server.address(), "list"}, surroundings);
  };
  const Ran without = list("");
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_THAT(without.err, HasSubstr("say who you are: --token-file"));
  const Ran wrong = list("0123456789abcdef0124");
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err, AllOf(HasSubstr("the token was sent, and was refused"),
                               Not(HasSubstr("say who you are"))));
  const TestFile token(kToken);
  EXPECT_EQ(
      RunCtl({"--endpoint", server.address(), "--token-file", token.path(), "list"}).exit_code, 0);
}

struct Mistake {
  std::vector<std::string> arguments;
  std::vector<std::string> said;  // parts of the message
};

TEST(Mistakes, AreNamedWithTheirValueAndEndWithTwo) {
  const TestFile text("no certificate");
  const Mistake mistakes[] = {
      {{}, {"subcommand is required: info, list", "policy, config, orders, completion"}},
      {{"lst"}, {"no subcommand \"lst\"; there are: info, list, ", "See `fuseboxctl --help`"}},
      {{"policy", "show", "x"},
       {"no subcommand \"policy show\"; there are: get, set, diff",
        "See `fuseboxctl policy --help`"}},
      {{"policy", "--nope"}, {"no flag \"--nope\"", "See `fuseboxctl policy --help`"}},
      {{"policy"}, {"subcommand is required: get, set, diff", "See `fuseboxctl policy --help`"}},
      {{"policy", "set", "x", "nope=1"}, {"no field", "See `fuseboxctl policy set --help`"}},
      {{"policy", "diff", "x", "--nope"}, {"--nope", "See `fuseboxctl policy diff --help`"}},
      {{"--nope", "list"}, {"--nope"}},
      {{"list", "--stat", "open"}, {"--stat"}},
      {{"list", "--state", "opn"}, {"--state", "\"opn\" is not a state", "half_open"}},
      {{"list", "--mode", "off"}, {"--mode", "\"off\" is not a mode", "forced_open"}},
      {{"list", "--sort", "age"}, {"--sort", "\"age\" must be one of name|state"}},
      {{"list", "--output", "xml"}, {"--output", "\"xml\" must be one of table|wide|json"}},
      {{"list", "--color", "on"}, {"--color", "auto|always|never"}},
      {{"list", "--timeout", "5"}, {"--timeout", "\"5\" is not a duration", "30s"}},
      {{"list", "--timeout", "0s"}, {"--timeout", "greater than 0"}},
      {{"list"}, {"no endpoint", "--endpoint", "FUSEBOX_ENDPOINTS"}},
      {{"list", "--endpoint", "host"}, {"--endpoint", "\"host\" is not an endpoint"}},
      {{"list", "--endpoint", "host:70000"}, {"\"host:70000\"", "a port from 1 to 65535"}},
      {{"list", "--endpoint", "h:1", "--ca", "/nonexistent"}, {"--ca", "No such file"}},
      {{"list", "--endpoint", "h:1", "--ca", text.path()}, {"--ca", "no CERTIFICATE in PEM"}},
      {{"list", "--endpoint", "h:1", "--cert", text.path()}, {"--cert", "--key"}},
      {{"list", "--endpoint", "h:1", "--token-file", "/nonexistent"}, {"--token-file", "No such"}},
      {{"list", "--endpoint", "h:1", "--token-file", "/dev/null"}, {"/dev/null is empty"}},
      {{"list", "--endpoint", "h:1", "--token-file", text.path()}, {"visible ASCII"}},
      {{"get"}, {"NAME is required"}},
      {{"get", "x", "--events", "9999"}, {"--events", "9999"}},
      {{"watch", "--until", "gone"}, {"--until", "\"gone\" is not a state"}},
      {{"watch", "--until-timeout", "1s"}, {"--until-timeout", "--until"}},
      {{"reset", "x", "--ttl", "1m", "--reason", "y"}, {"--ttl"}},
      {{"reset", "x", "--all", "--reason", "y"}, {"--all"}},
      {{"completion", "fish"}, {"\"fish\" must be one of bash|zsh"}},
      {{"list", "--sort", "\x1b[2J"}, {"\\x1b[2J"}},
  };
  for (const Mistake& mistake : mistakes) {
    const Ran ran = RunCtl(mistake.arguments);
    EXPECT_EQ(ran.exit_code, 2) << testing::PrintToString(mistake.arguments) << ran.err;
    EXPECT_EQ(ran.out, "");
    for (const std::string& part : mistake.said) EXPECT_THAT(ran.err, HasSubstr(part));
  }
  Surroundings surroundings;
  surroundings.variables = {"FUSEBOX_TLS=Maybe"};
  const Ran ran = RunCtl({"list", "--endpoint", "127.0.0.1:1"}, surroundings);
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err,
              HasSubstr("FUSEBOX_TLS: \"Maybe\" must be 1, true or yes, or 0, false or no"));
}

TEST(Mistakes, TlsIsAskedForInTheWordsThatTheRefusalNames) {
  AdminServer server;
  server.Add("x");
  const auto exit_code = [&server](const char* variable) {
    Surroundings surroundings;
    surroundings.variables = {variable};
    return RunCtl({"list", "--endpoint", server.address()}, surroundings).exit_code;
  };
  for (const char* const off :
       {"FUSEBOX_TLS=0", "FUSEBOX_TLS=false", "FUSEBOX_TLS=No", "FUSEBOX_TLS="}) {
    EXPECT_EQ(exit_code(off), 0) << off;
  }
  for (const char* const on : {"FUSEBOX_TLS=1", "FUSEBOX_TLS=TRUE", "FUSEBOX_TLS=yes"}) {
    EXPECT_EQ(exit_code(on), 1) << on << ": the server speaks no TLS";
  }
}

// No flag is taken for the value of the one before it.
TEST(Mistakes, AFlagIsNoValueUnlessItIsWrittenToBe) {
  AdminServer server;
  server.Add("x");
  const auto run = [&server](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--endpoint", server.address()});
    return RunCtl(std::move(arguments));
  };
  const std::vector<std::string> swallowed[] = {
      {"reset", "x", "--reason", "--yes"},
      {"reset", "x", "--reason", "-y"},
      {"reset", "x", "--reason", "--nope"},
      {"reset", "x", "--reason", "--"},
      {"open", "x", "--reason", "--ttl", "x"},
      {"policy", "set", "x", "jitter=0", "--reason", "x", "--etag", "--dry-run"},
      {"list", "--target", "--names"},
      {"list", "--ca", "--names"},
  };
  for (const std::vector<std::string>& arguments : swallowed) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.exit_code, 2) << testing::PrintToString(arguments) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("looks like a flag; if it is meant, write --"));
  }
  EXPECT_EQ(server.registry()->Find("x")->Snapshot().last_action, std::nullopt);
  EXPECT_EQ(run({"reset", "x", "--reason=--yes"}).exit_code, 0);
  EXPECT_EQ(server.registry()->Find("x")->Snapshot().last_action->detail, "--yes");
  EXPECT_EQ(run({"reset", "x", "--reason", "- a list"}).exit_code, 0);
}

TEST(Mistakes, AReasonSaysSomething) {
  for (const char* const blank : {"", " ", "\u00a0", "\u3000"}) {
    const Ran ran = RunCtl({"reset", "x", "--reason", blank, "--endpoint", "127.0.0.1:1"});
    EXPECT_EQ(ran.exit_code, 2) << blank;
    EXPECT_THAT(ran.err, HasSubstr("say why"));
    const Ran set =
        RunCtl({"policy", "set", "x", "jitter=0", "--reason", blank, "--endpoint", "127.0.0.1:1"});
    EXPECT_EQ(set.exit_code, 2) << blank;
  }
}

TEST(Mistakes, WhatIsNoUtf8IsNotSent) {
  const std::string text = "caf\xe9";
  const Mistake mistakes[] = {
      {{"reset", "x", "--reason", text}, {"--reason: \"caf\\xe9\" must be UTF-8"}},
      {{"reset", "x", "--reason=" + text}, {"--reason: \"caf\\xe9\" must be UTF-8"}},
      {{"reset", text, "--reason", "x"}, {"\"caf\\xe9\" must be UTF-8"}},
      {{"list", text}, {"\"caf\\xe9\" must be UTF-8"}},
      {{"list", "--target", text}, {"--target: \"caf\\xe9\" must be UTF-8"}},
      {{"watch", text}, {"must be UTF-8"}},
      {{"get", "--", text}, {"must be UTF-8"}},
      {{"policy", "get", text}, {"must be UTF-8"}},
      {{"policy", "set", "x", "jitter=0", "--reason", "x", "--etag", text},
       {"--etag: \"caf\\xe9\" must be UTF-8"}},
  };
  for (const Mistake& mistake : mistakes) {
    std::vector<std::string> arguments = mistake.arguments;
    arguments.insert(arguments.begin(), {"--endpoint", "127.0.0.1:1"});
    const Ran ran = RunCtl(arguments);
    EXPECT_EQ(ran.exit_code, 2) << testing::PrintToString(arguments) << ran.err;
    for (const std::string& part : mistake.said) EXPECT_THAT(ran.err, HasSubstr(part));
    EXPECT_THAT(ran.err, Not(HasSubstr("libprotobuf")));
  }
  Surroundings surroundings;
  surroundings.variables = {"FUSEBOX_REASON=" + text};
  const Ran ran = RunCtl({"reset", "x", "--endpoint", "127.0.0.1:1"}, surroundings);
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("FUSEBOX_REASON: \"caf\\xe9\" must be UTF-8"));
}

}  // namespace
}  // namespace fusebox_testing
