// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/suggest.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/base/nearest.h"
#include "tools/fuseboxctl/pages.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using Stub = fusebox::v1::CircuitAdmin::Stub;

constexpr int kPageSize = 1'000;

std::set<std::string> NamesAt(const Endpoint& endpoint) {
  std::set<std::string> names;
  fusebox::v1::ListCircuitsRequest request;
  request.set_page_size(kPageSize);
  // What has come before an error is better than nothing.
  ReadPages([&endpoint](const auto& asked,
                        auto& page) { return endpoint.Call(&Stub::ListCircuits, asked, page); },
            std::move(request),
            [&names](fusebox::v1::ListCircuitsResponse& page) {
              for (const fusebox::v1::Circuit& circuit : page.circuits())
                names.insert(circuit.name());
            });
  return names;
}

}  // namespace

std::string DidYouMean(const Fleet& fleet, const std::vector<std::string>& globs) {
  std::set<std::string> names;
  for (std::set<std::string>& some : fleet.AskAll(NamesAt)) names.merge(some);
  return fusebox::internal::DidYouMean(fusebox::internal::Nearest(globs, names));
}

std::string AdviceOnName(const Fleet& fleet, const std::string& name,
                         const std::vector<grpc::Status>& statuses) {
  const auto is_missing = [](const grpc::Status& status) {
    return status.error_code() == grpc::StatusCode::NOT_FOUND;
  };
  const auto is_there = [](const grpc::Status& status) { return status.ok(); };
  if (std::none_of(statuses.begin(), statuses.end(), is_missing) ||
      std::any_of(statuses.begin(), statuses.end(), is_there)) {
    return "";
  }
  std::string nearest = DidYouMean(fleet, {name});
  if (!IsGlob(name)) return nearest;
  return absl::StrCat("* and ? are not wildcards here: it takes the name of one circuit",
                      nearest.empty() ? "" : "; ", nearest);
}

std::string Advice(const Fleet& fleet, const std::vector<std::string>& globs) {
  const std::string nearest = DidYouMean(fleet, globs);
  return nearest.empty() ? "`fuseboxctl list` shows the names" : nearest;
}

}  // namespace fuseboxctl
