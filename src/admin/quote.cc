// SPDX-License-Identifier: Apache-2.0
#include "src/admin/quote.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "src/base/printable.h"
#include "src/base/utf8.h"

namespace fusebox::internal {
namespace {

// Longer than what anybody types.
constexpr std::size_t kMaxBytes = 256;

}  // namespace

std::string Quoted(absl::string_view text) {
  if (text.size() <= kMaxBytes) return absl::StrCat("\"", Printable(text), "\"");
  return absl::StrCat("\"", Printable(CutUtf8(text, kMaxBytes)), "...\", of ", text.size(),
                      " bytes");
}

}  // namespace fusebox::internal
