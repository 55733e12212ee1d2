// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/reason_flag.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "src/base/blank.h"
#include "tools/fuseboxctl/environment.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {

void ReasonFlag::AddTo(CLI::App& app) {
  app.add_option("--reason", text, "Why, for the circuit's events [FUSEBOX_REASON]")
      ->type_name("TEXT");
}

absl::Status ReasonFlag::Complete() {
  if (text.empty()) text = EnvironmentVariable("FUSEBOX_REASON");
  if (fusebox::internal::IsBlank(text)) {
    return absl::InvalidArgumentError(
        "say why: --reason \"TEXT\", or FUSEBOX_REASON; it is kept in the circuit's events");
  }
  if (!IsUtf8(text)) {
    return absl::InvalidArgumentError(
        absl::StrCat("FUSEBOX_REASON: \"", Printable(text), "\" must be UTF-8"));
  }
  return absl::OkStatus();
}

}  // namespace fuseboxctl
