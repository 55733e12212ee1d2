// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/connection.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "tools/fuseboxctl/environment.h"
#include "tools/fuseboxctl/proxy_check.h"
#include "tools/fuseboxctl/text.h"
#include "tools/fuseboxctl/tls_files.h"

namespace fuseboxctl {
namespace {

// What was given, and by which name.
struct Setting {
  std::string value;
  std::string source;  // "--ca" or "FUSEBOX_CA"
};

Setting FlagOr(const std::string& flag_value, const char* flag, const char* variable) {
  if (!flag_value.empty()) return {flag_value, flag};
  return {EnvironmentVariable(variable), variable};
}

absl::Status Refused(const std::string& source, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(source, ": ", what));
}

constexpr absl::string_view kCertificate = "CERTIFICATE";
constexpr absl::string_view kPrivateKey = "PRIVATE KEY";

absl::Status ReadPem(const Setting& setting, absl::string_view kind, std::string& pem) {
  if (setting.value.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> content = ReadFile(setting.value);
  if (!content.ok()) return Refused(setting.source, content.status().message());
  if (!absl::StrContains(*content, "-----BEGIN ") || !absl::StrContains(*content, kind)) {
    return Refused(setting.source, absl::StrCat(setting.value, " is no ", kind, " in PEM format"));
  }
  const absl::Status usable =
      kind == kCertificate ? CheckCertificates(*content) : CheckKey(*content);
  if (!usable.ok()) {
    return Refused(setting.source, absl::StrCat(setting.value, " ", usable.message()));
  }
  pem = *std::move(content);
  return absl::OkStatus();
}

absl::StatusOr<bool> WantsTls(bool flag) {
  if (flag) return true;
  const std::string given = EnvironmentVariable("FUSEBOX_TLS");
  const std::string variable = absl::AsciiStrToLower(given);
  if (variable == "1" || variable == "true" || variable == "yes") return true;
  if (variable.empty() || variable == "0" || variable == "false" || variable == "no") return false;
  return Refused("FUSEBOX_TLS", absl::StrCat("\"", Printable(given),
                                             "\" must be 1, true or yes, or 0, false or no"));
}

absl::Status ReadTls(const ConnectionFlags& flags, Connection& connection) {
  const absl::StatusOr<bool> tls = WantsTls(flags.tls);
  if (!tls.ok()) return tls.status();
  const Setting ca = FlagOr(flags.ca, "--ca", "FUSEBOX_CA");
  const Setting cert = FlagOr(flags.cert, "--cert", "FUSEBOX_CERT");
  const Setting key = FlagOr(flags.key, "--key", "FUSEBOX_KEY");
  const Setting server_name = FlagOr(flags.server_name, "--server-name", "FUSEBOX_SERVER_NAME");
  // Each of these means nothing without TLS, so that it asks for it.
  connection.tls = *tls || !ca.value.empty() || !cert.value.empty() || !key.value.empty() ||
                   !server_name.value.empty();
  if (cert.value.empty() != key.value.empty()) {
    return cert.value.empty() ? Refused(key.source, "needs --cert or FUSEBOX_CERT too")
                              : Refused(cert.source, "needs --key or FUSEBOX_KEY too");
  }
  connection.server_name = server_name.value;
  for (const absl::Status& read :
       {ReadPem(ca, kCertificate, connection.ca), ReadPem(cert, kCertificate, connection.cert),
        ReadPem(key, kPrivateKey, connection.key)}) {
    if (!read.ok()) return read;
  }
  if (!connection.cert.empty() && !IsPair(connection.cert, connection.key)) {
    return Refused(key.source, absl::StrCat(key.value, " is not the private key of ", cert.source,
                                            " ", cert.value));
  }
  return absl::OkStatus();
}

absl::Status ReadToken(const ConnectionFlags& flags, Connection& connection) {
  const Setting file = FlagOr(flags.token_file, "--token-file", "FUSEBOX_TOKEN_FILE");
  Setting token{EnvironmentVariable("FUSEBOX_TOKEN"), "FUSEBOX_TOKEN"};
  // The flag goes before either variable, and the token itself before a file's name.
  if (!file.value.empty() && (file.source == "--token-file" || token.value.empty())) {
    absl::StatusOr<std::string> content = ReadFile(file.value);
    if (!content.ok()) return Refused(file.source, content.status().message());
    token = {*std::move(content), file.source};
    absl::StripAsciiWhitespace(&token.value);
    if (token.value.empty()) return Refused(file.source, absl::StrCat(file.value, " is empty"));
  }
  if (!std::all_of(token.value.begin(), token.value.end(), absl::ascii_isgraph)) {
    return Refused(token.source, "a token must be one line of visible ASCII characters");
  }
  connection.token = std::move(token.value);
  if (connection.token.empty() || connection.tls || flags.insecure_token) return absl::OkStatus();
  for (const Target& target : connection.targets) {
    if (target.is_local || !target.lookup.ok()) continue;
    return Refused(token.source,
                   absl::StrCat("would send the token to ", target.name,
                                connection.route == Route::kProxy ? " through a proxy," : "",
                                " where others can read it: use --tls, or --insecure-token if you "
                                "know that nobody can"));
  }
  return absl::OkStatus();
}

absl::Status ReadTargets(const ConnectionFlags& flags, const Lookup& look_up,
                         Connection& connection) {
  const std::string source = flags.endpoints.empty() ? "FUSEBOX_ENDPOINTS" : "--endpoint";
  const std::string given = flags.endpoints.empty() ? EnvironmentVariable("FUSEBOX_ENDPOINTS")
                                                    : absl::StrJoin(flags.endpoints, ",");
  for (absl::string_view endpoint : absl::StrSplit(given, ',', absl::SkipWhitespace())) {
    endpoint = absl::StripAsciiWhitespace(endpoint);
    absl::StatusOr<std::vector<Target>> targets = TargetsOf(endpoint, look_up, connection.route);
    if (!targets.ok()) return Refused(source, targets.status().message());
    for (Target& target : *targets) {
      const auto same = [&target](const Target& other) {
        return other.place == target.place && (!target.place.empty() || other.name == target.name);
      };
      const auto known = std::find_if(connection.targets.begin(), connection.targets.end(), same);
      if (known == connection.targets.end()) {
        connection.targets.push_back(std::move(target));
      } else if (known->server_name.empty()) {
        *known = std::move(target);  // its certificate may be for a name
      }
    }
  }
  if (connection.targets.empty()) {
    return absl::InvalidArgumentError(
        "no endpoint: say which by --endpoint host:port, or in FUSEBOX_ENDPOINTS");
  }
  const bool local = std::all_of(connection.targets.begin(), connection.targets.end(),
                                 [](const Target& target) { return target.is_local; });
  return connection.route == Route::kProxy && !local ? CheckProxy() : absl::OkStatus();
}

}  // namespace

absl::StatusOr<Connection> Resolve(const ConnectionFlags& flags, const Lookup& look_up) {
  Connection connection;
  connection.timeout = flags.timeout;
  connection.route = flags.use_proxy ? Route::kProxy : Route::kDirect;
  absl::Status status = ReadTargets(flags, look_up, connection);
  if (status.ok()) status = ReadTls(flags, connection);
  if (status.ok()) status = ReadToken(flags, connection);
  if (!status.ok()) return status;
  return connection;
}

}  // namespace fuseboxctl
