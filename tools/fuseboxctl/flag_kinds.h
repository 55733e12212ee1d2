// SPDX-License-Identifier: Apache-2.0
//
// What flags take, and those that all commands have. A value that is none is refused with a message
// that says what to write.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_FLAG_KINDS_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_FLAG_KINDS_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tools/fuseboxctl/circuit_text.h"
#include "tools/fuseboxctl/connection.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {

// Takes a length of time, and not 0.
inline CLI::Option* AddDuration(CLI::App& app, const std::string& name, const std::string& what,
                                std::function<void(absl::Duration)> set) {
  const auto read = [name, set = std::move(set)](const std::string& text) {
    const absl::StatusOr<absl::Duration> duration = ParseDuration(text);
    if (!duration.ok()) throw CLI::ValidationError(name, std::string(duration.status().message()));
    if (*duration == absl::ZeroDuration()) {
      throw CLI::ValidationError(name, "must be greater than 0");
    }
    set(*duration);
  };
  return app.add_option_function<std::string>(name, read, what)->type_name("DURATION");
}

// A state, in any case, and with '-' for '_'; leaves its name as it is in circuit.proto.
inline CLI::Validator State() {
  return {[](std::string& text) {
            const std::optional<fusebox::v1::State> state = StateOf(text);
            if (!state) {
              return absl::StrCat("\"", Printable(text), "\" is not a state: use ",
                                  AnyOf(StateWords()));
            }
            text = StateName(*state);
            return std::string();
          },
          "STATE"};
}

// The same for a mode.
inline CLI::Validator Mode() {
  return {[](std::string& text) {
            const std::optional<fusebox::v1::Mode> mode = ModeOf(text);
            if (!mode) {
              return absl::StrCat("\"", Printable(text), "\" is not a mode: use ",
                                  AnyOf(ModeWords()));
            }
            text = ModeName(*mode);
            return std::string();
          },
          "MODE"};
}

// One of a few words.
inline CLI::Validator OneOf(std::vector<std::string> words) {
  const std::string all = CLI::detail::join(words, "|");
  return {[words = std::move(words), all](std::string& text) {
            for (const std::string& word : words) {
              if (text == word) return std::string();
            }
            return absl::StrCat("\"", Printable(text), "\" must be one of ", all);
          },
          all};
}

// Several times, or once with commas.
inline CLI::Option* AddWords(CLI::App& app, const std::string& name,
                             std::vector<std::string>& words, const std::string& what) {
  return app.add_option(name, words, what)->allow_extra_args(false)->delimiter(',');
}

// That a pattern is meant, though no circuit fits it now.
inline void AddStanding(CLI::App& app, bool& standing) {
  app.add_flag("--standing", standing, "Even if no circuit matches yet: for those made later");
}

// How to reach endpoints.
inline void AddConnection(CLI::App& app, ConnectionFlags& to) {
  const std::string group = "Endpoints";
  AddWords(app, "--endpoint", to.endpoints,
           "Whom to ask: host:port, of which each address is asked, or unix:/path. May be repeated "
           "[FUSEBOX_ENDPOINTS, with commas]")
      ->type_name("ENDPOINT")
      ->group(group);
  AddDuration(app, "--timeout", "How long one answer may take; default 5s",
              [&to](absl::Duration timeout) { to.timeout = timeout; });
  app.add_flag("--tls", to.tls, "Over TLS; so does any of the next four [FUSEBOX_TLS]")
      ->group(group);
  const auto add_file = [&](const char* name, std::string& path, const char* what) {
    app.add_option(name, path, what)->type_name("FILE")->group(group);
  };
  add_file("--ca", to.ca, "Whose servers to trust, PEM; else the system's [FUSEBOX_CA]");
  add_file("--cert", to.cert, "The certificate to show, PEM [FUSEBOX_CERT]");
  add_file("--key", to.key, "Its private key, PEM [FUSEBOX_KEY]");
  app.add_option("--server-name", to.server_name,
                 "What the server's certificate must say, if not the endpoint's host "
                 "[FUSEBOX_SERVER_NAME]")
      ->type_name("NAME")
      ->group(group);
  add_file("--token-file", to.token_file,
           "A bearer token to send [FUSEBOX_TOKEN_FILE; the token itself: FUSEBOX_TOKEN]");
  app.add_flag("--insecure-token", to.insecure_token,
               "Send the token where others could read it: without TLS, to another machine")
      ->group(group);
  app.add_flag("--use-proxy", to.use_proxy,
               "Go through the proxy that grpc_proxy, https_proxy or http_proxy names, by CONNECT; "
               "these are ignored otherwise")
      ->group(group);
}

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_FLAG_KINDS_H_
