// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/proxy_check.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

// "http://user:password@host:port/", of which all but the host may be missing.
bool IsHttpUrl(absl::string_view url) {
  if (!absl::ConsumePrefix(&url, "http://")) return false;
  url = url.substr(0, url.find_first_of("/?#"));
  if (!std::all_of(url.begin(), url.end(), absl::ascii_isgraph)) return false;
  url = url.substr(url.find('@') + 1);  // of nothing, since there is none, is the beginning
  const std::size_t bracket = url.rfind(']');
  const std::size_t colon = url.rfind(':');
  const bool has_port =
      colon != absl::string_view::npos && (bracket == absl::string_view::npos || bracket < colon);
  if (has_port) {
    int port = 0;
    if (!absl::SimpleAtoi(url.substr(colon + 1), &port) || port < 1 || port > 65535) return false;
    url = url.substr(0, colon);
  }
  return !url.empty() && url.find('@') == absl::string_view::npos;
}

}  // namespace

absl::Status CheckProxy() {
  // The first one that is set is what gRPC goes by, though it be empty.
  for (const char* const variable : {"grpc_proxy", "https_proxy", "http_proxy"}) {
    const char* const value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): never set
    if (value == nullptr) continue;
    if (IsHttpUrl(value)) return absl::OkStatus();
    // Not the value, which may hold a password.
    return absl::InvalidArgumentError(
        absl::StrCat("--use-proxy: ", variable,
                     *value == '\0' ? " is empty, so there is no proxy" : " is not a usable proxy",
                     ": set it to http://host:port"));
  }
  return absl::InvalidArgumentError(
      "--use-proxy: no proxy is named: set grpc_proxy, https_proxy or http_proxy, in lower case, "
      "to http://host:port");
}

}  // namespace fuseboxctl
