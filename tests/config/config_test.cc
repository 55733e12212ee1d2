// SPDX-License-Identifier: Apache-2.0
#include "fusebox/config/config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/base/sha256.h"
#include "tests/config/read.h"
#include "tests/support/made_text.h"
#include "tests/support/test_folder.h"

namespace fusebox_testing {
namespace {

using fusebox::Config;
using fusebox::ConfigFormat;
using fusebox::ConfigFunctions;
using testing::HasSubstr;
using testing::StartsWith;

class Folder : public TestFolder {
 public:
  std::string Of(const std::string& name) const { return (*this / name).string(); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(Of(name)) << text;
    return Of(name);
  }
};

absl::StatusCode CodeOf(const std::string& path) { return Config::Load(path).status().code(); }

TEST(Load, GoesByTheEndOfTheName) {
  const Folder folder;
  const std::string yaml = "version: a";
  const std::string json = "{\"version\": \"a\"}";
  const std::string text = "version: \"a\"";
  for (const auto& [name, content] : {std::pair("a.yaml", yaml), std::pair("a.yml", yaml),
                                      std::pair("a.json", json), std::pair("a.textproto", text)}) {
    const std::string path = folder.Write(name, content);
    const auto config = Config::Load(path);
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ((*config)->version(), "a");
    EXPECT_EQ((*config)->file(), path);
  }
  const auto unknown = Config::Load(folder.Write("a.toml", ""));
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(unknown.status().message()),
              HasSubstr(".yaml, .yml, .json or .textproto"));
  EXPECT_EQ(CodeOf(folder.Write("b.json", yaml)), absl::StatusCode::kInvalidArgument);
}

TEST(Load, TellsTheHashOfTheBytes) {
  const Folder folder;
  const auto config = Config::Load(folder.Write("a.yaml", "abc: &x\n#"));
  EXPECT_FALSE(config.ok());
  const auto empty = Config::Load(folder.Write("b.yaml", "{}"));
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ((*empty)->hash(), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}

TEST(Load, WhatIsNoRegularFileIsRefusedAtOnce) {
  const Folder folder;
  EXPECT_EQ(CodeOf(folder.Of("none.yaml")), absl::StatusCode::kNotFound);
  std::filesystem::create_directory(folder.Of("folder.yaml"));
  EXPECT_EQ(CodeOf(folder.Of("folder.yaml")), absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(mkfifo(folder.Of("fifo.yaml").c_str(), 0600), 0);
  EXPECT_EQ(CodeOf(folder.Of("fifo.yaml")), absl::StatusCode::kInvalidArgument);
  std::filesystem::create_symlink("/dev/zero", folder.Of("device.yaml"));
  const auto device = Config::Load(folder.Of("device.yaml"));
  EXPECT_EQ(device.status().message(), folder.Of("device.yaml") + ": is not a regular file");
  std::filesystem::create_symlink("loop.yaml", folder.Of("loop.yaml"));
  EXPECT_FALSE(Config::Load(folder.Of("loop.yaml")).ok());
  EXPECT_EQ(CodeOf(std::string("a\0.yaml", 7)), absl::StatusCode::kInvalidArgument);
}

TEST(Load, AFileThatMayNotBeRead) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read every file";
  const Folder folder;
  const std::string path = folder.Write("a.yaml", "");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  EXPECT_EQ(CodeOf(path), absl::StatusCode::kPermissionDenied);
}

TEST(Load, ALargeFile) {
  const Folder folder;
  const auto large = Config::Load(folder.Write("a.yaml", std::string(10 << 20, '\x07')));
  EXPECT_EQ(large.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(large.status().message(), folder.Of("a.yaml") + ": has more than 4194304 bytes");
}

TEST(Load, ASymbolicLinkAsKubernetesHasIt) {
  const Folder folder;
  std::filesystem::create_directory(folder.Of("..1"));
  folder.Write("..1/a.yaml", "version: one");
  std::filesystem::create_symlink("..1", folder.Of("..data"));
  std::filesystem::create_symlink("..data/a.yaml", folder.Of("a.yaml"));
  const auto config = Config::Load(folder.Of("a.yaml"));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ((*config)->version(), "one");
}

// What the file is called is printed, and so can't hold what a terminal obeys.
TEST(Load, AnOddName) {
  const Folder folder;
  const auto config = Config::Load(folder.Write("\x1b[31m.yaml", "x: 1"));
  EXPECT_THAT(std::string(config.status().message()),
              HasSubstr("\\x1b[31m.yaml:1: x: no such key"));
}

TEST(Options, OfADependencyByItsNameOrTheFirstGlob) {
  const auto config = Read(
      "dependencies:\n"
      "  pay*: {health_service: glob}\n"
      "  payment: {health_service: name}\n"
      "  p?y*: {health_service: second}\n");
  const auto service_of = [&](const std::string& dependency) {
    const auto options = config->Options(dependency, nullptr);
    return options.ok() ? options->health_service : options.status().ToString();
  };
  EXPECT_EQ(service_of("payment"), "name");
  EXPECT_EQ(service_of("payments"), "glob");
  EXPECT_EQ(service_of("psy"), "second");
  EXPECT_EQ(service_of("other"), "");
}

TEST(Options, FunctionsByTheirNames) {
  const auto config = Read(
      "dependencies:\n"
      "  d:\n"
      "    circuit_key: tenant\n"
      "    classifier: {predicate: suspended}\n"
      "    fallbacks:\n"
      "      shop.Payments/Charge: cached\n");
  const auto without = config->Options("d", nullptr);
  EXPECT_EQ(without.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      without.status().message(),
      "f:3: dependencies.d.circuit_key = \"tenant\", must be the name of a function that the "
      "application has\n"
      "f:4: dependencies.d.classifier.predicate = \"suspended\", must be the name of a function "
      "that the application has\n"
      "f:6: dependencies.d.fallbacks[\"shop.Payments/Charge\"] = \"cached\", must be the name of "
      "a function that the application has");

  ConfigFunctions functions;
  functions.circuit_keys["tenat"] = nullptr;
  EXPECT_THAT(std::string(config->Options("d", nullptr, functions).status().message()),
              HasSubstr("; did you mean tenat?\n"));

  std::string method;
  functions.circuit_keys["tenant"] = [](const fusebox::CallInfo&) { return std::string("t"); };
  functions.predicates["suspended"] = [](const fusebox::CallResult&) {
    return std::optional<fusebox::OutcomeKind>();
  };
  functions.fallbacks["cached"] = [&method](absl::string_view of, fusebox::FallbackTable&) {
    method = std::string(of);
  };
  const auto options = config->Options("d", nullptr, functions);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(options->circuit_key);
  EXPECT_TRUE(options->classifier.predicate);
  EXPECT_EQ(method, "shop.Payments/Charge");
}

// A function that can't be copied once it is where it belongs.
struct UncopiableKey {
  UncopiableKey() = default;
  UncopiableKey(const UncopiableKey& other) : copies(other.copies + 1) {
    if (copies > 1) throw std::runtime_error("the password is 1234");
  }
  UncopiableKey(UncopiableKey&&) = default;
  UncopiableKey& operator=(const UncopiableKey&) = delete;
  std::string operator()(const fusebox::CallInfo&) const { return "t"; }
  int copies = 0;
};

TEST(Options, WhatAFunctionThrowsIsAnErrorWithItsPlace) {
  const auto config = Read(
      "dependencies:\n"
      "  d:\n"
      "    fallbacks:\n"
      "      shop.Payments/Charge: cached\n"
      "  e: {circuit_key: tenant}\n");
  ConfigFunctions functions;
  functions.fallbacks["cached"] = [](absl::string_view, fusebox::FallbackTable&) {
    throw std::runtime_error("the password is 1234");
  };
  const UncopiableKey key;
  functions.circuit_keys["tenant"] = key;
  const absl::Status of_fallback = config->Options("d", nullptr, functions).status();
  EXPECT_EQ(of_fallback.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(of_fallback.message(),
            "f:4: dependencies.d.fallbacks[\"shop.Payments/Charge\"] = \"cached\": the function "
            "has thrown std::runtime_error");
  const absl::Status of_key = config->Options("e", nullptr, functions).status();
  EXPECT_EQ(of_key.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(of_key.message(),
            "f:5: dependencies.e.circuit_key = \"tenant\": the function has thrown "
            "std::runtime_error");
}

TEST(Options, NoFunctionIsCalledUnlessAllAreThere) {
  const auto config = Read("dependencies: {d: {fallbacks: {a.B/C: cached, a.B/D: missing}}}");
  ConfigFunctions functions;
  int calls = 0;
  functions.fallbacks["cached"] = [&calls](absl::string_view, fusebox::FallbackTable&) { ++calls; };
  EXPECT_EQ(config->Options("d", nullptr, functions).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(calls, 0);
}

TEST(Options, OfManyFunctionsThatAreNotThereTheFirstAreNamed) {
  std::string text = "dependencies: {d: {fallbacks: {";
  for (int i = 0; i < 20'000; ++i) absl::StrAppend(&text, "a.B/M", i, ": f", i, ", ");
  const auto config = Read(text + "}}}");
  EXPECT_THAT(std::string(config->Options("d", nullptr).status().message()),
              testing::EndsWith("\nf: and 19900 more"));
}

TEST(Options, AFileThatSaysNothingLeavesTheDefaults) {
  const auto config = Read("{}");
  EXPECT_EQ(config->RegistryOptions().max_circuits,
            fusebox::CircuitRegistry::Options().max_circuits);
  EXPECT_EQ(config->LogOptions().max_lines_per_second, 100);
  EXPECT_TRUE(config->HealthServices().empty());
  EXPECT_EQ(config->version(), "");
}

// The policies get to the circuits by the registry.
TEST(Options, TheRegistryHasThePolicies) {
  const auto config = Read(
      "dependencies: {d: {default: {consecutive_failures: 2}, "
      "methods: {a.B/C: {consecutive_failures: 3}}}}");
  fusebox::CircuitRegistry registry;
  ASSERT_TRUE(registry.SetOverrides(config->overrides(), fusebox::Operator("test")).ok());
  const auto of_method = registry.GetOrCreate("d/a.B/C", fusebox::Policy(), "d");
  const auto of_other = registry.GetOrCreate("d/a.B/D", fusebox::Policy(), "d");
  ASSERT_TRUE(of_method.ok() && of_other.ok());
  EXPECT_EQ((*of_method)->Snapshot().policy->consecutive_failures, 3);
  EXPECT_EQ((*of_other)->Snapshot().policy->consecutive_failures, 2);
}

}  // namespace
}  // namespace fusebox_testing
